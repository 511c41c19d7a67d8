"""What is stored: one JSON record a cell, one timing a pipeline, one manifest a board. All validated when read.

Records are untrusted input. Numbers are bounded and finite, texts are short, and the stated accuracy must follow from
the stored predictions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from blurbench.errors import RecordError
from blurbench.suites.exposure import Exposure

__all__ = [
    "AnyBoard",
    "AnyLine",
    "AnyRecord",
    "Cost",
    "Images",
    "Line",
    "Manifest",
    "Metrics",
    "Part",
    "Record",
    "Stored",
    "Timing",
    "read",
]

Text: TypeAlias = Annotated[str, Field(max_length=400)]
Label: TypeAlias = Annotated[str, Field(max_length=4000)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Seconds: TypeAlias = Annotated[float, Field(ge=0, lt=1e9)]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Whole: TypeAlias = Annotated[int, Field(ge=0, lt=2**53)]
Key: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")]


class Stored(BaseModel):
    """Exactly these fields, every number finite, and nothing is changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Part(Stored):
    """One axis value of a cell: the plugin's name, its shortest expression, and everything about it."""

    name: Text
    label: Label
    spec: dict[str, Any]


# --- what records and boards of classifiers and of estimators have in common ----------------------------------------


class AnyRecord(Stored):
    """One measured cell of any kind of suite, or why there is none."""

    AXES: ClassVar[Mapping[str, str]]
    """The axes of its cell, which are fields, and the kind of plugin on each."""
    FINDINGS: ClassVar[tuple[str, ...]]
    """The fields that only a measured cell has."""

    schema_version: Literal[1] = 1
    key: Key
    status: Literal["ok", "failed", "skipped", "blocked"]
    reason: Text = ""
    log: Text = ""
    """The log file of a failed cell, relative to the results folder."""
    budget: dict[str, Any]
    seed: Whole
    data_fingerprint: Text = ""
    """Of the data set that it was tested on."""
    provenance: dict[str, Any] = {}

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.status != "ok" and not self.reason:
            raise ValueError(f"a {self.status} record needs a reason")
        return self

    def parts(self) -> dict[str, Part]:
        """The axis values by name; without those that this cell has none of."""
        return {axis: part for axis in self.AXES if (part := getattr(self, axis)) is not None}

    def is_of(self, cell: Mapping[str, Any]) -> bool:
        """Whether it says of itself what a plan says of the cell: a changed record is not one of its key."""
        planned = {axis: cell[axis]["spec"] for axis in self.AXES if cell[axis] is not None}
        own = {axis: part.spec for axis, part in self.parts().items()}
        return (own, self.budget, self.seed) == (planned, cell["budget"], cell["seed"])

    def refused(self, reason: str) -> Self:
        """The record of the same cell as a failed one, its findings gone."""
        return self.model_copy(
            update={"status": "failed", "reason": f"refused: {reason}", "log": "", **dict.fromkeys(self.FINDINGS)}
        )

    @property
    def timing(self) -> str | None:
        """The key of the `Timing` that it names."""
        return None

    def difference(self, other: Self) -> str:
        """What another measurement of the same cell says otherwise, times, machines and last digits aside; empty if
        nothing."""
        raise NotImplementedError


class AnyLine(Stored):
    """Where a record stands on a board: its coordinates as the suite words them."""

    key: Key
    seed: Whole

    def place(self) -> tuple[str | int, ...]:
        """The coordinates without the key."""
        return tuple(value for name, value in self if name != "key")


class AnyBoard(Stored):
    """The cells of one board in suite order: written by `run`, read by `leaderboard`."""

    schema_version: Literal[1] = 1
    suite: Text
    suite_version: Whole
    title: Text
    budget: Text
    """The budget as the user named it, changes included: `standard[train_images=6000]`."""
    budget_values: dict[str, Any]
    content: Key
    """Digest of the suite under this budget: cells of another content never share a board."""
    commands: list[Label] = []
    """Those that put cells on the board, in order."""
    lines: Sequence[AnyLine]

    def with_added(self, other: Self) -> Self:
        """This board with the lines of another; at a place that both have, the other's line stands."""
        lines = list({line.place(): line for line in [*self.lines, *other.lines]}.values())
        commands = other.commands if lines != list(self.lines) else []
        return self.model_copy(update={"lines": lines, "commands": list(dict.fromkeys([*self.commands, *commands]))})


# --- classifiers ----------------------------------------------------------------------------------------------------


class Metrics(Stored):
    """What a cell measured over `n` test images. Image measures are means over images, on the 0..1 scale."""

    n: Annotated[int, Field(ge=1)]
    top1: Share
    top5: Share | None = None
    """None where there are five classes or fewer."""
    calibration_error: Share
    """Expected calibration error, 15 equal-width bins of confidence."""
    blurred_mse: Number | None = None
    blurred_psnr: Number | None = None
    blurred_ssim: Number | None = None
    restored_mse: Number | None = None
    restored_psnr: Number | None = None
    restored_ssim: Number | None = None
    observations: dict[Text, Number] = {}


class Images(Stored):
    """Per test image, in id order: the true label, the predicted one, its softmax confidence, and how far the blurred
    and the restored image are from the clean one, so that rows can be compared image by image."""

    label: list[Whole]
    predicted: list[Whole]
    confidence: list[Share]
    blurred_mse: list[Number] | None = None
    restored_mse: list[Number] | None = None
    restored_ssim: list[Number] | None = None
    feature_gradients: list[Number] | None = None
    """Where the suite asks for it, the measure of `metrics.feature_gradients`; its mean is among the observations."""


class Cost(Stored):
    """What the row costs. Fitting seconds depend on the machine; counts do not."""

    fit_seconds: Seconds
    """Over everything that had to be fitted for this predictor, shared artifacts counted in full."""
    fit_images_seen: Whole
    fit_steps: Whole | None = None
    """Optimiser steps over the same artifacts."""
    parameters: Whole
    """Of all networks that run at prediction."""
    macs: Whole | None = None
    """Multiply-accumulates an image in those networks' convolutions, linear layers and attention; mean over a few."""
    evaluate_seconds: Seconds
    timing: Key
    """The `Timing` that holds this row's milliseconds an image."""


class Record(AnyRecord):
    """One measured cell of a classifier, or why there is none."""

    AXES = {
        "dataset": "datasets",
        "classifier": "classifiers",
        "strategy": "strategies",
        "train_blur": "blurs",
        "test_blur": "blurs",
    }
    FINDINGS = ("metrics", "images", "cost")

    dataset: Part
    classifier: Part
    strategy: Part
    train_blur: Part
    test_blur: Part
    image_shape: Annotated[list[Whole], Field(min_length=3, max_length=3)] | None = None
    """Channels, rows, columns of the test images."""
    test_blur_units: Annotated[dict[Text, Text], Field(max_length=64)] = {}
    """`{"sigma": "pixels"}`; parameters inside a chain as `steps.0.sigma`."""

    knows: Literal["nothing", "training blur", "true PSF"] | None = None
    requires: list[Text] = []
    exposure: Exposure | None = None

    metrics: Metrics | None = None
    images: Images | None = None
    cost: Cost | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Record:
        if self.status != "ok":
            return self
        if not (self.metrics and self.images and self.cost and self.knows and self.exposure):
            raise ValueError("an ok record needs metrics, images, cost, knows and exposure")
        lists = self.images
        if not len(lists.label) == len(lists.predicted) == len(lists.confidence) == self.metrics.n:
            raise ValueError("label, predicted and confidence must have n entries each")
        for name in ("blurred_mse", "restored_mse", "restored_ssim"):
            self._check_mean(name, getattr(lists, name), getattr(self.metrics, name))
        self._check_mean(
            "feature_gradients", lists.feature_gradients, self.metrics.observations.get("feature_gradients")
        )
        hits = sum(map(int.__eq__, lists.label, lists.predicted))
        if abs(hits / self.metrics.n - self.metrics.top1) > 1e-6:
            raise ValueError(f"top1 is {self.metrics.top1}, but the predictions give {hits / self.metrics.n:.6f}")
        return self

    @property
    def timing(self) -> str | None:
        return self.cost.timing if self.cost else None

    def difference(self, other: Self) -> str:
        assert self.images is not None
        assert other.images is not None
        told = {*self.AXES, "budget", "seed", "data_fingerprint", "knows", "requires", "exposure"}
        changed = sum(map(int.__ne__, self.images.predicted, other.images.predicted))
        same = (
            self.model_dump(include=told) == other.model_dump(include=told) and self.images.label == other.images.label
        )
        return "" if same and not changed else f"{changed} of {len(self.images.label)} predictions"

    def _check_mean(self, name: str, values: list[float] | None, mean: float | None) -> None:
        if values is None:
            return
        assert self.metrics is not None
        if len(values) != self.metrics.n:
            raise ValueError(f"{name} must have n entries")
        if mean is None or abs(sum(values) / len(values) - mean) > 1e-5 * max(1, abs(mean)):
            raise ValueError(f"{name} is {mean}, but the images give {sum(values) / len(values):.6f}")


class Timing(Stored):
    """Milliseconds an image of one prediction pipeline, measured in a quiet serial pass."""

    schema_version: Literal[1] = 1
    key: Key
    what: Text
    device: Text
    threads: Whole
    rounds: Whole
    batch_1_ms: Number
    batch_1_iqr_ms: Number
    batch_256_ms: Number
    """Per image, in a batch of 256."""
    batch_256_iqr_ms: Number
    peak_memory_bytes: Whole | None = None
    """What a batch of 256 needs above what was held before it; None where the system does not tell."""
    machine: Text = ""


class Line(AnyLine):
    """Where a record of a classifier stands."""

    dataset: Label
    classifier: Label
    strategy: Label
    train_blur: Label
    """Empty where the strategy never looks at it."""
    test_blur: Label


class Manifest(AnyBoard):
    """A board of classifiers."""

    baseline: Text
    """The name of the strategy that gains are measured against."""
    test_blurs: list[Label]
    """In ladder order; `none` first."""
    lines: list[Line]

    def with_added(self, other: Self) -> Self:
        """With the test blurs of both in one order, that of the longer list."""
        long, short = sorted((self.test_blurs, other.test_blurs), key=len, reverse=True)
        return super().with_added(other).model_copy(update={"test_blurs": list(dict.fromkeys([*long, *short]))})


def read(model: type[BaseModel], text: str | bytes, where: str) -> Any:
    """Parse and validate; raises RecordError in one line that names `where`."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "content"
        raise RecordError(f"{where}: {place}: {first['msg']}") from None
