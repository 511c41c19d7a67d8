"""What all charts share: transparent, in a grey that reads on a white and on a dark page, the same bytes for the same
input and the same matplotlib. Who draws imports matplotlib inside the function."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from blurbench.leaderboard.escape import one_line
from blurbench.leaderboard.wording import NOTHING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["GREY", "MARKERS", "PALETTE", "SETTINGS", "plain", "save"]

GREY = "#7d8590"
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8c6bb1", "#a6761d")
"""Okabe & Ito's colours for all kinds of colour vision, less black and yellow, and two more."""
MARKERS = "osD^vPX*"
SETTINGS: Any = {"font.size": 9, "svg.hashsalt": "blurbench", "svg.fonttype": "path"}


def plain(text: str, longest: int = 90) -> str:
    """One line without the sign that starts a formula in matplotlib."""
    return one_line(text, longest).replace("$", r"\$") or NOTHING


def save(figure: Figure, path: Path) -> None:
    """Write a .png or .svg without the date and the versions that would make it another file each time."""
    when = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150, transparent=True, metadata=when)
