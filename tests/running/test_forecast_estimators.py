"""How long a run of estimators is said to take before it starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from blurbench.running.estimation_session import EstimationSession
from blurbench.running.forecast_estimators import forecast_estimators
from blurbench.running.trial import Trial
from blurbench.suites.estimation import find_estimation

from blurbench.contract import Estimator
from blurbench.registry import Registry
from blurbench.running import forecast_estimators as module
from blurbench.running.session import Request
from tests.conftest import Command
from tests.running.test_forecast import stored

SUITE = """
kind = "estimation"
name = "tiny-estimators"
version = 1
title = "Tiny"
estimators = ["spectral", "cnn-sigma[network=conv4-fc2, patches=100]"]
fitted_on = ["pictures"]
tested_on = ["pictures"]
blurs = ["gaussian[sigma=1]"]
[budgets.quick]
epochs = 3
test_images = 2
"""


@pytest.fixture
def session(registry: Registry, tmp_path: Path) -> EstimationSession:
    path = tmp_path / "tiny.toml"
    path.write_text(SUITE)
    suite = find_estimation(registry, str(path))
    assert suite is not None
    return EstimationSession(Request(suite=str(path), out=tmp_path / "results", device="cpu", jobs=1), suite)


@pytest.fixture
def fits(session: EstimationSession, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The fits to do, where a window takes a tenth of a second in training."""
    monkeypatch.setattr(module, "tried", lambda *arguments: Trial(0.01, 0.1, 1000))
    tasks = {key: task for key, task in session.outstanding("missing").items() if task.kind == "estimator"}
    assert len(tasks) == 1
    return tasks


def test_a_fit_counts_by_the_windows_that_it_sees(session: EstimationSession, fits: dict[str, Any]) -> None:
    needed = forecast_estimators(session, fits)
    assert needed is not None
    assert needed.minutes * 60 == pytest.approx(1.6 * 3 * 100 * 0.1)
    assert needed.basis == "from a short trial of each estimator"


def test_stored_fits_of_the_same_estimator_count_by_their_epochs(
    session: EstimationSession, fits: dict[str, Any]
) -> None:
    (task,) = fits.values()
    job = {**task.job, "budget": {**task.job["budget"], "epochs": 6}}
    about = {"kind": "estimator", "job": job, "notes": {}, "seconds": 20.0, "images_seen": 600}
    stored(session.store.artifacts.path("ab" * 16), about)
    needed = forecast_estimators(session, fits)
    assert needed is not None
    assert needed.minutes * 60 == pytest.approx(10)


def test_an_estimator_that_does_not_tell_what_it_sees_leaves_it_open(
    session: EstimationSession, fits: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from blurbench_estimators.cnn_sigma import CnnSigma

    monkeypatch.setattr(CnnSigma, "windows_seen", Estimator.windows_seen)
    assert forecast_estimators(session, fits) is None


def test_plan_tells_minutes_for_a_suite_of_estimators(blurbench: Command, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(SUITE)
    result = blurbench("plan", "--suite", "tiny.toml", "-j", "1")
    assert result.returncode == 0, result.stderr
    assert re.search(r"^  (less than a minute|about \d+ minutes) with 1 worker, \d+ MiB of disk$", result.stdout, re.M)
    assert "(from a short trial of each estimator)" in result.stdout
    assert result.stderr == ""
