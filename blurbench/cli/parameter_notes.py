"""What a plugin's author wrote below a parameter, as text."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from textwrap import dedent

__all__ = ["parameter_notes"]


def parameter_notes(cls: type) -> dict[str, str]:
    """The text that stands below an attribute of `cls` or of a class that it derives from, in one line, by attribute.

    Python keeps no such text, so it is read from the source; without source there is none.
    """
    found: dict[str, str] = {}
    for one in reversed(cls.__mro__[:-1]):
        found |= _in_source_of(one)
    return found


def _in_source_of(cls: type) -> dict[str, str]:
    try:
        (body,) = ast.parse(dedent(inspect.getsource(cls))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return {}
    found = {}
    for attribute, below in pairwise(body.body if isinstance(body, ast.ClassDef) else ()):
        match attribute, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found
