"""What every contender's result is compared with: the definition of the blur, in float64, at some pixels of each image.

    blurred[p] = sum over offsets o of psf[o] * image[p - o]

No code is shared with the convolution that is timed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from benchmarks.timing.families import Case, changed
from blurbench.contract import SigmaMap
from blurbench.imaging.psf import dense

__all__ = ["AGREE", "Truth"]

AGREE = 1e-4
"""Results that differ by no more than this are called the same."""

PIXELS = 4096
"""So many pixels are compared, the corners of every image among them."""

IMAGES = 256
"""So many images are compared at most, the first and the last among them."""

Samples = NDArray[np.float64]


class Truth:
    """The true values of a case at its sampled pixels, of some images where there are thousands."""

    def __init__(self, case: Case) -> None:
        self.images = np.linspace(0, len(case.images) - 1, min(len(case.images), IMAGES)).astype(int).tolist()
        case = replace(case, images=self._some(case.images), psf=changed(case.psf, self._some))
        self.rows, self.columns = _pixels(case)
        self.values = _values(case, self.rows, self.columns)

    def difference(self, blurred: torch.Tensor) -> float:
        """The largest difference of blurred images (N, C, H, W) at these pixels; infinite where one is no number."""
        which = np.arange(len(self.rows))[:, None]
        sampled = self._some(blurred.detach()).numpy()[which, :, self.rows, self.columns]
        worst = float(np.abs(sampled - self.values).max())
        return worst if np.isfinite(worst) else float("inf")

    def _some(self, values: torch.Tensor) -> torch.Tensor:
        return values[self.images].cpu()


def _pixels(case: Case) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns (N, P)."""
    n, _, height, width = case.images.shape
    random = np.random.Generator(np.random.PCG64(1))
    count = max(4, PIXELS // n)
    rows, columns = random.integers(0, height, (n, count)), random.integers(0, width, (n, count))
    corners = np.array([(0, 0), (0, width - 1), (height - 1, 0), (height - 1, width - 1)])
    return (
        np.concatenate([np.broadcast_to(corners[:, 0], (n, 4)), rows], 1),
        np.concatenate([np.broadcast_to(corners[:, 1], (n, 4)), columns], 1),
    )


def _values(case: Case, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Samples:
    """(N, P, C)."""
    found = []
    for number, image in enumerate(case.images.cpu().numpy()):
        kernels = _kernels(case, number, rows[number], columns[number])
        half = kernels.shape[-1] // 2
        padded = np.pad(image, ((0, 0), (half, half), (half, half)), mode="reflect")
        windows = sliding_window_view(padded, kernels.shape[-2:], axis=(1, 2))[:, rows[number], columns[number]]
        # Mirrored: the offset o reads the pixel at p - o.
        found.append(np.einsum("cpab,pab->pc", windows[..., ::-1, ::-1].astype(np.float64), kernels))
    return np.stack(found)


def _kernels(case: Case, number: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Samples:
    """The PSF of one image at its pixels, (P, k, k)."""
    if isinstance(case.psf, SigmaMap):
        assert case.psf.radius is not None
        sigma = case.psf.sigma[number].cpu().numpy()[rows, columns]
        radius = case.psf.radius[number].cpu().numpy()[rows, columns]
        x = np.arange(-radius.max(), radius.max() + 1)
        profile = np.exp(-0.5 * (x / sigma[:, None]) ** 2) * (np.abs(x) <= radius[:, None])
        profile /= profile.sum(1, keepdims=True)
        return np.asarray(profile[:, :, None] * profile[:, None, :])
    kernel = dense(changed(case.psf, lambda values: values[number : number + 1])).weights[0].cpu().numpy()
    return np.broadcast_to(kernel, (len(rows), *kernel.shape))
