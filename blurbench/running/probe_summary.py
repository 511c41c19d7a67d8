"""Many pictures in a few numbers: quantiles of their sigmas, how many are blurred, how they spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BIN", "BLURRED", "Summary", "summary"]

BLURRED = 1.0
"""Sigma in pixels from which a picture counts as blurred; sharp photographs read up to about 0.7."""
BIN = 0.25
"""Pixels of sigma, of the histogram."""
_BARS = 40
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True, eq=False)
class Summary:
    """Of the pictures that were read."""

    pictures: int
    refused: int
    sigmas: NDArray[np.float64]
    """Those of pictures with a sigma and without motion."""
    motion: int
    limit: float

    @property
    def unread(self) -> int:
        """Pictures without anything to read."""
        return self.pictures - len(self.sigmas) - self.motion

    @property
    def blurred(self) -> int:
        """Pictures of sigma 1 or more, or with motion."""
        return int((self.sigmas >= BLURRED).sum()) + self.motion

    def quantiles(self) -> dict[str, float]:
        """By their names, p10 to p90; none where no picture has a sigma."""
        import numpy as np

        if not self.sigmas.size:
            return {}
        found = np.quantile(self.sigmas, _QUANTILES)
        return {f"p{100 * share:.0f}": round(float(value), 3) for share, value in zip(_QUANTILES, found, strict=True)}

    def bins(self) -> list[tuple[float, int]]:
        """The lower end of each bin of a quarter of a pixel, and how many pictures lie in it; the last is open."""
        import numpy as np

        last = int(np.floor(self.sigmas.max(initial=0.0) / BIN))
        counts = np.bincount(np.floor(self.sigmas / BIN).astype(int), minlength=last + 1)
        return [(BIN * place, int(count)) for place, count in enumerate(counts)]

    def facts(self) -> dict[str, Any]:
        """As JSON."""
        read = len(self.sigmas) + self.motion
        return {
            "pictures": self.pictures,
            "refused": self.refused,
            "nothing_to_read": self.unread,
            "motion": self.motion,
            "blurred": self.blurred,
            "blurred_from_px": BLURRED,
            "blurred_share": round(self.blurred / read, 4) if read else None,
            "sigma_quantiles_px": self.quantiles(),
            "histogram": [{"from_px": low, "pictures": count} for low, count in self.bins()],
        }

    def lines(self) -> list[str]:
        """As text, with a histogram of bars."""
        read = len(self.sigmas) + self.motion
        left = [f"{self.unread} with nothing to read"] * bool(self.unread) + [f"{self.refused} refused"] * bool(
            self.refused
        )
        lines = [f"{read} pictures read" + (f" ({', '.join(left)})" if left else "")]
        if read:
            moved = f", {self.motion} of them by motion" if self.motion else ""
            lines[0] += f"; {self.blurred} ({self.blurred / read:.0%}) blurred: sigma {BLURRED:.1f} or more{moved}"
        if self.sigmas.size:
            lines.append("sigma, quantiles: " + "  ".join(f"{name} {v:.2f}" for name, v in self.quantiles().items()))
            most = max(count for _, count in self.bins())
            for low, count in self.bins():
                bar = "#" * (-(-_BARS * count // most))
                lines.append(f"{low:5.2f} to {low + BIN:4.2f}  {count:6}  {bar}".rstrip())
        return lines


def summary(sigmas: Sequence[float | None], moved: Sequence[bool], refused: int, limit: float) -> Summary:
    """Of the sigma (None: nothing to read) of each picture, and whether it shows motion."""
    import numpy as np

    still = [sigma for sigma, moves in zip(sigmas, moved, strict=True) if sigma is not None and not moves]
    return Summary(len(sigmas), refused, np.array(still, np.float64), sum(moved), limit)
