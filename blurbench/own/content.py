"""The digest of a network or a function by its content: weights, structure, and the code that is no package's.

Two objects of one digest answer alike, in this process and in others. Code is compared as it is compiled; what an
installed package holds goes by its name alone, as everywhere in keys.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import sys
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path, PurePath
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch

__all__ = ["content_digest"]

_PLAIN = (type(None), bool, int, float, complex, str, bytes, PurePath, Enum, range, slice, torch.dtype, torch.device)
_INSTALLED = {"site-packages", "dist-packages"}


class _Opaque(Exception):
    """Something whose content cannot be seen."""


def content_digest(value: Any) -> str | None:
    """The SHA-256 of a network, a function or a plain value; None where it holds what cannot be looked into."""
    found = _Content()
    try:
        found.add(value)
    except (_Opaque, RecursionError):
        return None
    return found.digest.hexdigest()


class _Content:
    """Takes in one thing after the other. What was met before is named by its number: graphs may have circles."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.met: dict[int, tuple[int, Any]] = {}
        """By address, with the thing itself: as long as it is kept nothing else gets its address."""

    def say(self, *words: object) -> None:
        self.digest.update("\0".join(map(str, words)).encode() + b"\n")

    def add(self, value: Any) -> None:
        if isinstance(value, _PLAIN):
            self.say(type(value).__qualname__, repr(value))
        elif id(value) in self.met:
            self.say("met", self.met[id(value)][0])
        else:
            self.met[id(value)] = len(self.met), value
            self._look_into(value)

    def _look_into(self, value: Any) -> None:
        match value:
            case torch.Tensor():
                self._add_tensor(value)
            case np.ndarray() if value.dtype != object:
                self.say("array", value.dtype, value.shape)
                self.digest.update(np.ascontiguousarray(value).tobytes())
            case ModuleType() | logging.Logger():
                self.say("name", value.__name__ if isinstance(value, ModuleType) else value.name)
            case type():
                self._add_class(value)
            case MethodType():
                self._add_all("method", (value.__func__, value.__self__))
            case staticmethod() | classmethod():
                self._add_all("function", (value.__func__,))
            case weakref.ref():
                self._add_all("reference", (value(),))
            case property():
                self._add_all("property", (value.fget, value.fset))
            case functools.partial():
                self._add_all("partial", (value.func, value.args, value.keywords))
            case FunctionType():
                self._add_function(value)
            case _:
                self._add_values(value)

    def _add_values(self, value: Any) -> None:
        match value:
            case Mapping():
                self._add_all("mapping", (item for pair in value.items() for item in pair))
            case list() | tuple():
                self._add_all("sequence", value)
            case set() | frozenset():
                self.say("set", *sorted(content_digest(item) or _raise() for item in value))
            case _ if hasattr(value, "__qualname__"):  # written in C
                self.say("built in", value.__qualname__)
            case _ if hasattr(value, "__dict__"):
                self._add_all("object", (type(value), dict(sorted(vars(value).items()))))
            case _:
                raise _Opaque

    def _add_all(self, what: str, values: Iterable[Any]) -> None:
        self.say(what)
        for value in values:
            self.add(value)
        self.say("end")

    def _add_tensor(self, tensor: torch.Tensor) -> None:
        self.say("tensor", tensor.dtype, tuple(tensor.shape))
        if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
            raise _Opaque
        self.digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)

    def _add_class(self, cls: type) -> None:
        self.say("class", cls.__module__, cls.__qualname__)
        if not _is_installed(cls.__module__):
            own = {name: value for name, value in sorted(vars(cls).items()) if _counts(name, value)}
            self._add_all("members", (*cls.__bases__, own))

    def _add_function(self, function: FunctionType) -> None:
        self.say("function", function.__module__, function.__qualname__)
        if _is_installed(function.__module__):
            return
        names = sorted(set(_names(function.__code__)) & function.__globals__.keys())
        self._add_code(function.__code__)
        self._add_all("values", (function.__defaults__, function.__kwdefaults__, *_captured(function)))
        self._add_all("globals", (function.__globals__[name] for name in names))

    def _add_code(self, code: CodeType) -> None:
        self.say("code", code.co_code.hex(), *code.co_names, "-", *code.co_varnames)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._add_code(constant)
            else:
                self.add(constant)


def _raise() -> str:
    raise _Opaque


def _captured(function: FunctionType) -> Iterator[Any]:
    """What a closure holds; a cell may still be empty."""
    for cell in function.__closure__ or ():
        with suppress(ValueError):
            yield cell.cell_contents


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _counts(name: str, value: Any) -> bool:
    """Whether a member of a class decides what its objects do."""
    is_code = isinstance(value, FunctionType | staticmethod | classmethod | property)
    return is_code or not (name.startswith(("__", "_abc_")))


@functools.cache
def _is_installed(module: str | None) -> bool:
    """Whether a module is part of Python or of an installed package, and no code of the user's."""
    top = (module or "").partition(".")[0]
    file = getattr(sys.modules.get(module or ""), "__file__", None)
    if top in sys.stdlib_module_names and top != "__main__":
        return True
    return file is not None and not _INSTALLED.isdisjoint(Path(file).parts)
