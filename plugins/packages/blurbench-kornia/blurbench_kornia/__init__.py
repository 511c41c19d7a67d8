"""Filters of kornia as plugins of blurbench, one a file."""
