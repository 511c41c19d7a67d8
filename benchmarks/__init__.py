"""Programmes that measure blurbench itself; they ship with the source, not with the package."""
