"""How long a run is said to take before it starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from blurbench.contract import Estimator, Restorer, Shape
from blurbench.matrix.tasks import Evaluate, Fit, FitEstimator, FitPredictor, FitRestorer, Task, TimePipeline
from blurbench.registry import config
from blurbench.running import forecast as module
from blurbench.running.forecast import Forecast, forecast
from blurbench.running.profile import Profile
from blurbench.running.session import Request, Session
from blurbench.store.artifacts import STATE
from tests.conftest import Command
from tests.running.tiny import write_suite

UNET = "deblur-then-classify[restorer=unet[kernel=3, widths=[4, 8, 8]]]"


KINDS: tuple[type[Task], ...] = (FitRestorer, FitPredictor, Evaluate, TimePipeline)


def a_session(folder: Path, *strategies: str) -> Session:
    suite = write_suite(folder, strategies=("plain", *strategies))
    return Session(Request(suite=str(suite), out=folder / "results", device="cpu", jobs=1))


def of(session: Session, kind: type[Task] = Task) -> Forecast:
    tasks = session.outstanding("missing")
    found = forecast(session, {key: task for key, task in tasks.items() if isinstance(task, kind)})
    assert found is not None
    return found


@pytest.fixture
def restorers_take(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Seconds of a restorer forwards; other networks take a thousandth, and training takes three times as long."""
    seconds = {"forwards": 0.0}

    def tried(plugin: Any, shape: Shape, classes: int, device: str, threads: int) -> Any:
        forwards = seconds["forwards"] if isinstance(plugin, Restorer) else 0.001
        return Profile(forwards, 3 * forwards, 1000)

    monkeypatch.setattr(module, "profiled", tried)
    return seconds


def test_a_slow_restorer_counts_in_its_fit_in_fits_behind_it_in_cells_and_in_timings(
    tmp_path: Path, restorers_take: dict[str, float]
) -> None:
    session = a_session(tmp_path, UNET)
    seconds = {}
    for forwards in (0.0, 0.1):
        restorers_take["forwards"] = forwards
        seconds[forwards] = [60 * of(session, kind).minutes for kind in KINDS]
    fit, behind, cells, timing = (slow - fast for fast, slow in zip(*seconds.values(), strict=True))
    assert fit == pytest.approx(1.6 * 100 * 0.3)  # 100 images, an epoch
    assert behind == pytest.approx(1.6 * 100 * 0.1)
    assert cells == pytest.approx(2 * 60 * 0.1)  # two blurs, 60 images
    assert timing == pytest.approx(1800 * 0.1)


def test_what_is_stored_sets_the_figure_right(tmp_path: Path, restorers_take: dict[str, float]) -> None:
    session = a_session(tmp_path, "retrain")
    before = of(session, FitPredictor)
    assert "a short trial" in before.basis
    assert before.minutes * 60 == pytest.approx(2 * 1.6 * 100 * 0.003)
    (plain, *_) = [task for task in session.outstanding("missing").values() if isinstance(task, FitPredictor)]
    stored(session, plain, seconds=48.0, images_seen=100)  # of an earlier run of the same strategy
    after = of(session, FitPredictor)
    assert after.basis == "from 1 fit stored here"
    assert after.minutes * 60 == pytest.approx(48 + 1.6 * 100 * 0.003)


def test_a_fit_of_the_same_run_sets_the_figures_of_the_others_right(
    tmp_path: Path, restorers_take: dict[str, float]
) -> None:
    session = a_session(tmp_path, "retrain")
    (plain, *_) = [task for task in session.outstanding("missing").values() if isinstance(task, FitPredictor)]
    stored(session, plain, plain.key, seconds=48.0, images_seen=100)  # a hundred times what was expected
    assert of(session, FitPredictor).minutes * 60 == pytest.approx(48.0)


def stored(session: Session, fit: Fit, key: str = "ab" * 16, **facts: Any) -> None:
    """An artifact of a fit like this one."""
    content = fit.config(lambda plugin: config(session.registry, plugin))
    metadata = {"kind": fit.kind, "config": content, "notes": {}, **facts}
    session.store.create()
    session.store.artifacts.put(key, metadata, lambda folder: (folder / STATE).write_bytes(b""))


def test_every_network_is_tried_in_truth(tmp_path: Path) -> None:
    needed = of(a_session(tmp_path, UNET, "first-n[n=1]"))
    assert 0 < needed.minutes < 5
    assert needed.disk_mib > 0


# --- estimators ----------------------------------------------------------------------------------------------------

ESTIMATORS = """
measure = "blur-estimation"
name = "tiny-estimators"
version = 1
title = "Tiny"
estimators = ["spectral", "cnn-sigma[network=conv4-fc2, patches=100]"]
fitted_on = ["pictures"]
datasets = ["pictures"]
test_blurs = ["gaussian[sigma=1]"]
[budgets.quick]
epochs = 3
test_images = 2
"""


@pytest.fixture
def estimators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session with a fit to do, where a window takes a tenth of a second in training."""
    path = tmp_path / "tiny.toml"
    path.write_text(ESTIMATORS)
    monkeypatch.setattr(module, "profiled", lambda *arguments: Profile(0.01, 0.1, 1000))
    return Session(Request(suite=str(path), out=tmp_path / "results", device="cpu", jobs=1))


def test_a_fit_of_an_estimator_counts_by_the_windows_that_it_sees(estimators: Session) -> None:
    needed = of(estimators, FitEstimator)
    assert needed.minutes * 60 == pytest.approx(1.6 * 3 * 100 * 0.1)
    assert "from a short trial of each network" in needed.basis


def test_stored_fits_of_the_same_estimator_count_by_their_windows(estimators: Session) -> None:
    (fit,) = [task for task in estimators.outstanding("missing").values() if isinstance(task, FitEstimator)]
    stored(estimators, fit, seconds=30.0, images_seen=600)
    assert of(estimators, FitEstimator).minutes * 60 == pytest.approx(3 * 100 * 30 / 600)


def test_an_estimator_that_does_not_tell_what_it_sees_leaves_it_open(
    estimators: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    from blurbench_estimators.cnn_sigma import CnnSigma

    monkeypatch.setattr(CnnSigma, "windows_seen", Estimator.windows_seen)
    assert forecast(estimators, estimators.outstanding("missing")) is None


def test_plan_tells_minutes_for_a_suite_of_estimators(blurbench: Command, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(ESTIMATORS)
    result = blurbench("plan", "--suite", "tiny.toml", "-j", "1")
    assert result.returncode == 0, result.stderr
    assert re.search(
        r"^  (less than a second|about [\d.]+ (second|minute)s?) with 1 worker "
        r"\((less than a worker-second|[\d.]+ worker-(second|minute)s?)\), \d+ MiB of disk$",
        result.stdout,
        re.M,
    )
    assert "(from a short trial of each network" in result.stdout
    assert result.stderr == ""


def test_gpus_beside_the_workers_take_a_part_of_the_time(tmp_path: Path, restorers_take: dict[str, float]) -> None:
    restorers_take["forwards"] = 0.1
    session = a_session(tmp_path, UNET, "retrain", "blur-augment")
    tasks = session.outstanding("missing")
    asked = [(1, 0, 1.0), (2, 0, 1.0), (1, 1, 1.0), (1, 1, 10.0)]
    alone, two, beside, faster = (found for one in asked if (found := forecast(session, tasks, *one)) is not None)
    assert (beside.minutes, beside.gpus) == (two.minutes, 1), "a GPU that is worth one worker is one"
    assert alone.minutes > beside.minutes > 2 * faster.minutes
    assert alone.worker_hours == pytest.approx(beside.worker_hours)
    assert alone.worker_hours > faster.worker_hours > alone.worker_hours / 10


def test_plan_tells_what_a_schedule_with_gpus_takes_and_asks_what_one_is_worth(
    blurbench: Command, tmp_path: Path
) -> None:
    suite = str(write_suite(tmp_path))
    result = blurbench("plan", "--suite", suite, "--workers", "8", "--gpus", "2", "--gpu-speed", "20")
    assert result.returncode == 0, result.stderr
    assert re.search(
        r"^  (less than a second|about \d+ seconds?) with 8 workers and 2 GPUs "
        r"\((less than a worker-second|\d+ worker-seconds?)\)",
        result.stdout,
        re.M,
    )
    result = blurbench("plan", "--suite", suite, "--workers", "8", "--gpus", "2")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "--gpus N and --gpu-speed X go together" in result.stderr
