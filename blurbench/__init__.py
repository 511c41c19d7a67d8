"""blurbench: what blur costs an image classifier, which remedy wins it back, and at what price.

Plugin modules import `hookimpl` from here. The functions of `blurbench.api` are here too, looked up when they are asked
for, so that `import blurbench` stays instant and imports nothing by itself: until it has, a command cannot hear Ctrl-C.
"""

from __future__ import annotations

TYPE_CHECKING = False  # which type checkers take as true; `typing` takes longer to import than this module
if TYPE_CHECKING:
    from typing import Any

    from pluggy import HookimplMarker

    from blurbench.api import (
        Board,
        Plan,
        Run,
        blur,
        compare,
        evaluate,
        make,
        open_board,
        plan,
        plugins,
        probe,
        restore,
        run,
    )

    __version__: str
    hookimpl: HookimplMarker

__all__ = [
    "Board",
    "Plan",
    "Run",
    "__version__",
    "blur",
    "compare",
    "evaluate",
    "hookimpl",
    "make",
    "open_board",
    "plan",
    "plugins",
    "probe",
    "restore",
    "run",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            from blurbench.checkout import own_version

            return own_version()
        if name == "hookimpl":
            from pluggy import HookimplMarker

            return globals().setdefault(name, HookimplMarker("blurbench"))
        if name not in __all__:
            raise AttributeError(f"module 'blurbench' has no attribute {name!r}")
        from blurbench import api

        value = globals()[name] = getattr(api, name)
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
