"""Measuring an estimator: blur whole pictures, read sigma off every window, compare with the truth at its centre."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch

from blurbench.contract import Blur, Degraded, Estimator, Fitted, GaussianPsf, SigmaMap
from blurbench.errors import Skip
from blurbench.imaging.received import check_sigmas
from blurbench.imaging.windows import at_centres
from blurbench.metrics.sigma_maps import nearest_answer, smoothed, varies_along
from blurbench.results.estimation import STEPS, Errors, Estimation, Measured
from blurbench.results.provenance import provenance
from blurbench.running.images import degraded_in_chunks
from blurbench.running.workshop import Workshop

__all__ = ["measure_estimator", "true_sigma"]

FLATTEST = 10 / 255
PICTURED = 2
"""Maps kept of each cell, for the pictures beside the board."""


def measure_estimator(workshop: Workshop, job: Mapping[str, Any]) -> Estimation:
    """Measure one cell of an estimation suite."""
    estimator: Estimator = workshop.registry.resolve("estimators", job["estimator"])
    blur: Blur = workshop.registry.resolve("blurs", job["blur"])
    fitted = workshop.fitted(job["fit"]) if job["fit"] else Fitted(None)
    clean = workshop.part(job["data"]["key"], "test", job["test_images"])
    with workshop.clock.phase("blur"):
        degraded = degraded_in_chunks(blur, clean, job["test_seed"])
    images = torch.cat([part.images for part in degraded])
    truth = torch.cat([true_sigma(part) for part in degraded])
    # Where sigma is the same everywhere, a reading a window says all.
    stride = job["stride"] if bool((truth != truth[..., :1, :1]).any()) else estimator.window
    before = time.perf_counter()
    with workshop.clock.phase("estimation"), torch.inference_mode():
        said = torch.cat([_map(estimator, image[None], fitted, stride) for image in images])
    seconds = time.perf_counter() - before
    truth = at_centres(truth, estimator.window, stride)
    check_sigmas("the estimator", said, tuple(truth.shape), estimator.limits)
    flat = _flat(clean.images, estimator.window, stride)
    span = 2 * (job["smoothing"] // 2 // stride) + 1
    measured, smooth = _measured(estimator, said, truth.to(said), flat, stride, span)
    _keep(workshop, job, images, truth, said, smooth, stride)
    return Estimation(
        key=job["key"],
        status="ok",
        **job["record"],
        measured=measured,
        fit=dict(fitted.notes),
        fit_seconds=_fit_seconds(workshop, job),
        parameters=sum(parameter.numel() for parameter in fitted.module.parameters()) if fitted.module else 0,
        seconds=seconds,
        provenance=provenance(workshop.device, workshop.registry),
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


def _map(estimator: Estimator, image: torch.Tensor, fitted: Fitted, stride: int) -> torch.Tensor:
    return estimator.sigma_map(image.clone(), fitted.module, stride)


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
    estimator: Estimator, said: torch.Tensor, truth: torch.Tensor, flat: torch.Tensor, stride: int, span: int
) -> tuple[Measured, torch.Tensor]:
    best = nearest_answer(truth, estimator.answers, estimator.limits)
    smooth = smoothed(said, span, varies_along(truth))
    error = said - truth
    measured = Measured(
        pictures=len(said),
        readings=said.numel(),
        stride=stride,
        raw=_errors(error),
        smoothed=_errors(smooth - truth),
        oracle_mse=float((best - truth).double().square().mean()),
        mean_answer_mse=float((truth - truth.mean()).double().square().mean()),
        accuracy=None if estimator.answers is None else float((said == best).double().mean()),
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


def _keep(
    workshop: Workshop,
    job: Mapping[str, Any],
    images: torch.Tensor,
    truth: torch.Tensor,
    said: torch.Tensor,
    smooth: torch.Tensor,
    stride: int,
) -> None:
    """The first maps, for pictures: `STEPS` a pixel of sigma, in bytes."""
    if not bool((truth != truth[..., :1, :1]).any()):
        return
    maps = {"true": truth, "estimate": said, "smoothed": smooth}
    kept = {
        name: values[:PICTURED].mul(STEPS).round().clamp(0, 255).byte().cpu().numpy() for name, values in maps.items()
    }
    picture = images[:PICTURED].mul(255).round().clamp(0, 255).byte().cpu().numpy()
    workshop.store.put_samples(job["key"], {"picture": picture, **kept})


def _fit_seconds(workshop: Workshop, job: Mapping[str, Any]) -> float | None:
    about = workshop.about(job["fit"]["key"]) if job["fit"] else None
    return about["seconds"] if about else None
