"""Reads the usual ratio at each sigma off drawn scenes and writes laplacian_variance.csv.

python -m blurbench_estimators.make_laplacian_variance
"""

from __future__ import annotations

import numpy as np
import torch

from blurbench_estimators.laplacian_variance import TABLE, log_ratio
from blurbench_estimators.scenes import blurred_windows

SCENES = 72
SEED = 2002
SIGMAS = np.round(np.arange(0, 3.01, 0.25), 2)
NEAR = 0.125
"""Windows whose sigma is this near stand for a line of the table."""


def main() -> None:
    pairs = [
        (log_ratio(torch.from_numpy(windows.pixels)[:, None]).numpy(), windows.sigma)
        for windows in blurred_windows(SCENES, SEED, side=32)
    ]
    ratios, sigma = map(np.concatenate, zip(*pairs, strict=True))
    usual = [np.median(ratios[np.abs(sigma - at) <= NEAR]) for at in SIGMAS]
    falling = np.minimum.accumulate(usual) - 1e-6 * np.arange(len(usual))
    np.savetxt(TABLE, np.stack([SIGMAS, falling], 1), "%.6f", ",", header="sigma,log10_ratio", comments="")
    print(f"{TABLE}: {len(SIGMAS)} lines from {len(sigma):,} windows")


if __name__ == "__main__":
    main()
