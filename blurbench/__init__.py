"""blurbench: what blur costs an image classifier, which remedy wins it back, and at what price.

Plugin modules import `hookimpl` from here; everything else is imported from the module that holds it.
"""

from typing import TYPE_CHECKING, Any

from pluggy import HookimplMarker

__all__ = ["__version__", "hookimpl"]

hookimpl = HookimplMarker("blurbench")

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> Any:
        """The version, looked up where it is asked for: that reads files."""
        if name != "__version__":
            raise AttributeError(f"module 'blurbench' has no attribute {name!r}")
        from importlib.metadata import version

        return version("blurbench")
