"""What all kinds of plugins share."""

from __future__ import annotations

from abc import ABC
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

__all__ = ["Control", "Knows", "Plugin"]

Knows: TypeAlias = Literal["nothing", "training blur", "true PSF"]
"""What a remedy is told about the blur that it meets. Rows that know the true PSF are oracles and rank apart."""

Control: TypeAlias = Literal["", "identity", "wrong PSF", "right PSF", "more steps"]
"""What a remedy is a control for: one that changes no image, one that is told a wrong PSF, one that is told the true
one, one that is no remedy and takes more optimiser steps. Empty: it is none."""


class Plugin(ABC):  # noqa: B024 - it has no method of its own
    """What all kinds share."""

    revision: ClassVar[int] = 1
    """Raise it by hand when results change: it is part of every key, so old artifacts are no longer reused."""

    def files(self) -> tuple[Path, ...]:
        """Files of the user's that decide what it does, such as weights: their content is part of every key, so that a
        changed file is measured anew."""
        return ()

    paper: ClassVar[str] = ""
    """Where it comes from: authors, year, section."""
