"""How long a run is said to take before it starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from blurbench.running.trial import Trial

from blurbench.contract import Restorer, Shape
from blurbench.running import forecast as module
from blurbench.running.forecast import Forecast, forecast
from blurbench.running.session import Request, Session
from tests.running.tiny import write_suite

UNET = "deblur-then-classify[restorer=unet[kernel=3, widths=[4, 8, 8]]]"


def a_session(folder: Path, *strategies: str) -> Session:
    suite = write_suite(folder, strategies=("plain", *strategies))
    return Session(Request(suite=str(suite), out=folder / "results", device="cpu", jobs=1))


def of(session: Session, *kinds: str) -> Forecast:
    tasks = session.outstanding("missing")
    return forecast(session, {key: task for key, task in tasks.items() if not kinds or task.kind in kinds})


@pytest.fixture
def restorers_take(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Seconds of a restorer forwards; other networks take a thousandth, and training takes three times as long."""
    seconds = {"forwards": 0.0}

    def tried(plugin: Any, shape: Shape, classes: int, device: str, threads: int) -> Any:
        forwards = seconds["forwards"] if isinstance(plugin, Restorer) else 0.001
        return Trial(forwards, 3 * forwards, 1000)

    monkeypatch.setattr(module, "tried", tried)
    return seconds


def test_a_slow_restorer_counts_in_its_fit_in_fits_behind_it_in_cells_and_in_timings(
    tmp_path: Path, restorers_take: dict[str, float]
) -> None:
    session = a_session(tmp_path, UNET)
    seconds = {}
    for forwards in (0.0, 0.1):
        restorers_take["forwards"] = forwards
        seconds[forwards] = [60 * of(session, kind).minutes for kind in ("restorer", "predictor", "cell", "timing")]
    fit, behind, cells, timing = (slow - fast for fast, slow in zip(*seconds.values(), strict=True))
    assert fit == pytest.approx(1.6 * 100 * 0.3)  # 100 images, an epoch
    assert behind == pytest.approx(1.6 * 100 * 0.1)
    assert cells == pytest.approx(2 * 60 * 0.1)  # two blurs, 60 images
    assert timing == pytest.approx(1800 * 0.1)


def test_what_is_stored_sets_the_figure_right(tmp_path: Path, restorers_take: dict[str, float]) -> None:
    session = a_session(tmp_path, "retrain")
    before = of(session, "predictor")
    assert "a short trial" in before.basis
    assert before.minutes * 60 == pytest.approx(2 * 1.6 * 100 * 0.003)
    (plain, *_) = [task for task in session.outstanding("missing").values() if task.kind == "predictor"]
    folder = session.store.artifacts.path("ab" * 16)  # of an earlier run of the same strategy
    about = {"kind": "predictor", "job": plain.job, "notes": {}, "seconds": 48.0, "images_seen": 100}
    stored(folder, about)
    after = of(session, "predictor")
    assert after.basis == "from 1 fits stored here"
    assert after.minutes * 60 == pytest.approx(2 * 48)


def stored(folder: Path, about: dict[str, Any]) -> None:
    from blurbench.results.store import _sha256

    folder.mkdir(parents=True)
    (folder / "state.safetensors").write_bytes(b"")
    about["sha256"] = _sha256(folder / "state.safetensors")
    (folder / "artifact.json").write_text(json.dumps(about))


def test_every_network_is_tried_in_truth(tmp_path: Path) -> None:
    needed = of(a_session(tmp_path, UNET, "first-n[n=1]"))
    assert 0 < needed.minutes < 5
    assert needed.disk_mib > 0
