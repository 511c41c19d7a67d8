"""What is stored: one JSON record a cell, one timing a pipeline, one manifest a board. All validated when read.

Records are untrusted input. Numbers are bounded and finite, texts are short, and the stated accuracy must follow from
the stored predictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, ValidationError, model_serializer, model_validator

from blurbench.errors import RecordError
from blurbench.measurements.accuracy.result import AccuracyResult
from blurbench.measurements.blur_estimation.result import EstimationResult
from blurbench.measurements.measurement import PluginConfig
from blurbench.measurements.schema import Key, Label, MeasureName, Number, Stored, Text, Whole

__all__ = ["OUT_OF_TIME", "AnyResult", "Facts", "Line", "Manifest", "Record", "Timing", "read"]

SCHEMA: Final = 2
"""The version of everything that is stored. Version 1 kept classifiers and estimators apart."""

OUT_OF_TIME: Final = "longer than the limit of"
"""What the reason of a cell says whose time, or that of a fit it needs, was over."""

AnyResult: TypeAlias = Annotated[AccuracyResult | EstimationResult, Field(discriminator="measure")]


class Facts(Stored):
    """What the plugins of a cell say of it; a measurement fills in what it has."""

    knows: Literal["nothing", "training blur", "true PSF"] | None = None
    requires: list[Text] = Field(default=[])
    exposure: Literal["clean", "seen", "unseen severity", "unseen family"] | None = None


class Record(Stored):
    """One measured cell, or why there is none."""

    schema_version: Literal[2] = SCHEMA
    key: Key
    measure: MeasureName
    status: Literal["ok", "failed", "skipped", "blocked"]
    reason: Text = ""
    log: Text = ""
    """The log file of a failed cell, relative to the results folder."""
    axes: dict[Text, PluginConfig]
    """By axis, without those that this cell has none of."""
    budget: dict[str, Any]
    seed: Whole
    test_seed: Whole = 0
    settings: dict[str, Any] = Field(default={})
    """What else its suite asks for, and its key depends on."""
    facts: Facts = Facts()
    data_fingerprint: Text = ""
    """Of the data set that it was tested on."""
    result: AnyResult | None = None
    provenance: dict[str, Any] = Field(default={})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.status != "ok" and not self.reason:
            raise ValueError(f"a {self.status} record needs a reason")
        if (self.status == "ok") != (self.result is not None):
            raise ValueError("an ok record needs a result, and no other has one")
        if self.result is not None and self.result.measure != self.measure:
            raise ValueError(f"a record of {self.measure} holds a result of {self.result.measure}")
        return self

    @model_serializer(mode="wrap")
    def _with_its_version(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Stated even where defaults are left out: another version's default is another."""
        return {"schema_version": self.schema_version, **dump(self)}

    def is_of(self, identity: Mapping[str, Any]) -> bool:
        """Whether it says of itself what a plan says of the cell: a changed record is not one of its key."""
        planned = {axis: value["config"] for axis, value in identity["axes"].items()}
        own = {axis: value.config for axis, value in self.axes.items()}
        rest = ("measure", "budget", "seed", "test_seed", "settings")
        return own == planned and all(getattr(self, name) == identity[name] for name in rest)

    def refused(self, reason: str) -> Self:
        """The record of the same cell as a failed one, without a result."""
        return self.model_copy(update={"status": "failed", "reason": f"refused: {reason}", "log": "", "result": None})

    @property
    def ran_out_of_time(self) -> bool:
        """Whether there is no result because a time limit ended it, or a fit that it needs."""
        return self.status != "ok" and OUT_OF_TIME in self.reason

    def label(self, axis: str) -> str:
        """The shortest expression of an axis value; empty where the cell has none."""
        return self.axes[axis].label if axis in self.axes else ""

    @property
    def timing(self) -> str | None:
        """The key of the `Timing` that it names."""
        return self.result.timing if self.result else None

    @property
    def accuracy(self) -> AccuracyResult:
        """What a classifier answered. Raises RecordError where something else was measured, or nothing."""
        if not isinstance(self.result, AccuracyResult):
            raise RecordError(f"record {self.key} holds no answers of a classifier")
        return self.result

    @property
    def estimation(self) -> EstimationResult:
        """What an estimator read. Raises RecordError where something else was measured, or nothing."""
        if not isinstance(self.result, EstimationResult):
            raise RecordError(f"record {self.key} holds no readings of an estimator")
        return self.result

    def difference(self, other: Self) -> str:
        """What another measurement of the same cell says otherwise, times, machines and last digits aside."""
        stated = {"axes", "budget", "seed", "test_seed", "settings", "data_fingerprint", "facts"}
        if self.model_dump(include=stated) != other.model_dump(include=stated):
            return "another cell"
        if self.result is None or other.result is None:
            return "" if self.result is other.result else "one of them was not measured"
        return self.result.difference(other.result)  # type: ignore[arg-type] # equal measures


class Timing(Stored):
    """Milliseconds an image of one prediction pipeline, measured in a quiet serial pass."""

    schema_version: Literal[1, 2] = SCHEMA
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


# --- boards --------------------------------------------------------------------------------------------------------


class Line(Stored):
    """Where a record stands on a board: its coordinates as the suite words them."""

    key: Key
    seed: Whole
    labels: dict[Text, Label]
    """By axis; empty where the cell has no value on it."""
    artifact: Key | None = None
    """The key of what was fitted and is measured there, in the results folder that planned it."""

    def place(self) -> tuple[str | int, ...]:
        """The coordinates without the key."""
        return (*self.labels.values(), self.seed)

    def __getitem__(self, axis: str) -> str:
        return self.labels[axis]


class Manifest(Stored):
    """The cells of one board in suite order: written by `run`, read by `leaderboard`."""

    schema_version: Literal[2] = SCHEMA
    measure: MeasureName
    suite: Text
    suite_version: Whole
    title: Text
    budget: Text
    """The budget as the user named it, changes included: `standard[train_images=6000]`."""
    budget_values: dict[str, Any]
    content: Key
    """Digest of the suite under this budget: cells of another content never share a board."""
    commands: list[Label] = Field(default=[])
    """Those that put cells on the board, in order."""
    baseline: Text = ""
    """The name of the strategy that gains are measured against; empty where there is none."""
    test_blurs: list[Label]
    """In the suite's order."""
    unchecked: list[Key] = Field(default=[])
    """The keys of records that were merged where the data were not at hand to check them against."""
    lines: list[Line]

    def with_added(self, other: Self) -> Self:
        """This board with the lines of another; at a place that both have, the other's line stands. Test blurs come in
        the order of the longer list."""
        lines = list({line.place(): line for line in [*self.lines, *other.lines]}.values())
        commands = other.commands if lines != list(self.lines) else []
        long, short = sorted((self.test_blurs, other.test_blurs), key=len, reverse=True)
        return self.model_copy(
            update={
                "lines": lines,
                "commands": list(dict.fromkeys([*self.commands, *commands])),
                "test_blurs": list(dict.fromkeys([*long, *short])),
                "unchecked": sorted({*self.unchecked, *other.unchecked}),
            }
        )


def read(model: type[BaseModel], text: str | bytes, where: str) -> Any:
    """Parse and validate; raises RecordError in one line that names `where`."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "content"
        raise RecordError(f"{where}: {place}: {first['msg']}") from None
