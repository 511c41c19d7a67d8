"""How steeply the power spectrum falls off tells how wide the Gaussian was.

Blur by a Gaussian multiplies the power at frequency f by exp(-(2 pi f sigma)^2). Of each segment of 32x32 pixels (grey,
less its mean, under a Hann window) the power in 17 rings of equal frequency is taken, in decades: the fall with
frequency shows the blur, the level at which it ends the noise and the rounding. A network of 3,348 numbers turns these
into sigma and how sure that is. It was fitted once, to drawn scenes (`scenes.py`), never to a photograph, and is
shipped: there is nothing to fit, and every photograph and texture is new to it.

Noise up to about 4/255, 8 bits and JPEG of quality 60 upwards were in what it was fitted to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Count, Estimator

if TYPE_CHECKING:
    import torch
    from torch import nn

SEGMENT = 32
STEP = SEGMENT // 2
RINGS = 17
"""Ring r holds the frequencies of r - 1/2 to r + 1/2 periods a segment; the last all above 16.5, in the corners."""
FAINTEST = 1e-9
"""Power added before the logarithm, far below that of rounding to 8 bits."""
WEIGHTS = Path(__file__).with_name("spectral.npz")


@dataclass(frozen=True)
class Spectral(Estimator):
    """Sigma from how steeply the power spectrum falls off, 0 to 3 pixels; nothing to fit.

    An image larger than a segment is read in segments that overlap by half, and each counts by how sure its reading is;
    smaller ones are mirrored at their borders.
    """

    window: Annotated[int, Count(SEGMENT, 4096)] = SEGMENT

    paper: ClassVar[str] = "power spectra as in Field 1987; fitted to dead leaves as in Lee, Mumford and Huang 2001"

    @property
    def limits(self) -> tuple[float, float]:
        return (0.0, 3.0)

    def estimate(self, images: torch.Tensor, module: nn.Module | None = None) -> torch.Tensor:
        from blurbench.imaging.sharpness import grey
        from blurbench.imaging.windows import at_least

        segments = at_least(grey(images), SEGMENT)[:, 0].unfold(1, SEGMENT, STEP).unfold(2, SEGMENT, STEP)
        sigma, spread = read(ring_powers(segments.flatten(1, 2)))
        weights = 1.0 / spread
        return ((weights * sigma).sum(1) / weights.sum(1)).clamp(*self.limits)


def ring_powers(segments: torch.Tensor) -> torch.Tensor:
    """(..., 32, 32) -> (..., 17), the mean power in each ring in decades."""
    import torch

    taper, rings = (part.to(segments.device) for part in _taper_and_rings())
    level = (segments * taper).sum((-2, -1), keepdim=True) / taper.sum()
    power = torch.fft.rfft2((segments - level) * taper).abs().square() / taper.square().sum()
    return torch.log10(power.flatten(-2) @ rings + FAINTEST)


def read(powers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(..., 17) -> sigma (...) and its spread (...), the mean absolute error that is expected of it, in pixels."""
    from torch.nn import functional as F

    weights = {name: value.to(powers.device) for name, value in _weights().items()}
    x = (powers - weights["mean"]) / weights["scale"]
    x = F.gelu(x @ weights["first"] + weights["first_bias"])
    x = F.gelu(x @ weights["second"] + weights["second_bias"])
    x = x @ weights["third"] + weights["third_bias"]
    return x[..., 0], F.softplus(x[..., 1]) + 0.05


@cache
def _weights() -> dict[str, torch.Tensor]:
    import numpy as np
    import torch

    with np.load(WEIGHTS) as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


@cache
def _taper_and_rings() -> tuple[torch.Tensor, torch.Tensor]:
    """The Hann window (32, 32), and a matrix (32 * 17, 17) that averages half a spectrum over each ring."""
    import torch

    hann = torch.hann_window(SEGMENT)
    rows, columns = torch.fft.fftfreq(SEGMENT)[:, None] * SEGMENT, torch.fft.rfftfreq(SEGMENT)[None] * SEGMENT
    ring = torch.hypot(rows, columns).round().clamp(max=RINGS)
    # Half of a real image's spectrum is kept; the columns between the first and the last stand for two.
    twice = torch.where((columns > 0) & (columns < SEGMENT / 2), 2.0, 1.0).expand(ring.shape)
    members = (ring[..., None] == torch.arange(1, RINGS + 1)) * twice[..., None]
    return hann[:, None] * hann, (members / members.sum((0, 1))).flatten(0, 1)


@hookimpl
def register_estimators(register: Callable[[str, type[Estimator]], None]) -> None:
    register("spectral", Spectral)
