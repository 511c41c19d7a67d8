"""Tasks that take time and do nothing."""

from __future__ import annotations

from dataclasses import dataclass

from blurbench.matrix.tasks import Results, Runtime, Task


@dataclass(frozen=True, eq=False)
class Chore(Task):
    """Something that takes time, after other things."""

    after: tuple[Task, ...] = ()
    seconds: float = 1.0

    urgency = 1
    usual_seconds = 1.0

    @property
    def needs(self) -> tuple[Task, ...]:  # type: ignore[override]
        return self.after

    @property
    def alike(self) -> tuple[str]:
        return ("chore",)

    def run(self, runtime: Runtime, force: bool) -> str:
        return ""

    def is_stored(self, store: Results) -> bool:
        return False


class Urgent(Chore):
    """Goes first."""

    urgency = 0


class Quiet(Chore):
    """Wants the machine for itself."""

    urgency = 4
    wants_quiet = True
