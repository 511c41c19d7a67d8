"""Boards made by hand: real records whose predictions are written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest

from blurbench.results.record import Cost, Images, Line, Manifest, Metrics, Part, Record, Timing


@dataclass
class Board:
    """Collects cells; `hits` says which test images are right, as a text of 1 and 0."""

    records: dict[str, Record] = field(default_factory=dict)
    timings: dict[str, Timing] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    baseline: str = "plain"
    title: str = "Mini board"
    specs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What stands in records for a label, where that matters."""
    units: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of the parameters of test blurs."""

    def line(
        self,
        test_blur: str,
        strategy: str,
        train_blur: str = "",
        *,
        dataset: str = "dots",
        seed: int = 0,
        classifier: str = "cnn3",
    ) -> Line:
        """A cell that is on the board and has no record."""
        place = (dataset, classifier, strategy, train_blur, test_blur, seed)
        line = Line(
            key=sha256(repr(place).encode()).hexdigest()[:32],
            dataset=dataset,
            classifier=classifier,
            strategy=strategy,
            train_blur=train_blur,
            test_blur=test_blur,
            seed=seed,
        )
        self.lines.append(line)
        return line

    def cell(
        self,
        test_blur: str,
        strategy: str,
        train_blur: str = "",
        *,
        hits: str,
        label: str | None = None,
        knows: str = "training blur",
        requires: Sequence[str] = ("labels",),
        exposure: str = "seen",
        fit_seconds: float = 10.0,
        metrics: dict[str, Any] | None = None,
        truth: int = 3,
        **place: Any,
    ) -> Record:
        """A measured cell."""
        line = self.line(test_blur, strategy, train_blur, **place)
        n = len(hits)
        record = Record(
            key=line.key,
            status="ok",
            **self._parts(line, label),
            image_shape=[1, 20, 30],
            test_blur_units=self.units.get(test_blur, {}),
            knows=knows,
            requires=list(requires),
            exposure="clean" if test_blur == "none" else exposure,
            metrics=Metrics(n=n, top1=hits.count("1") / n, calibration_error=0.05, **(metrics or {})),
            images=Images(
                label=[truth] * n, predicted=[truth if hit == "1" else 9 for hit in hits], confidence=[0.5] * n
            ),
            cost=Cost(
                fit_seconds=fit_seconds,
                fit_images_seen=1000,
                parameters=61_700,
                evaluate_seconds=0.1,
                timing=_timing_key(strategy),
            ),
        )
        self.records[line.key] = record
        return record

    def failure(
        self,
        test_blur: str,
        strategy: str,
        train_blur: str = "",
        *,
        status: str,
        reason: str,
        log: str = "",
        **place: Any,
    ) -> None:
        """A cell that was not measured, with the reason."""
        line = self.line(test_blur, strategy, train_blur, **place)
        self.records[line.key] = Record(key=line.key, status=status, reason=reason, log=log, **self._parts(line, None))

    def _parts(self, line: Line, label: str | None) -> dict[str, Any]:
        parts = {name: self._part(getattr(line, name)) for name in ("dataset", "classifier", "train_blur", "test_blur")}
        strategy = Part(name=line.strategy, label=label or line.strategy, spec=self.specs.get(line.strategy, {}))
        return {**parts, "strategy": strategy, "budget": {}, "seed": line.seed}

    def _part(self, label: str) -> Part:
        return Part(name=label.partition("[")[0], label=label, spec=self.specs.get(label, {}))

    def timing(self, strategy: str, one: float, of_256: float) -> None:
        """Milliseconds of a strategy."""
        key = _timing_key(strategy)
        self.timings[key] = Timing(
            key=key,
            what=strategy,
            device="cpu",
            threads=1,
            rounds=30,
            batch_1_ms=one,
            batch_1_iqr_ms=0.1,
            batch_256_ms=of_256,
            batch_256_iqr_ms=0.01,
            machine="test bench",
        )

    @property
    def manifest(self) -> Manifest:
        """All cells so far."""
        return Manifest(
            suite="mini",
            suite_version=3,
            title=self.title,
            budget="quick",
            budget_values={"train_images": 2000, "test_images": None},
            content="ab" * 16,
            baseline=self.baseline,
            test_blurs=["none", "gaussian-2"],
            lines=self.lines,
            commands=["blurbench run mini"],
        )


def _timing_key(strategy: str) -> str:
    return sha256(strategy.encode()).hexdigest()[:32]


@pytest.fixture
def board() -> Board:
    """An empty board."""
    return Board()


@pytest.fixture
def ladder(board: Board) -> Board:
    """plain, retrain fitted at sigma 2, and an oracle, on 100 images of 20 x 30 pixels: no blur, and three sigmas."""
    for sigma in (1, 2, 4):
        board.specs[f"gaussian-{sigma}"] = {"name": "gaussian", "revision": 1, "sigma": float(sigma), "size": None}
        board.units[f"gaussian-{sigma}"] = {"sigma": "pixels"}
    for test_blur, plain, retrain in (
        ("none", 90, 85),
        ("gaussian-4", 20, 55),
        ("gaussian-1", 80, 85),
        ("gaussian-2", 50, 80),
    ):
        exposure = "seen" if test_blur == "gaussian-2" else "unseen severity"
        board.cell(test_blur, "plain", hits="1" * plain + "0" * (100 - plain), exposure="unseen family")
        board.cell(test_blur, "retrain", "gaussian-2", hits="1" * retrain + "0" * (100 - retrain), exposure=exposure)
        board.cell(test_blur, "wiener", hits="1" * 90 + "0" * 10, knows="true PSF")
    return board
