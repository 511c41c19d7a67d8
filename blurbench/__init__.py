"""blurbench: what blur costs an image classifier, which remedy wins it back, and at what price.

Plugin modules import `hookimpl` from here; everything else is imported from the module that holds it.
"""

from pluggy import HookimplMarker

__all__ = ["hookimpl"]

hookimpl = HookimplMarker("blurbench")
