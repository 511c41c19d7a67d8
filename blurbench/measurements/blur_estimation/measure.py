"""Measuring what an estimator reads off the blurred test pictures, window by window."""

from __future__ import annotations

import math
import time

import torch

from blurbench.contract import Degraded, Estimator, Fitted, GaussianPsf, SigmaMap
from blurbench.errors import Skip
from blurbench.imaging.received import check_sigmas
from blurbench.imaging.windows import at_centres
from blurbench.matrix.tasks import Evaluate
from blurbench.measurements.blur_estimation.result import SMALLEST_SCALE, Errors, EstimationResult, Measured, steps_of
from blurbench.measurements.measurement import Bench
from blurbench.metrics.sigma_maps import nearest_answer, smoothed, varies_along

__all__ = ["measure", "true_sigma"]

FLATTEST = 10 / 255
PICTURED = 2
"""Maps kept of each cell, for the pictures beside the board."""


def measure(task: Evaluate, bench: Bench) -> EstimationResult:
    """Measure one cell."""
    estimator = task.measured.plugins["estimator"]
    assert isinstance(estimator, Estimator)
    fitted = bench.fitted(task.fit) if task.fit else Fitted(None)
    clean, degraded = bench.test_images(task), bench.degraded(task)
    images = torch.cat([part.images for part in degraded])
    truth = torch.cat([true_sigma(part) for part in degraded])
    # Where sigma is the same everywhere, a reading a window says all.
    is_uniform = not bool((truth != truth[..., :1, :1]).any())
    stride = estimator.window if is_uniform else task.settings["stride"]
    before = time.perf_counter()
    with bench.clock.phase("estimation"), torch.inference_mode():
        read = torch.cat([estimator.sigma_map(image[None].clone(), fitted.module, stride) for image in images])
    seconds = time.perf_counter() - before
    true_map = at_centres(truth, estimator.window, stride)
    check_sigmas("the estimator", read, tuple(true_map.shape), estimator.limits)
    flat = _flat(clean.images, estimator.window, stride)
    span = 2 * (task.settings["smoothing"] // 2 // stride) + 1
    measured, smooth = _measured(estimator, read, true_map.to(read), flat, stride, span)
    if not is_uniform:
        _keep_maps(task, bench, images, {"true": true_map, "estimate": read, "smoothed": smooth})
    elif bool((truth == truth[:1, :1, :1]).all()):
        measured = measured.model_copy(update={"uniform_sigma": float(truth[0, 0, 0])})
    return EstimationResult(
        measure="blur-estimation",
        measured=measured,
        fit=dict(fitted.notes),
        fit_seconds=_fit_seconds(task, bench),
        parameters=sum(parameter.numel() for parameter in fitted.module.parameters()) if fitted.module else 0,
        seconds=seconds,
    )


def true_sigma(degraded: Degraded) -> torch.Tensor:
    """Sigma (N, H, W) in pixels at each pixel. Raises Skip where the blur is no Gaussian."""
    n, _, height, width = degraded.images.shape
    match degraded.psf:
        case SigmaMap(sigma=sigma):
            return sigma.double()
        case GaussianPsf(sigma=sigma):
            return sigma.double()[:, None, None].expand(n, height, width)
        case _:
            raise Skip("sigma is not known: the blur is no Gaussian")


def _flat(clean: torch.Tensor, window: int, stride: int) -> torch.Tensor:
    """Whether a window of the clean picture has nothing to be read, bool (N, h, w)."""
    grey = clean.mean(1).double()
    mean, mean_square = (_window_mean(values, window)[:, ::stride, ::stride] for values in (grey, grey.square()))
    return (mean_square - mean.square()).clamp_min(0).sqrt() < FLATTEST


def _window_mean(values: torch.Tensor, window: int) -> torch.Tensor:
    sums = torch.nn.functional.pad(values.cumsum(1).cumsum(2), (1, 0, 1, 0))
    corners = sums[:, window:, window:] - sums[:, :-window, window:] - sums[:, window:, :-window]
    return (corners + sums[:, :-window, :-window]) / window**2


def _measured(
    estimator: Estimator, read: torch.Tensor, truth: torch.Tensor, flat: torch.Tensor, stride: int, span: int
) -> tuple[Measured, torch.Tensor]:
    best = nearest_answer(truth, estimator.answers, estimator.limits)
    smooth = smoothed(read, span, varies_along(truth))
    error = read - truth
    measured = Measured(
        pictures=len(read),
        readings=read.numel(),
        stride=stride,
        raw=_errors(error),
        smoothed=_errors(smooth - truth),
        oracle_mse=float((best - truth).double().square().mean()),
        mean_answer_mse=float((truth - truth.mean()).double().square().mean()),
        accuracy=None if estimator.answers is None else float((read == best).double().mean()),
        flat_share=float(flat.double().mean()),
        flat_bias=float(error[flat].double().mean()) if flat.any() else None,
        flat_biases=[float(one[where].double().mean()) for one, where in zip(error, flat, strict=True) if where.any()],
        textured_mse=float(error[~flat].double().square().mean()) if not flat.all() else None,
        smoothing=span,
    )
    return measured, smooth


def _errors(error: torch.Tensor) -> Errors:
    per_picture = error.double().square().mean((1, 2))
    mse = float(per_picture.mean())
    return Errors(mse=mse, rmse=mse**0.5, bias=float(error.double().mean()), per_picture=per_picture.tolist())


def _keep_maps(task: Evaluate, bench: Bench, images: torch.Tensor, maps: dict[str, torch.Tensor]) -> None:
    """The first maps, for pictures: in bytes, so many steps a pixel of sigma that the largest fits (`steps_of`)."""
    first = {name: values[:PICTURED] for name, values in maps.items()}
    largest = max(SMALLEST_SCALE, math.ceil(max(float(values.max()) for values in first.values())))
    kept = {name: values.mul(steps_of(largest)).round().clamp(0, 255).byte() for name, values in first.items()}
    kept["picture"] = images[:PICTURED].mul(255).round().clamp(0, 255).byte()
    kept["largest"] = torch.full((1, 1, 1), min(largest, 255), dtype=torch.uint8)
    bench.keep_samples(task.key, {name: values.cpu().numpy() for name, values in kept.items()})


def _fit_seconds(task: Evaluate, bench: Bench) -> float | None:
    metadata = bench.metadata(task.fit.key) if task.fit else None
    return metadata["seconds"] if metadata else None
