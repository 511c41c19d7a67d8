"""A plugin author's way: `plugin new`, a remedy of one's own filled in, `plugin check`, pip, a run with its row."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import blurbench as bb
from tests.conftest import Command

pytestmark = pytest.mark.processes

REMEDY = '''"""A network is asked about an image and about sharpened versions of it; the mean of its answers counts."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Count, Degraded, Fitted, Output, Pixels, Predictor, PredictorNeed, Ref, Strategy


@dataclass(frozen=True)
class SharpeningVote(Strategy):
    """Fits nothing of its own."""

    base: Ref[Strategy]
    """Whose predictor is asked."""
    sigma: Annotated[float, Pixels(0.1, 30)] = 1.0
    versions: Annotated[int, Count(1, 10)] = 2

    revision: ClassVar[int] = 1

    def knows(self):
        return "nothing"

    def uses_train_blur(self):
        return False

    def requires(self):
        return ("labels", "clean images")

    def needs(self, setting):
        return {"base": PredictorNeed(self.base)}

    def build(self, setting):
        return None

    def fit(self, module, job):
        return {}

    def predictor(self, setting, own, inputs):
        return Vote(self.sigma, self.versions, inputs["base"])


@dataclass(frozen=True)
class Vote(Predictor):
    sigma: float
    versions: int
    base: Fitted

    def predict(self, degraded):
        from blurbench.contract import GaussianPsf
        from blurbench.imaging import convolve

        images = degraded.images
        lost = images - convolve(images, GaussianPsf(images.new_full((len(images),), self.sigma)))
        asked = [Degraded(images + amount * lost, None) for amount in range(self.versions + 1)]
        answers = [self.base.predictor.predict(one).logits.softmax(1) for one in asked]
        return Output((sum(answers) / len(answers)).log())


@hookimpl
def register_strategies(register):
    register("sharpening-vote", SharpeningVote)
'''
TEST = """from blurbench.testing import check_plugin, parametrize_plugins


@parametrize_plugins("blurbench_sharpening_vote", examples=["strategies:sharpening-vote[base=plain]"])
def test_every_promise_of_the_contract_is_kept(plugin):
    check_plugin(plugin)
"""


@pytest.fixture
def package(blurbench: Command, tmp_path: Path) -> Path:
    """The package as its author leaves it."""
    written = blurbench("plugin", "new", "sharpening-vote", "--kind", "strategy")
    assert written.returncode == 0, written.stderr
    assert "next: pip install -e 'blurbench-sharpening-vote[test]'" in written.stdout
    folder = tmp_path / "blurbench-sharpening-vote"
    (folder / "blurbench_sharpening_vote.py").write_text(REMEDY)
    (folder / "tests" / "test_sharpening_vote.py").write_text(TEST)
    return folder


def in_python(*arguments: str, path: Path) -> str:
    """What `python ARGUMENTS` prints with the packages in `path`; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_remedy_is_written_checked_installed_and_measured(package: Path, blurbench: Command, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    install = ("pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", str(installed), str(package))
    in_python(*install, path=installed)
    assert "1 passed" in in_python("pytest", "-q", "-p", "no:cacheprovider", str(package), path=installed)
    checked = blurbench("plugin", "check", "strategies:sharpening-vote[base=plain]", PYTHONPATH=str(installed))
    assert checked.stdout == "strategy 'sharpening-vote': ok\n1 plugin checked, no findings\n"

    chosen = ("--suite", "smoke", "--classifier", "cnn3", "--strategy", "sharpening-vote[base=plain]", "-j", "0")
    run = blurbench("run", *chosen, PYTHONPATH=str(installed))
    assert run.returncode == 0, run.stderr
    rows = bb.open_board(tmp_path / "blurbench-results").overall().set_index("strategy")
    assert rows.index.tolist() == ["sharpening-vote[base=plain]", "plain"]
    assert rows.loc["sharpening-vote[base=plain]", "gain"] > 0
    assert rows.loc["sharpening-vote[base=plain]", "knows"] == "nothing"
