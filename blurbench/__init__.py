"""blurbench: what blur costs an image classifier, which remedy wins it back, and at what price.

Plugin modules import `hookimpl` from here. The functions of `blurbench.api` are here too, looked up when they are asked
for, so that `import blurbench` stays instant.
"""

from typing import TYPE_CHECKING, Any

from pluggy import HookimplMarker

if TYPE_CHECKING:
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

hookimpl = HookimplMarker("blurbench")

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            from blurbench.checkout import own_version

            return own_version()
        if name not in __all__:
            raise AttributeError(f"module 'blurbench' has no attribute {name!r}")
        from blurbench import api

        value = globals()[name] = getattr(api, name)
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
