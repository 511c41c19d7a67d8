"""Another test part gives the same fits, bit by bit; other validation images choose otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.promises.conftest import Script

SUITE = """
name = "parts"
version = 1
title = "The same data set with other images in one of its parts"
datasets = ["witness-data", "witness-data[test=1]", "witness-data[validation=1]", "witness-data[train=1]"]
train_blurs = ["gaussian[sigma=1]"]
test_blurs = ["gaussian[sigma=1]"]
[[matrix]]
classifiers = ["patient"]
strategies = ["plain", "retrain", "blur-augment", "first-n[n=1]", "deblur"]
[[matrix]]
classifiers = ["vit[width=24, depth=1]"]
strategies = ["plain", "patch-mask[threshold=validation]"]
[labels]
deblur = "deblur-then-classify[restorer=unet[kernel=3, widths=[4, 4, 4]]]"
[budgets.quick]
train_images = 120
epochs = 2
restorer_epochs = 2
"""

SCRIPT = """
import json
import torch
import blurbench as bb

run = bb.run("parts.toml", out="results", jobs=1)
contrast = torch.linspace(0.05, 1, 40)[:, None, None, None]  # so that every threshold masks some patches
probe = contrast * torch.rand(40, 1, 16, 16, generator=torch.Generator().manual_seed(3))
answers = {}
for row in run.results().itertuples():
    labels = {axis: getattr(row, axis) for axis in ("dataset", "classifier", "strategy")}
    logits = run.predictor(**labels)(probe)
    answers.setdefault(row.dataset, {})[f"{row.classifier} {row.strategy}"] = logits.tolist()
print(json.dumps(answers))
"""

WHOLE, OTHER_TEST, OTHER_VALIDATION, OTHER_TRAIN = (
    "witness-data",
    "witness-data[test=1]",
    "witness-data[validation=1]",
    "witness-data[train=1]",
)
Answers = dict[str, dict[str, list[list[float]]]]
ROWS = [
    "patient plain",
    "patient retrain",
    "patient blur-augment",
    "patient first-n[n=1]",
    "patient deblur",
    "vit[width=24, depth=1] plain",
    "vit[width=24, depth=1] patch-mask[threshold=validation]",
]


@pytest.fixture(scope="module")
def answers(python: Script, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """Logits of what was fitted to each of the data sets, for the same images."""
    folder: Path = tmp_path_factory.mktemp("parts")
    (folder / "parts.toml").write_text(SUITE)
    done = python(folder, "-c", SCRIPT)
    assert done.returncode == 0, done.stderr
    found: Answers = json.loads(done.stdout.splitlines()[-1])
    assert {name: sorted(rows) for name, rows in found.items()} == dict.fromkeys(found, sorted(ROWS))
    assert len(found) == 4
    return found


@pytest.mark.parametrize("row", ROWS)
def test_other_test_images_leave_every_fit_threshold_and_early_stop_as_it_is(answers: Answers, row: str) -> None:
    assert answers[OTHER_TEST][row] == answers[WHOLE][row]


@pytest.mark.parametrize("row", [row for row in ROWS if row.startswith("patient")])
def test_other_validation_images_stop_a_patient_fit_elsewhere(answers: Answers, row: str) -> None:
    assert answers[OTHER_VALIDATION][row] != answers[WHOLE][row]


def test_other_validation_images_choose_a_threshold_and_change_no_weights(answers: Answers) -> None:
    plain, masked = ROWS[-2:]
    assert answers[OTHER_VALIDATION][plain] == answers[WHOLE][plain]
    assert answers[OTHER_VALIDATION][masked] != answers[WHOLE][masked]


@pytest.mark.parametrize("row", ROWS)
def test_other_training_images_give_another_fit(answers: Answers, row: str) -> None:
    assert answers[OTHER_TRAIN][row] != answers[WHOLE][row]
