"""Plugins in a Python file of one's own, without packaging: `blurbench run --plugins my.py`.

A file registers what its hooks name. One without hooks registers every plugin class that it defines, under the name of
the class in lower-case words: `class SoftGlow(Blur)` is `soft-glow`. Its content is part of the keys of its plugins, so
a changed file is measured anew; other files of one's own that it imports are not.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from blurbench.contract.plugin import Plugin
from blurbench.contract.references import KINDS
from blurbench.errors import PluginError, UsageError, shortened

__all__ = ["PluginFile", "kebab", "kind_of_class"]


@dataclass(frozen=True)
class PluginFile:
    """A file as it was when it was first looked at."""

    path: Path
    digest: str
    """The SHA-256 of its content."""

    @classmethod
    def at(cls, path: str | Path) -> PluginFile:
        """The file at `path` as it is now. Raises UsageError where there is none."""
        place = Path(path).expanduser().absolute()
        if place.suffix != ".py":
            raise UsageError(f"--plugins {path}: give a Python file, whose name ends in .py")
        try:
            content = place.read_bytes()
        except OSError as error:
            raise UsageError(f"--plugins {path}: {error.strerror}; name a file that is there") from None
        return cls(place, hashlib.sha256(content).hexdigest())

    @property
    def version(self) -> str:
        """What stands for a version where there is no package."""
        return f"sha256 {self.digest[:12]}"

    @property
    def module_name(self) -> str:
        """By its content, so that every process finds the same classes under it, and old ones beside new ones."""
        return f"blurbench_file_{self.digest[:16]}"

    def load(self) -> ModuleType:
        """Its module, which is run once a process. Raises PluginError in one line."""
        if self.module_name in sys.modules:
            return sys.modules[self.module_name]
        if self != PluginFile.at(self.path):
            raise PluginError(f"{self.path.name} was changed while it was in use; run the same command again")
        spec = importlib.util.spec_from_file_location(self.module_name, self.path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[self.module_name] = module  # dataclasses and pickle look their module up
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:  # whatever a user's file raises
            del sys.modules[self.module_name]
            reason = f"{type(error).__name__}: {shortened(str(error), 200)}"
            raise PluginError(f"{self.path.name}{self._line(error)} cannot be imported: {reason}") from None
        return module

    def _line(self, error: BaseException) -> str:
        if isinstance(error, SyntaxError):  # which names its place itself
            return ""
        lines = [
            frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(self.path)
        ]
        return f", line {lines[-1]}," if lines else ""

    def classes(self) -> Iterator[tuple[str, str, type[Plugin]]]:
        """Kind, name and class of every plugin that it defines itself, in its order."""
        for cls in vars(self.load()).values():
            if not (isinstance(cls, type) and cls.__module__ == self.module_name) or inspect.isabstract(cls):
                continue
            if (kind := kind_of_class(cls)) is not None:
                yield kind, kebab(cls.__name__), cls


def kind_of_class(cls: type) -> str | None:
    """Of which kind a class's plugins are; None for a class that is no plugin's."""
    return next((kind for kind, bases in KINDS.items() if issubclass(cls, bases)), None)


def kebab(name: str) -> str:
    """A class's name as a plugin's: `SoftGlow` is `soft-glow`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower().replace("_", "-").strip("-")
