"""What all charts share: transparent, in a grey that reads on a white and on a dark page, the same bytes for the same
input and the same matplotlib. Who draws imports matplotlib inside the function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from numpy.typing import NDArray

from blurbench.board.render.escape import one_line
from blurbench.board.render.formatting import NOTHING
from blurbench.board.schema import RankedStrategy, SweepRow
from blurbench.store.written import MARK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["GREY", "MARKERS", "PALETTE", "SETTINGS", "distinct", "drawn", "in_lines", "merged", "plain", "styled"]

T = TypeVar("T", SweepRow, RankedStrategy)

GREY = "#7d8590"
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8c6bb1", "#a6761d")
"""Okabe & Ito's colours for all kinds of colour vision, less black and yellow, and two more."""
MARKERS = "osD^vPX*"
SETTINGS: Any = {"font.size": 9, "svg.hashsalt": "blurbench", "svg.fonttype": "path"}


def plain(text: str, longest: int = 90) -> str:
    """One line without the sign that starts a formula in matplotlib."""
    return one_line(text, longest).replace("$", r"\$") or NOTHING


def in_lines(title: str, width: int, break_on_hyphens: bool = True) -> str:
    """A title in lines of at most so many letters."""
    return "\n".join(wrap(plain(title), width, break_on_hyphens=break_on_hyphens))


def distinct(rows: Sequence[T], heights: Callable[[T], Sequence[float]]) -> list[T]:
    """The rows that are worth a line: without controls that would lie under the line of a row that is none."""
    drawn = [_rounded(heights(row)) for row in rows if not row.control]
    return [row for row in rows if not (row.control and _rounded(heights(row)) in drawn)]


def _rounded(heights: Sequence[float]) -> list[float]:
    """Fractions as near as a chart can show them."""
    return [round(height, 3) for height in heights]


def merged(stages: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Every stage of sample images once: those that are the same byte by byte share a label, `blurred, identity`."""
    names: dict[tuple[str, tuple[int, ...], bytes], list[str]] = {}
    for name, images in stages.items():
        names.setdefault((images.dtype.str, images.shape, images.tobytes()), []).append(name)
    return {", ".join(same): stages[same[0]] for same in names.values()}


def styled(axes: Axes, title: str, grid: Literal["both", "y"] = "y") -> None:
    """A panel without a frame, under a title."""
    axes.set_title(title, color=GREY, fontsize=10)
    axes.tick_params(colors=GREY, length=0)
    axes.grid(axis=grid, color=GREY, alpha=0.25, linewidth=0.6)
    axes.spines[:].set_visible(False)
    axes.patch.set_alpha(0)


def drawn(figure: Figure, suffix: str = ".png", **options: Any) -> bytes:
    """A picture of the kind of `suffix`, without a date or versions: the same bytes each time."""
    buffer = BytesIO()
    says = {"Date": None, "Creator": MARK} if suffix == ".svg" else {"Software": MARK}
    figure.savefig(buffer, format=suffix[1:], metadata=says, **{"dpi": 150, "transparent": True, **options})
    return buffer.getvalue()
