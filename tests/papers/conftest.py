"""Boards written by hand: records whose predictions and errors are chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from blurbench.papers.findings import Findings
from blurbench.results.record import Cost, Images, Line, Manifest, Metrics, Part, Record
from blurbench.results.store import Store


@dataclass
class Board:
    """Collects cells. `hits`: which test images are right, as a text of 1 and 0."""

    suite: str = "restored-digits"
    budget: str = "small"
    values: dict[str, Any] = field(default_factory=lambda: {"train_images": 1500, "epochs": 6})
    lines: list[Line] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)

    def cell(
        self,
        dataset: str,
        strategy: str,
        train_blur: str,
        test_blur: str,
        *,
        hits: str = "1" * 200,
        blurred: float | None = None,
        restored: Sequence[float] | None = None,
        ssim: float = 0.9,
        gradients: float | None = None,
        classifier: str = "cnn3",
        seed: int = 0,
        spec: Mapping[str, Any] | None = None,
    ) -> None:
        """A measured cell; `restored` holds an error for each image, or one for all."""
        line, n = self._line(dataset, strategy, train_blur, test_blur, classifier, seed), len(hits)
        quality: dict[str, Any] = {}
        each: dict[str, Any] = {}
        if blurred is not None:
            quality["blurred_mse"], each["blurred_mse"] = blurred, [blurred] * n
        if restored is not None:
            errors = list(restored) * (n // len(restored))
            quality |= {"restored_mse": sum(errors) / n, "restored_psnr": 20.0, "restored_ssim": ssim}
            each |= {"restored_mse": errors, "restored_ssim": [ssim] * n}
        if gradients is not None:
            quality["observations"] = {"feature_gradients": gradients}
            each["feature_gradients"] = [0.9 * gradients, 1.1 * gradients] * (n // 2)
        self.records[line.key] = Record(
            key=line.key,
            status="ok",
            **self._parts(line, spec or {}),
            knows="training blur",
            exposure="seen",
            metrics=Metrics(n=n, top1=hits.count("1") / n, calibration_error=0.1, **quality),
            images=Images(label=[1] * n, predicted=[int(hit) for hit in hits], confidence=[0.5] * n, **each),
            cost=Cost(fit_seconds=1, fit_images_seen=1, parameters=1, evaluate_seconds=1, timing="ab" * 16),
        )

    def skipped(self, dataset: str, strategy: str, train_blur: str, test_blur: str, reason: str) -> None:
        """A cell that cannot be had."""
        line = self._line(dataset, strategy, train_blur, test_blur, "cnn3", 0)
        self.records[line.key] = Record(key=line.key, status="skipped", reason=reason, **self._parts(line, {}))

    def _line(self, *place: Any) -> Line:
        dataset, strategy, train_blur, test_blur, classifier, seed = place
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

    def _parts(self, line: Line, spec: Mapping[str, Any]) -> dict[str, Any]:
        names = ("dataset", "classifier", "strategy", "train_blur", "test_blur")
        parts = {name: Part(name=_name(getattr(line, name)), label=getattr(line, name), spec={}) for name in names}
        parts["classifier"] = Part(name=line.classifier, label=line.classifier, spec={"name": line.classifier})
        parts["strategy"] = Part(name=_name(line.strategy), label=line.strategy, spec=dict(spec))
        return {**parts, "budget": self.values, "seed": line.seed}

    @property
    def manifest(self) -> Manifest:
        return Manifest(
            suite=self.suite,
            suite_version=1,
            title="By hand",
            budget=self.budget,
            budget_values=self.values,
            content="ab" * 16,
            baseline="plain",
            test_blurs=["none"],
            lines=self.lines,
            commands=["blurbench run --suite restored-digits"],
        )

    def findings(self, **stand_ins: Collection[str]) -> Findings:
        """Without a results folder."""
        return Findings(self.manifest, self.records, stand_ins)

    def stored(self, folder: Path, name: str = "by-hand") -> tuple[Store, str]:
        """In a results folder."""
        store = Store(folder)
        store.create()
        store.put_manifest(name, self.manifest)
        for record in self.records.values():
            store.put_record(record)
        return store, name


def _name(label: str) -> str:
    return label.partition("[")[0]


@pytest.fixture
def board() -> Board:
    """An empty board."""
    return Board()
