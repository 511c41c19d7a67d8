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
            **_parts(line, label),
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
        self.records[line.key] = Record(key=line.key, status=status, reason=reason, log=log, **_parts(line, None))

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


def _parts(line: Line, label: str | None) -> dict[str, Any]:
    strategy = label or line.strategy
    parts = {name: _part(getattr(line, name)) for name in ("dataset", "classifier", "train_blur", "test_blur")}
    return {**parts, "strategy": _part(strategy), "budget": {}, "seed": line.seed}


def _part(label: str) -> Part:
    return Part(name=label.partition("[")[0], label=label, spec={})


def _timing_key(strategy: str) -> str:
    return sha256(strategy.encode()).hexdigest()[:32]


@pytest.fixture
def board() -> Board:
    """An empty board."""
    return Board()
