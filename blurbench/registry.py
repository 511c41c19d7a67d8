"""The menu of installed plugins, and how a name with parameters becomes a plugin object and back.

gaussian[sigma=2]                          on the command line and in suites
{name = "gaussian", sigma = 2}             the same in TOML
{"name": "gaussian", "sigma": 2.0, ...}    the same in records and keys, every parameter written out
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from blurbench.errors import BlurbenchError, PluginError, UnknownName, UsageError, shortened
from blurbench.protocols import Blur, Classifier, Dataset, Deconvolver, Estimator, Plugin, Restorer, Strategy
from blurbench.types import Choice, Range

__all__ = ["KINDS", "Entry", "Menu", "Ref", "expand", "label", "parse", "spec"]

KINDS: dict[str, tuple[type[Plugin], ...]] = {
    "blurs": (Blur,),
    "restorers": (Restorer, Deconvolver),
    "classifiers": (Classifier,),
    "strategies": (Strategy,),
    "datasets": (Dataset,),
    "estimators": (Estimator,),
}
"""The plugin kinds that hold classes, with the classes to derive from. Suites hold files."""

RESERVED = {"name", "revision", "label"}
"""Keys that mean something else where a plugin is written as a table."""

T = TypeVar("T")


# --- references from one plugin to another -------------------------------------------------------------------------


class _PluginRef:
    """Tells pydantic that a field holds another plugin, given by name."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        wanted = get_args(source) or (source,)
        kind = next((kind for kind, bases in KINDS.items() if set(wanted) <= set(bases)), None)
        if kind is None:
            raise TypeError(f"Ref[{source!r}] names no plugin kind")

        def resolve(value: Any, info: ValidationInfo) -> Any:
            if isinstance(value, wanted):
                return value
            menu: Menu = (info.context or {})["menu"]
            try:
                return menu.resolve(kind, value)
            except UsageError as error:
                raise PydanticCustomError("plugin", "{reason}", {"reason": str(error)}) from None

        return core_schema.with_info_plain_validator_function(resolve)


Ref = Annotated[T, _PluginRef()]
"""The type of a field that holds another plugin: `restorer: Ref[AnyRestorer]`."""


# --- the menu ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One line of the menu: a plugin class (or a suite's file) and where it came from."""

    kind: str
    name: str
    target: type[Plugin] | Path
    package: str
    version: str


@dataclass
class Menu:
    """All installed plugins, kind by kind, and what went wrong while they were looked for."""

    entries: dict[str, dict[str, Entry]] = field(default_factory=lambda: {kind: {} for kind in [*KINDS, "suites"]})
    problems: list[str] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Add one line; raises PluginError for a clash or a class that breaks the contract."""
        _check(entry)
        known = self.entries[entry.kind]
        if entry.name in known:
            raise PluginError(
                f"{entry.kind} {entry.name!r} from {entry.package} {entry.version} is left out: "
                f"{known[entry.name].package} already gives that name; uninstall one or rename it"
            )
        for other in known.values():
            if other.target is entry.target:
                raise PluginError(f"{entry.kind} {entry.name!r} is left out: the same class is {other.name!r} already")
        known[entry.name] = entry

    def get(self, kind: str, name: str) -> Entry:
        """The line of that name; raises UnknownName with a suggestion."""
        if kind not in self.entries:
            raise UnknownName("kind of plugin", kind, self.entries)
        known = self.entries[kind]
        if name not in known:
            raise UnknownName(_one_of(kind), name, known, self._lacking())
        return known[name]

    def _lacking(self) -> str:
        """A name may be unknown because its plugin could not be loaded."""
        count = len(self.problems)
        plugins = f"{count} plugin{'s' * (count > 1)}"
        return f" ({plugins} could not be loaded: see `blurbench plugin list`)" if count else ""

    def resolve(self, kind: str, request: str | Mapping[str, Any]) -> Any:
        """The plugin that `request` (an expression or a table) describes. Raises UsageError in one clear line."""
        table = parse(request) if isinstance(request, str) else dict(request)
        name = table.pop("name", None)
        table.pop("revision", None)
        if not isinstance(name, str):
            raise UsageError(f"{kind}: {json.dumps(table, default=str)} has no 'name'")
        cls = self.get(kind, name).target
        assert isinstance(cls, type)
        return _construct(self, f"{_one_of(kind)} {name!r}", cls, table)

    def name_of(self, plugin: Plugin) -> str:
        """The name under which a plugin object's class is registered."""
        for kind, bases in KINDS.items():
            if isinstance(plugin, bases):
                for entry in self.entries[kind].values():
                    if entry.target is type(plugin):
                        return entry.name
        raise PluginError(f"{type(plugin).__module__}.{type(plugin).__name__} is not registered")


def _one_of(kind: str) -> str:
    return "strategy" if kind == "strategies" else kind.removesuffix("s")


def _check(entry: Entry) -> None:
    where = f"{entry.kind} {entry.name!r} from {entry.package} {entry.version} is left out: "
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.name):
        raise PluginError(where + "names are lower-case words joined by hyphens")
    if entry.kind == "suites":
        if not isinstance(entry.target, Path) or not entry.target.is_file():
            raise PluginError(where + f"{entry.target} is not a file")
        return
    cls = entry.target
    bases = KINDS[entry.kind]
    if not (isinstance(cls, type) and issubclass(cls, bases)):
        raise PluginError(where + f"it must be a class derived from {' or '.join(base.__name__ for base in bases)}")
    if not (is_dataclass(cls) and cls.__dataclass_params__.frozen):  # type: ignore[attr-defined]
        raise PluginError(where + "it must be decorated with @dataclass(frozen=True)")
    try:
        _adapters(cls)
    except Exception as error:  # whatever typing or pydantic think of a stranger's annotation
        raise PluginError(where + f"its parameters' types cannot be understood: {shortened(str(error))}") from None
    taken = {item.name for item in fields(cls)} & RESERVED
    if taken:
        raise PluginError(where + f"a parameter cannot be called {' or '.join(sorted(taken))}")
    if cls.__abstractmethods__:
        raise PluginError(where + f"it does not define {', '.join(sorted(cls.__abstractmethods__))}")


# --- validation ----------------------------------------------------------------------------------------------------


@cache
def _adapters(cls: type) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(cls, include_extras=True)
    return {item.name: TypeAdapter(hints[item.name]) for item in fields(cls) if item.init}


def _construct(menu: Menu, what: str, cls: type, table: Mapping[str, Any]) -> Any:
    adapters = _adapters(cls)
    for key in table:
        if key not in adapters:
            raise UnknownName(f"parameter of {what}:", key, adapters)
    try:
        plugin = cls(**_values(menu, what, cls, table))
    except BlurbenchError:
        raise
    except ValueError as error:
        raise UsageError(f"{what}: {shortened(str(error))}") from None
    except Exception as error:  # whatever a stranger's class raises while it is made
        raise UsageError(f"{what} cannot be made: {type(error).__name__}: {shortened(str(error))}") from None
    try:
        hash(plugin)
    except TypeError as error:
        reason = shortened(str(error))
        raise UsageError(f"{what}: its parameters must be hashable (tuples, not lists): {reason}") from None
    return plugin


def _values(menu: Menu, what: str, cls: type, table: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters, validated."""
    adapters, values = _adapters(cls), {}
    for item in fields(cls):
        if item.name in table:
            values[item.name] = _validate(menu, f"{what}: {item.name}", adapters[item.name], table[item.name])
        elif _required(item):
            raise UsageError(f"{what} needs the parameter {item.name!r}")
        elif item.init:  # validated too: equal plugins must have equal keys, however they were written
            values[item.name] = _validate(menu, f"{what}: {item.name}", adapters[item.name], _default(item))
    return values


_TELLING = ("plugin", "out_of_range", "value_error")


def _validate(menu: Menu, where: str, adapter: TypeAdapter[Any], value: Any) -> Any:
    try:
        return adapter.validate_python(_tuples(value), context={"menu": menu})
    except ValidationError as error:
        # A union reports on each of its members; the member that looked inside the value says the most.
        problems = error.errors(include_url=False)
        problem = next((item for item in problems if item["type"] in _TELLING), problems[0])
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "missing":
            message = "too few values"
        is_named = problem["type"] == "plugin" or message.endswith(f"not {_shown(value)}")
        got = "" if is_named else f" (got {_shown(value)})"
        message = (message[0].lower() + message[1:]).replace("tuple", "list")  # which is what the user wrote
        raise UsageError(f"{where}: {message}{got}") from None


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


def _tuples(value: Any) -> Any:
    """Lists from TOML and JSON become tuples, here and nowhere else."""
    if isinstance(value, list | tuple):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value


def _default(item: Field[Any]) -> Any:
    return item.default_factory() if item.default_factory is not MISSING else item.default


def _required(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


# --- from objects back to names ------------------------------------------------------------------------------------


def spec(menu: Menu, plugin: Plugin) -> dict[str, Any]:
    """The plugin as JSON: its name, its revision and every parameter. `Menu.resolve` turns it back."""
    given = [item.name for item in fields(plugin) if item.init]  # type: ignore[arg-type]
    values = {name: _json(menu, getattr(plugin, name)) for name in given}
    return {"name": menu.name_of(plugin), "revision": plugin.revision, **values}


def _json(menu: Menu, value: Any) -> Any:
    if isinstance(value, Plugin):
        return spec(menu, value)
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _json(menu, getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple | list):
        return [_json(menu, item) for item in value]
    return value


def label(menu: Menu, plugin: Plugin) -> str:
    """The shortest expression that gives this plugin: `gaussian[sigma=2]`."""
    shown = []
    for item in fields(plugin):  # type: ignore[arg-type]
        value = getattr(plugin, item.name)
        default = _default(item)
        if default is MISSING or value != default:
            shown.append(f"{item.name}={_text(menu, value)}")
    return menu.name_of(plugin) + (f"[{', '.join(shown)}]" if shown else "")


def _text(menu: Menu, value: Any) -> str:
    match value:
        case Plugin():
            return label(menu, value)
        case bool():
            return str(value).lower()
        case float():
            return _number(value)
        case tuple():
            return f"[{', '.join(_text(menu, item) for item in value)}]"
        case Range(low=low, high=high):
            return f"{{low={_number(low)}, high={_number(high)}}}"
        case Choice(choice=choice):
            return f"{{choice=[{', '.join(map(_number, choice))}]}}"
        case _:
            return str(value)


def _number(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


# --- expressions ---------------------------------------------------------------------------------------------------


def expand(request: str | Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All tables of a request; in an expression `|` separates the values of a grid: `gaussian[sigma=1|2|3]`."""
    if not isinstance(request, str):
        yield dict(request)
        return
    name, pairs = _split_expression(request)
    choices = [[(key, _value(text)) for text in _split(value, "|")] for key, value in pairs]
    for combination in product(*choices):
        yield {"name": name, **dict(combination)}


def parse(expression: str) -> dict[str, Any]:
    """The table of one expression: `gaussian[sigma=2]` gives `{"name": "gaussian", "sigma": 2}`."""
    tables = list(expand(expression))
    if len(tables) != 1:
        raise UsageError(f"{expression!r} is a grid of {len(tables)}; one is wanted here")
    return tables[0]


def _split_expression(expression: str) -> tuple[str, list[tuple[str, str]]]:
    text = expression.strip()
    name, bracket, inner = text.partition("[")
    if bracket and not inner.endswith("]"):
        raise UsageError(f"{expression!r}: the closing bracket is missing")
    pairs: list[tuple[str, str]] = []
    for part in _split(inner.removesuffix("]"), ","):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"{expression!r}: {part.strip()!r} should read name=value")
        if key.strip() in dict(pairs):
            raise UsageError(f"{expression!r}: {key.strip()!r} is given twice")
        pairs.append((key.strip(), value.strip()))
    return name.strip(), pairs


def _split(text: str, separator: str) -> list[str]:
    """Split at separators that lie in no bracket and no quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character == separator and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _value(text: str) -> Any:
    text = text.strip()
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        if re.match(r"[A-Za-z]", text):  # a bare word is a name: restorer=wiener, restorer=unet[kernel=9]
            return text
        if text.startswith("[") and text.endswith("]"):
            return [_value(part) for part in _split(text[1:-1], ",") if part.strip()]
        raise UsageError(f"{text!r} is not a TOML value (texts with spaces need quotes)") from None
