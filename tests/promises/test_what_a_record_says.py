"""Every figure of a record follows from the predictions and images that it is about, computed here by other means."""

from __future__ import annotations

import csv
import json
import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from tests.promises.conftest import Script, Witnessed
from tests.promises.witness import CLASSES, WitnessData

ROWS = ("plain", "witness", "witness[offset=5]", "witness[told=true]", "retrain")
RESTORING = "deblur-then-classify[restorer=witness-restorer, classifier=clean]"
OFFSETS = (("witness", 0), ("witness[offset=5]", 5))


def _tested(witnessed: Witnessed) -> list[int]:
    """The positions of the test images in the whole part, in the order of a record."""
    lines = witnessed.said("blur", scope=["test"])
    return sorted({number for line in lines for number in line["ids"]})


def _each(witnessed: Witnessed, strategies: tuple[str, ...]) -> list[dict[str, Any]]:
    blurs = ("none", "witness-blur")
    found = [one for name in strategies for blur in blurs for one in witnessed.records(name, blur).values()]
    assert len(found) == 4 * len(strategies)
    return found


def test_predictions_and_confidences_are_what_the_predictor_answered_image_by_image(witnessed: Witnessed) -> None:
    positions = np.array(_tested(witnessed))
    labels = WitnessData().load([]).test.labels[positions]
    for strategy, offset in OFFSETS:
        right = (7 * positions + offset) % 10 < 6
        for record in _each(witnessed, (strategy,)):
            assert record["images"]["label"] == labels.tolist()
            assert record["images"]["predicted"] == np.where(right, labels, (labels + 1) % CLASSES).tolist()
            wanted = (4 + positions % 11 + np.where(right, 0.1, 0.9)) / 15
            assert record["images"]["confidence"] == pytest.approx(wanted, abs=6e-5)
            assert record["metrics"]["top1"] == pytest.approx(right.mean(), abs=1e-6)


def test_top_1_follows_from_the_stored_predictions(witnessed: Witnessed) -> None:
    for record in _each(witnessed, (*ROWS, RESTORING)):
        images = record["images"]
        hits = [label == predicted for label, predicted in zip(images["label"], images["predicted"], strict=True)]
        assert record["metrics"]["top1"] == pytest.approx(sum(hits) / len(hits), abs=1e-6)
        assert record["metrics"]["n"] == len(hits)


def test_a_record_whose_top_1_does_not_follow_from_its_predictions_is_refused(
    smoked: Path, python: Script, tmp_path: Path
) -> None:
    shutil.copytree(smoked, tmp_path / "blurbench-results")
    path = min((tmp_path / "blurbench-results/records").rglob("*.json"))
    record = json.loads(path.read_text())
    record["result"]["metrics"]["top1"] += 0.1
    path.write_text(json.dumps(record))
    done = python(tmp_path, "-c", "from blurbench.cli import main; main()", "validate", "blurbench-results")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if path.stem in line]
    assert "top1 is " in line
    assert "but the predictions give" in line
    assert "Sound: 23 measured cells" in done.stdout


def test_top_5_gives_no_credit_to_the_last_of_equal_logits(witnessed: Witnessed) -> None:
    # The other five classes have equal logits, of which the lower ones come first. It says the class after the true
    # one where it is wrong, so that the true one is the last of the five where it is 4 or 5.
    for record in _each(witnessed, ("witness",)):
        pairs = zip(record["images"]["label"], record["images"]["predicted"], strict=True)
        missed = sum(label != predicted and label >= 4 for label, predicted in pairs)
        assert missed
        assert record["metrics"]["top5"] == pytest.approx(1 - missed / record["metrics"]["n"], abs=1e-6)


def test_the_calibration_error_is_that_of_fifteen_bins(witnessed: Witnessed) -> None:
    for record in _each(witnessed, ("witness", "witness[offset=5]")):
        images = record["images"]
        right = np.equal(images["label"], images["predicted"])
        by_bins = {
            bins: _calibration_error(np.array(images["confidence"]), right, bins) for bins in (10, 14, 15, 16, 20)
        }
        assert record["metrics"]["calibration_error"] == pytest.approx(by_bins[15], abs=1e-3)
        others = [value for bins, value in by_bins.items() if bins != 15]
        assert min(abs(value - by_bins[15]) for value in others) > 2e-3  # or this would tell nothing


def test_scores_of_all_probabilities_agree_with_the_confidences(witnessed: Witnessed) -> None:
    for record in _each(witnessed, ("plain", "witness")):
        images, metrics = record["images"], record["metrics"]
        right, sure = np.equal(images["label"], images["predicted"]), np.clip(images["confidence"], 1e-4, 1)
        most = np.where(right, sure, np.minimum(sure, 1 - sure) + 1e-4)  # of the true label's probability
        assert -np.log(most).mean() - 1e-3 <= metrics["log_loss"] < 40
        assert np.square(1 - most).mean() - 1e-3 <= metrics["brier"] <= 2


def test_a_record_says_whether_its_fits_were_still_improving(witnessed: Witnessed) -> None:
    assert all(isinstance(record["cost"]["still_improving"], bool) for record in _each(witnessed, ("plain",)))


def _calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int) -> float:
    total = 0.0
    for low in range(bins):
        inside = (confidence > low / bins) & (confidence <= (low + 1) / bins)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


def test_restored_images_are_clamped_before_they_are_compared(witnessed: Witnessed) -> None:
    clean = WitnessData().load([]).test.images[_tested(witnessed)].astype(np.float64) / 255
    restored = (3 * clean - 1).clip(0, 1)
    errors = ((restored - clean) ** 2).mean(axis=(1, 2, 3))
    alike = [_ssim(one[0], other[0]) for one, other in zip(restored, clean, strict=True)]
    for record in witnessed.records(RESTORING, "none").values():
        metrics, images = record["metrics"], record["images"]
        assert images["restored_mse"] == pytest.approx(errors, abs=1e-6)
        assert images["restored_ssim"] == pytest.approx(alike, abs=1e-4)
        assert metrics["restored_mse"] == pytest.approx(errors.mean(), abs=1e-6)
        assert metrics["restored_psnr"] == pytest.approx((-10 * np.log10(errors)).mean(), abs=1e-3)
        assert metrics["restored_ssim"] == pytest.approx(np.mean(alike), abs=1e-4)


def _ssim(one: np.ndarray, other: np.ndarray) -> float:
    """scikit-image's, over the pixels whose whole window lies inside."""
    _, full = structural_similarity(
        one, other, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, win_size=11, full=True
    )
    return float(full[5:-5, 5:-5].mean())


def test_images_that_nothing_blurred_are_told_as_such(witnessed: Witnessed) -> None:
    for record in witnessed.records("plain", "none").values():
        assert set(record["images"]["blurred_mse"]) == {0}
        assert record["metrics"]["blurred_psnr"] == 100
        assert record["metrics"]["blurred_ssim"] == pytest.approx(1)


def test_what_a_row_costs_counts_what_was_fitted_for_it(witnessed: Witnessed) -> None:
    # 80 images in batches of at most 64 for three epochs, or of 16 for two; the restorer's two epochs come on top.
    for strategy, epochs, steps in (("plain", 3, 6), ("witness", 2, 10), (RESTORING, 5, 10)):
        for record in _each(witnessed, (strategy,)):
            assert record["cost"]["fit_images_seen"] == 80 * epochs
            assert record["cost"]["fit_steps"] == steps
            assert record["cost"]["fit_seconds"] > 0


def test_the_table_of_the_board_says_what_the_records_say(witnessed: Witnessed) -> None:
    rows = list(csv.DictReader(StringIO(witnessed.board(".csv"))))
    assert len(rows) == 12
    for row in rows:
        records = witnessed.records(row["strategy"], row["test_blur"])
        by_seed = [f"{seed}:{record['metrics']['top1']:.6f}" for seed, record in sorted(records.items())]
        assert row["top1_by_seed"].split() == by_seed
        for metric in ("top1", "top5", "calibration_error", "blurred_psnr", "restored_psnr", "restored_ssim"):
            values = [record["metrics"].get(metric) for record in records.values()]
            wanted = "" if None in values else pytest.approx(np.mean(values), abs=1e-6)
            assert (float(row[metric]) if row[metric] else "") == wanted, metric
