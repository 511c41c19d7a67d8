"""The mathematics of blur. `convolve`, and torch with it, is imported when it is first asked for."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blurbench.imaging.convolution import convolve

__all__ = ["convolve"]


def __getattr__(name: str) -> Any:
    if name != "convolve":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from blurbench.imaging.convolution import convolve

    return convolve
