"""Which boards may share a table: the same suite, version, budget and content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from blurbench.matrix.keys import digest

__all__ = ["board_name", "content_digest", "in_file_names"]


def board_name(suite: str, version: int, budget: str) -> str:
    """The name of a board's files: `mnist-family.v1.standard-train-images-6000`."""
    return f"{suite}.v{version}.{in_file_names(budget)}"


def in_file_names(budget: str) -> str:
    """A budget's name, changes included, as a part of file names."""
    return "".join(character if character.isalnum() else "-" for character in budget).strip("-")


def content_digest(suite: BaseModel, budget_values: Mapping[str, Any]) -> str:
    """The digest of a suite under one budget (see `Suite.under`), its title and its other budgets aside."""
    return digest([suite.model_dump(exclude={"budgets", "title"}, exclude_none=True), dict(budget_values)])
