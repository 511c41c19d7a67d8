"""The kinds of plugins, and fields of one plugin that hold another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Protocol, TypeVar, get_args

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from blurbench.contract.blur import Blur
from blurbench.contract.classifier import Classifier
from blurbench.contract.dataset import Dataset
from blurbench.contract.estimator import Estimator
from blurbench.contract.metric import Metric
from blurbench.contract.paper import Paper
from blurbench.contract.plugin import Plugin
from blurbench.contract.restorer import Deconvolver, Restorer
from blurbench.contract.strategy import Strategy
from blurbench.errors import UsageError

__all__ = ["KINDS", "Ref", "Resolver"]

T = TypeVar("T")

KINDS: dict[str, tuple[type[Plugin], ...]] = {
    "blurs": (Blur,),
    "restorers": (Restorer, Deconvolver),
    "classifiers": (Classifier,),
    "strategies": (Strategy,),
    "datasets": (Dataset,),
    "estimators": (Estimator,),
    "metrics": (Metric,),
    "papers": (Paper,),
}
"""The plugin kinds that hold classes, with the classes to derive from. Suites hold files."""


class Resolver(Protocol):
    """Turns names into plugins: the registry."""

    def resolve(self, kind: str, request: str | Mapping[str, Any]) -> Any:
        """The plugin that `request` (an expression or a table) describes."""


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
            registry: Resolver = (info.context or {})["registry"]
            try:
                return registry.resolve(kind, value)
            except UsageError as error:
                raise PydanticCustomError("plugin", "{reason}", {"reason": str(error)}) from None

        return core_schema.with_info_plain_validator_function(resolve)


Ref = Annotated[T, _PluginRef()]
"""The type of a field that holds another plugin: `restorer: Ref[AnyRestorer]`."""
