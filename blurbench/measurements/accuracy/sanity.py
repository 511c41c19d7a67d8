"""What must hold inside one classifier's result, whoever wrote it, beyond its schema."""

from __future__ import annotations

import math

import numpy as np

from blurbench.measurements.accuracy.result import AccuracyResult, Cost, Images, Metrics

__all__ = ["sanity_check"]

MOST_SECONDS = 1e8
"""Three years."""
FASTEST = 1e7
"""Images a second that nothing reaches."""
SHORTEST_STEP = 5e-6
"""Seconds: no step of an optimiser is done sooner."""
MOST_PARAMETERS, MOST_MACS = 10**13, 10**17
HIGHEST_PSNR = 100.0
"""In dB, of identical images: see `metrics.image_quality`."""
BINS = 15
ROUNDING = 5e-5
"""Confidences are stored with four decimals."""


def sanity_check(result: AccuracyResult) -> None:
    """Raise ValueError in one line for what cannot have been measured."""
    _check_metrics(result.metrics)
    _check_images(result.images)
    _check_calibration(result.metrics.calibration_error, result.images)
    _check_scores(result.metrics, result.images)
    _check_cost(result.cost, result.metrics.n)


def _check_metrics(metrics: Metrics) -> None:
    if metrics.top5 is not None and metrics.top5 < metrics.top1 - 1e-6:
        raise ValueError(f"metrics: top5 {metrics.top5:g} is below top1 {metrics.top1:g}")
    for stage in ("blurred", "restored"):
        mse, psnr, ssim = (getattr(metrics, f"{stage}_{name}") for name in ("mse", "psnr", "ssim"))
        if len({value is None for value in (mse, psnr, ssim)}) > 1:
            raise ValueError(f"metrics: of {stage}_mse, _psnr and _ssim some are missing")
        if mse is None:
            continue
        if not 0 <= mse <= 1:
            raise ValueError(f"metrics: {stage}_mse {mse:g} is not in 0..1")
        if not -1 - 1e-6 <= ssim <= 1 + 1e-6:
            raise ValueError(f"metrics: {stage}_ssim {ssim:g} is not in -1..1")
        # The logarithm is convex: the mean of PSNRs is not below the PSNR of the mean error.
        if not -10 * math.log10(max(mse, 10 ** (-HIGHEST_PSNR / 10))) - 0.01 <= psnr <= HIGHEST_PSNR:
            raise ValueError(f"metrics: {stage}_psnr {psnr:g} cannot be with {stage}_mse {mse:g}")


def _check_images(images: Images) -> None:
    for name, low in (("blurred_mse", 0.0), ("restored_mse", 0.0), ("restored_ssim", -1.0)):
        values = getattr(images, name)
        if values and not low - 1e-6 <= min(values) <= max(values) <= 1 + 1e-6:
            raise ValueError(f"images: a value of {name} is not in {low:g}..1")


def _check_calibration(stated: float, images: Images) -> None:
    from blurbench.metrics.accuracy import calibration_error  # imports torch

    confidence = np.array(images.confidence)
    correct = np.array(images.label) == np.array(images.predicted)
    found = calibration_error(confidence, correct, BINS)
    at_an_edge = np.abs(confidence * BINS - np.round(confidence * BINS)) <= ROUNDING * BINS * 1.01
    if abs(found - stated) > 2 * ROUNDING + 2 * at_an_edge.mean():
        raise ValueError(f"metrics: calibration_error is {stated:.4f}, but the confidences give {found:.4f}")


def _check_scores(metrics: Metrics, images: Images) -> None:
    """A hit has its confidence; a wrong answer leaves the true label no more than that, nor than the rest of 1."""
    confidence = np.clip(np.array(images.confidence), ROUNDING, 1)
    correct = np.array(images.label) == np.array(images.predicted)
    most = np.where(correct, confidence, np.minimum(confidence, 1 - confidence)) + ROUNDING
    least = {"log_loss": -np.log(np.minimum(most, 1)).mean(), "brier": np.square(np.maximum(0, 1 - most)).mean()}
    for name, low in least.items():
        if (stated := getattr(metrics, name)) is not None and stated < low - 1e-6:
            raise ValueError(f"metrics: {name} is {stated:.4f}, but the confidences leave no less than {low:.4f}")


def _check_cost(cost: Cost, images: int) -> None:
    for name in ("fit_seconds", "evaluate_seconds"):
        if getattr(cost, name) > MOST_SECONDS:
            raise ValueError(f"cost: {name} {getattr(cost, name):g} is more than three years")
    if cost.fit_images_seen > FASTEST * cost.fit_seconds:
        raise ValueError(f"cost: {cost.fit_images_seen} images seen in {cost.fit_seconds:g} s of fitting")
    if images > FASTEST * cost.evaluate_seconds:
        raise ValueError(f"cost: {images} images evaluated in {cost.evaluate_seconds:g} s")
    if cost.parameters > MOST_PARAMETERS:
        raise ValueError(f"cost: {cost.parameters} parameters")
    if cost.macs is not None and cost.macs > MOST_MACS:
        raise ValueError(f"cost: {cost.macs} multiply-accumulates an image")
    if cost.macs == 0 < cost.parameters:
        raise ValueError(f"cost: no multiply-accumulates with {cost.parameters} parameters")
    if cost.fit_steps is None:
        return
    if cost.fit_steps > cost.fit_images_seen:
        raise ValueError(f"cost: {cost.fit_steps} steps over {cost.fit_images_seen} images")
    if cost.fit_seconds < SHORTEST_STEP * cost.fit_steps:
        raise ValueError(f"cost: {cost.fit_steps} steps in {cost.fit_seconds:g} s of fitting")
