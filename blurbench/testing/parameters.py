"""What all kinds promise: parameters that are validated, written and read back; a revision; a docstring."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from blurbench.contract import Limits, Plugin
from blurbench.errors import BlurbenchError, UsageError, shortened
from blurbench.parameters import limits_of
from blurbench.registry import config, label
from blurbench.registry.validation import is_required
from blurbench.testing.report import Report
from blurbench.testing.subjects import Subject

__all__ = ["check_parameters"]

FRAMEWORK = {"padding", "window"}
"""Parameters that the contract's own classes bring, unit known."""


def check_parameters(report: Report, subject: Subject) -> None:
    """Check a plugin class; suites have none."""
    cls = subject.entry.target
    if isinstance(cls, Path):
        return
    _check_class(report, cls)
    _check_ranges_stated(report, cls)
    _check_defaults(report, subject)
    try:
        plugin = subject.plugin()
    except BlurbenchError:
        return
    for one in _variants(subject, plugin):
        _check_there_and_back(report, subject, one)
    _check_frozen(report, plugin)
    _check_refusals(report, subject, plugin)


def _check_class(report: Report, cls: type[Plugin]) -> None:
    own = (cls.__doc__ or "").strip()
    documented = own and not own.startswith(f"{cls.__name__}(")  # what dataclass writes where there is none
    report.expect(
        bool(documented),
        f"{cls.__name__} has no docstring",
        "say in a line what it does: `blurbench ls` shows it",
    )
    revision: Any = cls.revision
    report.expect(
        isinstance(revision, int) and not isinstance(revision, bool) and revision >= 1,
        f"revision is {revision!r:.40}",
        "make it a whole number from 1 on, a ClassVar, and raise it when results change",
    )
    report.expect(
        isinstance(cls.paper, str) and "\n" not in cls.paper,
        f"paper is {cls.paper!r:.40}",
        "make it one line of text: authors, year, section",
    )
    for name in ("revision", "paper"):
        is_field = name in {item.name for item in fields(cls)}  # type: ignore[arg-type]
        report.expect(not is_field, f"{name} is a parameter", f"annotate it as ClassVar: {name}: ClassVar = ...")


def _check_ranges_stated(report: Report, cls: type[Plugin]) -> None:
    for item, limits, options in _described(cls):
        numeric = {int, float} & set(options) and bool not in options
        report.expect(
            not numeric or bool(limits) or item.name in FRAMEWORK,
            f"the number {item.name!r} has no range",
            f"annotate it with unit and range, as in {item.name}: Annotated[float, Pixels(0, 30)]",
        )


def _described(cls: type[Plugin]) -> Iterator[tuple[Any, Limits | None, tuple[Any, ...]]]:
    """Each parameter, its limits, and the types that it may have."""
    hints = get_type_hints(cls, include_extras=True)
    for item in fields(cls):  # type: ignore[arg-type]
        limits, options = _parts(hints[item.name])
        yield item, limits, options


def _parts(hint: Any) -> tuple[Limits | None, tuple[Any, ...]]:
    if get_origin(hint) is Annotated:
        inner, options = _parts(get_args(hint)[0])
        return limits_of(hint) or inner, options
    if get_origin(hint) in (Union, UnionType, tuple):
        parts = [_parts(one) for one in get_args(hint)]
        limits = next((limits for limits, _ in parts if limits), None)
        return limits, tuple(option for _, options in parts for option in options)
    return None, (hint,)


def _check_defaults(report: Report, subject: Subject) -> None:
    """A default is refused like a value, but nobody notices before the plugin is used."""
    cls = subject.entry.target
    assert isinstance(cls, type)
    if not any(map(is_required, fields(cls))):  # type: ignore[arg-type]
        try:
            subject.registry.resolve(subject.entry.kind, subject.entry.name)
        except BlurbenchError as error:
            report.found(f"the defaults are refused: {error}", "give defaults that are allowed")


def _variants(subject: Subject, plugin: Plugin) -> Iterator[Plugin]:
    """The plugin, and the same with each parameter at the ends of its range, where the plugin allows them."""
    yield plugin
    given = {item.name: getattr(plugin, item.name) for item in fields(plugin)}  # type: ignore[arg-type]
    for item, limits, options in _described(type(plugin)):
        for end in (limits.low, limits.high) if limits and {int, float} & set(options) else ():
            value = int(end) if int in options else end
            try:
                yield subject.registry.resolve(
                    subject.entry.kind, {"name": subject.entry.name, **given, item.name: value}
                )
            except UsageError:
                continue


def _check_there_and_back(report: Report, subject: Subject, plugin: Plugin) -> None:
    """Object to JSON to object, and object to label to object: records, keys and tables live from that."""
    registry, kind = subject.registry, subject.entry.kind
    remedy = "keep every parameter as it was given: derive other values in a property, not in __post_init__"
    try:
        written = json.loads(json.dumps(config(registry, plugin)))
        again = registry.resolve(kind, written)
    except (BlurbenchError, TypeError, ValueError) as error:
        report.found(f"its parameters cannot be written as JSON and read back: {error}", "use numbers, texts, tuples")
        return
    report.expect(again == plugin, f"it comes back from a record as {again!r:.80}, not as {plugin!r:.80}", remedy)
    report.expect(again != plugin or hash(again) == hash(plugin), "equal objects have unequal hashes", remedy)
    shown = label(registry, plugin)
    try:
        read = registry.resolve(kind, shown)
    except BlurbenchError as error:
        report.found(f"its label {shown!r:.80} cannot be read: {error}", "use numbers, names and tuples of them")
        return
    report.expect(read == plugin, f"its label {shown!r:.80} names another plugin, {read!r:.80}", remedy)


def _check_frozen(report: Report, plugin: Plugin) -> None:
    for item in fields(plugin)[:1]:  # type: ignore[arg-type]
        try:
            setattr(plugin, item.name, getattr(plugin, item.name))
        except (FrozenInstanceError, AttributeError):
            continue
        report.found("its parameters can be changed after it was made", "decorate it with @dataclass(frozen=True)")


def _check_refusals(report: Report, subject: Subject, plugin: Plugin) -> None:
    """What is out of range must be refused in one line, before anything runs."""
    given = {item.name: getattr(plugin, item.name) for item in fields(plugin)}  # type: ignore[arg-type]
    for item, limits, options in _described(type(plugin)):
        wrong = [limits.low - 1, limits.high + 1, math.nan] if limits and {int, float} & set(options) else []
        word = None if {str, Path} & set(options) else "no such value"  # any word is a path
        for value in (*wrong, word, {"no": "such value"}):
            table = {"name": subject.entry.name, **given, item.name: value}
            if value is not None:
                _check_refused(report, subject, item.name, value, table)


def _check_refused(report: Report, subject: Subject, name: str, value: Any, table: dict[str, Any]) -> None:
    try:
        subject.registry.resolve(subject.entry.kind, table)
    except UsageError as error:
        text = str(error)
        report.expect(
            "\n" not in text and "cannot be made" not in text,
            f"{name} = {value!r} is refused with {shortened(text, 120)!r}",
            "raise ValueError with one clear line in __post_init__",
        )
        return
    except Exception as error:  # from a type of its own
        report.found(f"{name} = {value!r} raises {type(error).__name__}", "refuse it with a ValueError")
        return
    report.found(f"{name} = {value!r} is not refused", "annotate the parameter with the range that works")
