"""Listing plugins and planning a run are instant as long as no plugin imports torch with its module."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

from blurbench.registry import Registration
from blurbench.testing.report import Report
from blurbench.testing.subjects import Subject

__all__ = ["check_imports"]

PROGRAM = """
import importlib, importlib.abc, json, runpy, sys

class Refusing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ImportError("torch is refused here")

sys.meta_path.insert(0, Refusing())
importing = []
for name in json.loads(sys.argv[1]):
    try:
        runpy.run_path(name) if name.endswith(".py") else importlib.import_module(name)
    except ImportError as error:
        if "torch is refused here" in str(error):
            importing.append(name)
    except Exception:
        pass
print(json.dumps(importing))
"""
"""Imports each module, or runs each file, where there is no torch.

Only those that ask for it are named: others fail for other reasons.
"""


def check_imports(report: Report, subject: Subject) -> None:
    """Note a module that imports torch at its top, directly or through another module."""
    if not subject.is_installed or isinstance(subject.entry.target, Path):
        return
    module = _module(subject.entry)
    modules = {
        _module(entry)
        for entry in subject.registry
        if entry.package == subject.entry.package and not isinstance(entry.target, Path)
    }
    report.expect(
        module not in _importing_torch(tuple(sorted(modules)), tuple(sys.path)),
        f"the module {Path(module).stem if subject.entry.source else module} imports torch when it is imported",
        "import torch, and what needs it, inside the methods",
    )


def _module(entry: Registration) -> str:
    """The name of a plugin's module, or the path of the file that is no package's."""
    name = entry.target.__module__
    return str(sys.modules[name].__file__) if entry.source else name


@cache
def _importing_torch(modules: tuple[str, ...], path: tuple[str, ...]) -> frozenset[str]:
    """Those of a package's modules, asked in one process."""
    start = f"import sys; sys.path[:] = {list(path)!r}\n"
    answer = subprocess.run(
        [sys.executable, "-c", start + PROGRAM, json.dumps(modules)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return frozenset(json.loads(answer.stdout.splitlines()[-1]))
