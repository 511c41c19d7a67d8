"""What a check found: a line each, saying what is wrong and how to mend it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from blurbench.errors import BlurbenchError, Skip, Unavailable, UsageError, shortened

__all__ = ["Report"]

INSIDE = Path(__file__).parent


@dataclass
class Report:
    """The findings on one plugin, and what could not be checked, with the reason."""

    who: str
    findings: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def found(self, problem: str, remedy: str) -> None:
        """Note a broken promise, once however often it is met."""
        line = shortened(f"{problem}; {remedy}", 600)
        if line not in self.findings:
            self.findings.append(line)

    def expect(self, holds: bool, problem: str, remedy: str) -> bool:
        """Note `problem` unless the promise holds."""
        if not holds:
            self.found(problem, remedy)
        return holds

    def left_out(self, what: str, reason: object) -> None:
        """Note that something could not be checked."""
        line = shortened(f"{what}: {reason}", 600)
        if line not in self.unchecked:
            self.unchecked.append(line)

    @contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """Whatever the plugin raises inside becomes a finding; what it declines, or has no data for, is left out."""
        try:
            yield
        except (Skip, Unavailable) as reason:
            self.left_out(what, reason)
        except UsageError as error:
            self.left_out(what, f"it was refused: {error}")
        except BlurbenchError as error:
            self.found(f"{what}: {error}", "the contract's docstring says what is wanted")
        except Exception as error:  # a plugin may raise anything
            text = shortened(str(error), 200)
            self.found(
                f"{what} raised {type(error).__name__}: {text}{_place(error)}",
                "mend it, or raise blurbench.errors.Skip(reason) for what cannot be done",
            )


def _place(error: Exception) -> str:
    """The last line outside of this kit that led to an error."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent != INSIDE]
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
