"""Measuring a cell: predict what was degraded, score it, count its cost."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import nn

from blurbench.contract import Degraded, Fitted, ImageSet, Output, Predictor, Restoring
from blurbench.errors import PluginError
from blurbench.imaging.gathered import Gathered
from blurbench.matrix.tasks import Evaluate, FitPredictor
from blurbench.measurements.accuracy.analyses import deepest_maps, feature_gradients
from blurbench.measurements.accuracy.own_metrics import OwnMetrics, own_metrics
from blurbench.measurements.accuracy.result import AccuracyResult, Cost, Images, Metrics, mean_of_defined
from blurbench.measurements.at_once import at_once
from blurbench.measurements.contract_checks import check_output
from blurbench.measurements.counting import multiply_accumulates
from blurbench.measurements.measurement import Bench
from blurbench.metrics.accuracy import brier_scores, calibration_error, confidence_of, log_losses, top_k
from blurbench.metrics.image_quality import errors, psnrs, similarities
from blurbench.registry.units import units

__all__ = ["measure", "networks_of", "predict"]

Quality: TypeAlias = dict[str, torch.Tensor]
"""How far images are from the sharp ones, (N,) each."""

SAMPLES = 8
IMAGE_BY_IMAGE = ("blurred_mse", "restored_mse", "restored_ssim")
"""What is stored of every image beside its answer."""
COUNTED = 8
"""Images over which multiply-accumulates are averaged."""


def measure(task: Evaluate, bench: Bench) -> AccuracyResult:
    """Measure one cell."""
    fit = _fit_of(task)
    predictor, clean, degraded = bench.predictor(fit), bench.test_images(task), bench.degraded(task)
    with bench.clock.phase("evaluation"):
        with _looking_into(task, bench, predictor) as gradients:
            output, restored, own = _answered(task, bench, predictor, clean, degraded)
        with torch.inference_mode():
            scored = _scored(task, bench, clean, degraded, output, gradients, restored, own)
    return AccuracyResult(
        measure="accuracy",
        image_shape=list(clean.images.shape[1:]),
        photographed=task.photographs is not None,
        test_blur_units=units(task.measured.plugins["test_blur"]),
        **scored,
        cost=_cost(task, bench, predictor),
    )


def _fit_of(task: Evaluate) -> FitPredictor:
    assert isinstance(task.fit, FitPredictor)
    return task.fit


def _scored(
    task: Evaluate,
    bench: Bench,
    clean: ImageSet,
    degraded: Sequence[Degraded],
    output: Output,
    gradients: list[torch.Tensor],
    restored: Quality,
    own: OwnMetrics,
) -> dict[str, Any]:
    """Metrics over the images, and image by image."""
    predicted, confidence = confidence_of(output.logits)
    correct = predicted == clean.labels
    blurred = _blurred_quality(task, bench, clean, degraded)
    metrics = Metrics(
        n=len(clean),
        top1=correct.float().mean().item(),
        top5=top_k(output.logits, clean.labels, 5).float().mean().item() if output.logits.shape[1] > 5 else None,
        calibration_error=calibration_error(confidence.cpu().numpy(), correct.cpu().numpy()),
        log_loss=log_losses(output.logits, clean.labels).mean().item(),
        brier=max(0.0, brier_scores(output.logits, clean.labels).mean().item()),
        **_means(blurred),
        **_means(restored),
        observations=_observations(output, gradients),
        own={name: mean_of_defined(values) for name, values in own.items()},
    )
    images = Images(
        label=clean.labels.tolist(),
        predicted=predicted.tolist(),
        confidence=[round(value, 4) for value in confidence.tolist()],
        **_each({name: values for name, values in (blurred | restored).items() if name in IMAGE_BY_IMAGE}),
        feature_gradients=[float(f"{value:.6g}") for value in torch.cat(gradients).tolist()] if gradients else None,
        own=own,
    )
    if not task.photographs:
        _keep_samples(task, bench, clean.images, degraded[0].images, output.restored)
    return {"metrics": metrics, "images": images}


# --- predicting ----------------------------------------------------------------------------------------------------


def predict(predictor: Predictor, degraded: Sequence[Degraded], fit: FitPredictor) -> Output:
    """The predictor's answers to a stream of images, in the batches that it declares, from a fresh state."""
    predictor.start()
    return _join([_predict(predictor, part, fit) for part in _batches(degraded, _size(predictor, degraded))])


def _size(predictor: Predictor, degraded: Sequence[Degraded]) -> int | None:
    images = degraded[0].images
    return at_once(predictor, images.shape[1:], images.device)


def _answered(
    task: Evaluate, bench: Bench, predictor: Predictor, clean: ImageSet, degraded: Sequence[Degraded]
) -> tuple[Output, Quality, OwnMetrics]:
    """The answers; how good restored images are, and what metrics of plugins say, image by image."""
    if isinstance(clean.images, Gathered):
        return _streamed(task, bench, predictor, clean, degraded)
    shared = _restores_as(task, predictor)
    output = _answers(predictor, degraded, _fit_of(task), bench, shared)
    with torch.inference_mode():
        quality = _restored_quality(task, bench, shared, output, clean.images)
        return output, quality, _own(task, bench, clean, degraded, output)


def _streamed(
    task: Evaluate, bench: Bench, predictor: Predictor, clean: ImageSet, degraded: Sequence[Degraded]
) -> tuple[Output, Quality, OwnMetrics]:
    """As `_answered` where memory does not hold the images: of those that are restored the first ones are kept."""
    assert isinstance(clean.images, Gathered)
    predictor.start()
    outputs: list[Output] = []
    quality: dict[str, list[torch.Tensor]] = {}
    own: OwnMetrics = {}
    met = 0
    for part in _batches(degraded, _size(predictor, degraded), clean.images):
        output = _predict(predictor, part, _fit_of(task))
        tested = clean.part(slice(met, met + len(part.images)))
        with torch.inference_mode():
            for name, values in _restored_quality(task, bench, None, output, tested.images).items():
                quality.setdefault(name, []).append(values)
            for name, numbers in _own(task, bench, tested, [part], output).items():
                own.setdefault(name, []).extend(numbers)
        if output.restored is not None:
            output = replace(output, restored=output.restored[: max(0, SAMPLES - met)].clone())
        outputs.append(output)
        met += len(part.images)
    return _join(outputs), {name: torch.cat(values) for name, values in quality.items()}, own


def _answers(
    predictor: Predictor, degraded: Sequence[Degraded], fit: FitPredictor, bench: Bench, shared: Hashable | None
) -> Output:
    """As `predict`; what other rows have restored alike is taken from there."""
    if shared is None or not isinstance(predictor, Restoring):
        return predict(predictor, degraded, fit)
    predictor.start()
    size = _size(predictor, degraded)
    batches = list(_batches(degraded, size))
    restored = bench.restored((shared, size), lambda: [_restored(predictor, part, fit) for part in batches])
    return _join([_classify(predictor, *pair, fit) for pair in zip(batches, restored, strict=True)])


def _restores_as(task: Evaluate, predictor: Predictor) -> Hashable | None:
    """Equal for cells whose restored images are the same."""
    how = predictor.restores_as() if isinstance(predictor, Restoring) else None
    return None if how is None else (how, _is_told(_fit_of(task)), *task.shares)


def _batches(degraded: Sequence[Degraded], size: int | None, clean: Gathered | None = None) -> Iterator[Degraded]:
    """The same images in id order, `size` at a time, with their PSFs where `size` divides what was blurred together.
    `clean` are the images that were blurred, where memory does not hold them."""
    longest = len(degraded[0].images)
    if size is None or longest % size:
        degraded = [_joined(degraded, clean)] if len(degraded) > 1 else degraded
    for part in degraded:
        step = size or len(part.images)
        yield from (part.part(slice(start, start + step)) for start in range(0, len(part.images), step))


def _joined(degraded: Sequence[Degraded], clean: Gathered | None) -> Degraded:
    """Chunks as one; without PSFs, which may be of different sizes."""
    first = degraded[0]
    images = torch.cat([part.images for part in degraded]) if clean is None else clean.of(partial(_rows, degraded))
    return Degraded(images, None, first.noise_std, first.padding)


def _rows(degraded: Sequence[Degraded], positions: torch.Tensor) -> torch.Tensor:
    """Some of the images of all chunks, one chunk at a time."""
    length = len(degraded[0].images)
    chunks = positions // length
    parts = [degraded[chunk].images[positions[chunks == chunk] % length] for chunk in sorted(set(chunks.tolist()))]
    return torch.cat(parts)[chunks.argsort(stable=True).argsort()]


def _predict(predictor: Predictor, degraded: Degraded, fit: FitPredictor) -> Output:
    with nullcontext() if predictor.gradients else torch.inference_mode():
        output = predictor.predict(_handed(degraded, fit))
    return _checked(predictor, output, degraded, fit)


def _restored(predictor: Restoring, degraded: Degraded, fit: FitPredictor) -> torch.Tensor:
    with torch.inference_mode():
        return predictor.restore(_handed(degraded, fit))


def _classify(predictor: Restoring, degraded: Degraded, restored: torch.Tensor, fit: FitPredictor) -> Output:
    with torch.inference_mode():
        output = Output(predictor.classify(restored.clone()), restored=restored)
    return _checked(predictor, output, degraded, fit)


def _handed(degraded: Degraded, fit: FitPredictor) -> Degraded:
    """Only a remedy that says so is told the PSF and the noise. It gets a copy: other rows meet the same images."""
    copy = replace(degraded, images=degraded.images.clone())
    return copy if _is_told(fit) else replace(copy, psf=None, noise_std=0.0)


def _is_told(fit: FitPredictor) -> bool:
    return fit.setting.strategy.knows() == "true PSF"


def _checked(predictor: Predictor, output: Output, degraded: Degraded, fit: FitPredictor) -> Output:
    check_output(f"predictor {type(predictor).__name__}", output, degraded.images, fit.data.classes)
    return output


@contextmanager
def _looking_into(task: Evaluate, bench: Bench, predictor: Predictor) -> Iterator[list[torch.Tensor]]:
    """The feature gradients of what is predicted inside; none where the suite does not ask or there are no maps."""
    network = predictor.logits_network() if "feature-gradients" in task.settings.get("analyses", ()) else None
    if network is None:
        yield []
        return
    fit, first = _fit_of(task), bench.degraded(task)[0].part(slice(1))
    layer = deepest_maps(fit.setting.classifier, network, lambda: predict(predictor, [first], fit))
    if layer is None:
        yield []
        return
    with feature_gradients(layer) as parts:
        yield parts


def _observations(output: Output, gradients: list[torch.Tensor]) -> dict[str, float]:
    means = {name: values.float().mean().item() for name, values in output.observations.items()}
    return {**means, "feature_gradients": torch.cat(gradients).mean().item()} if gradients else means


def _join(parts: list[Output]) -> Output:
    restored = [part.restored for part in parts if part.restored is not None]
    if len(restored) not in (0, len(parts)) or len({frozenset(part.observations) for part in parts}) != 1:
        raise PluginError("the predictor restores or observes some of the images only; wanted all of them, or none")
    return Output(
        logits=torch.cat([part.logits.detach() for part in parts]),
        restored=torch.cat(restored).detach() if restored else None,
        observations={name: torch.cat([part.observations[name] for part in parts]) for name in parts[0].observations},
    )


# --- scoring -------------------------------------------------------------------------------------------------------


def _own(task: Evaluate, bench: Bench, tested: ImageSet, degraded: Sequence[Degraded], output: Output) -> OwnMetrics:
    asked = task.settings.get("metrics", ())
    return own_metrics(bench.registry, asked, tested, degraded, output, are_sharp=task.photographs is None)


def _blurred_quality(task: Evaluate, bench: Bench, clean: ImageSet, degraded: Sequence[Degraded]) -> Quality:
    """Image by image; nothing where there are no sharp ones."""
    if task.photographs:
        return {}
    return bench.remember(("quality", task.shares), lambda: _quality("blurred", degraded, clean.images))


def _quality(what: str, parts: Iterable[Any], clean: torch.Tensor) -> Quality:
    """Image by image."""
    error, similarity, start = [], [], 0
    for part in parts:
        images = (part.images if isinstance(part, Degraded) else part).clamp(0, 1)
        reference = clean[start : start + len(images)]
        error.append(errors(images, reference))
        similarity.append(similarities(images, reference))
        start += len(images)
    each = torch.cat(error)
    return {f"{what}_mse": each, f"{what}_psnr": psnrs(each), f"{what}_ssim": torch.cat(similarity)}


def _restored_quality(
    task: Evaluate, bench: Bench, shared: Hashable | None, output: Output, clean: torch.Tensor
) -> Quality:
    """Image by image; nothing where nothing is restored or there are no sharp ones."""
    if (restored := output.restored) is None or task.photographs:
        return {}
    if shared is None:
        return _quality("restored", [restored], clean)
    return bench.remember(("quality", shared), lambda: _quality("restored", [restored], clean))


def _means(quality: Quality) -> dict[str, float]:
    return {name: float(values.mean()) for name, values in quality.items()}


def _each(quality: Quality) -> dict[str, list[float]]:
    return {name: [round(value, 7) for value in values.tolist()] for name, values in quality.items()}


def _keep_samples(
    task: Evaluate, bench: Bench, clean: torch.Tensor, blurred: torch.Tensor, restored: torch.Tensor | None
) -> None:
    """The first images of a restoring cell, for the pictures beside the board."""
    if restored is None:
        return
    stages = {"clean": clean, "blurred": blurred, "restored": restored}
    bench.keep_samples(
        task.key,
        {name: images[:SAMPLES].clamp(0, 1).mul(255).round().byte().cpu().numpy() for name, images in stages.items()},
    )


# --- cost ----------------------------------------------------------------------------------------------------------


def _cost(task: Evaluate, bench: Bench, predictor: Predictor) -> Cost:
    keys = {part.key for part in _fit_of(task).with_all_before()}
    artifacts = [metadata for key in keys if (metadata := bench.metadata(key)) is not None]
    networks = {id(module): module for module in networks_of(predictor)}
    return Cost(
        fit_seconds=sum(metadata["seconds"] for metadata in artifacts),
        fit_images_seen=sum(metadata["images_seen"] for metadata in artifacts),
        fit_steps=sum(int(metadata["notes"].get("steps", 0)) for metadata in artifacts),
        still_improving=_any_said(metadata["notes"].get("still_improving") for metadata in artifacts),
        parameters=sum(parameter.numel() for module in networks.values() for parameter in module.parameters()),
        macs=_macs(task, bench, predictor),
        evaluate_seconds=bench.clock.seconds.get("evaluation", 0.0),
        timing=task.timing,
    )


def _any_said(answers: Iterable[bool | None]) -> bool | None:
    """Whether any fit says so; None where none says anything."""
    said = [answer for answer in answers if isinstance(answer, bool)]
    return any(said) if said else None


def _macs(task: Evaluate, bench: Bench, predictor: Predictor) -> int:
    """Multiply-accumulates an image, over the first few test images of the cell: remedies may look at the blur."""
    few = bench.degraded(task)[0].part(slice(COUNTED))
    with multiply_accumulates() as count:
        predict(predictor, [few], _fit_of(task))
    return round(count() / len(few.images))


def networks_of(predictor: Any) -> Iterator[nn.Module]:
    """The networks that run when a predictor predicts, found among its attributes."""
    for value in vars(predictor).values():
        if isinstance(value, nn.Module):
            yield value
        elif isinstance(value, Fitted | Predictor):
            yield from networks_of(value)
        elif isinstance(value, Mapping):
            for fitted in value.values():
                if isinstance(fitted, Fitted):
                    yield from networks_of(fitted)
