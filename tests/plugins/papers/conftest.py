"""Boards written by hand."""

from tests.papers.conftest import board

__all__ = ["board"]
