"""Measuring a cell: degrade, predict, score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from blurbench.contract import Degraded, Fitted, Output, Predictor
from blurbench.errors import PluginError
from blurbench.metrics.accuracy import calibration_error, confidence_of, top_k
from blurbench.metrics.image_quality import errors, psnrs, similarities
from blurbench.registry.units import units
from blurbench.results.provenance import provenance
from blurbench.results.record import Cost, Images, Metrics, Record
from blurbench.running.analyses import deepest_maps, feature_gradients
from blurbench.running.counting import multiply_accumulates
from blurbench.running.received import check_output
from blurbench.running.workshop import Workshop
from blurbench.suites.plan import built_on

__all__ = ["evaluate", "networks_of", "predictor_of"]

SAMPLES = 8
COUNTED = 8
"""Images over which multiply-accumulates are averaged."""


def evaluate(workshop: Workshop, job: Mapping[str, Any]) -> Record:
    """Measure one cell."""
    predictor = predictor_of(workshop, job["predictor"])
    clean, degraded = workshop.test_images(job), workshop.degraded(job)
    with workshop.clock.phase("evaluation"), _looking_into(workshop, job, predictor) as gradients:
        output = _answers(predictor, degraded, job)
    with workshop.clock.phase("evaluation"), torch.inference_mode():
        predicted, confidence = confidence_of(output.logits)
        hits = predicted == clean.labels
        blurred = workshop.remember(
            ("quality", _degraded_key(job)), lambda: _quality("blurred", degraded, clean.images)
        )
        restored = {} if output.restored is None else _quality("restored", [output.restored], clean.images)
        metrics = Metrics(
            n=len(clean),
            top1=hits.float().mean().item(),
            top5=top_k(output.logits, clean.labels, 5).float().mean().item() if output.logits.shape[1] > 5 else None,
            calibration_error=calibration_error(confidence.cpu().numpy(), hits.cpu().numpy()),
            **_means(blurred),
            **_means(restored),
            observations=_observations(output, gradients),
        )
        _keep_samples(workshop, job, clean.images, degraded[0].images, output.restored)
    return Record(
        key=job["key"],
        status="ok",
        **job["record"],
        image_shape=list(clean.images.shape[1:]),
        test_blur_units=units(workshop.registry.resolve("blurs", job["test_blur"])),
        metrics=metrics,
        images=Images(
            label=clean.labels.tolist(),
            predicted=predicted.tolist(),
            confidence=[round(value, 4) for value in confidence.tolist()],
            **_each({"blurred_mse": blurred["blurred_mse"]}),
            **_each({name: values for name, values in restored.items() if name != "restored_psnr"}),
            feature_gradients=[float(f"{value:.6g}") for value in torch.cat(gradients).tolist()] if gradients else None,
        ),
        cost=_cost(workshop, job, predictor),
        provenance=provenance(workshop.device, workshop.registry),
    )


def predictor_of(workshop: Workshop, job: Mapping[str, Any]) -> Predictor:
    """Put a fitted predictor together from the store."""
    return workshop.predictor(job)


def _answers(predictor: Predictor, degraded: list[Degraded], job: Mapping[str, Any]) -> Output:
    """The predictor's answers to a stream of images, in the batches that it declares, from a fresh state."""
    predictor.start()
    return _join([_predict(predictor, part, job) for part in _batches(degraded, predictor.batch)])


def _batches(degraded: list[Degraded], size: int | None) -> Iterator[Degraded]:
    """The same images in id order, `size` at a time, with their PSFs where `size` divides a chunk."""
    longest = max(len(part.images) for part in degraded)
    if len(degraded) > 1 and (size is None or longest % size):
        images = torch.cat([part.images for part in degraded])
        degraded = [Degraded(images, None, degraded[0].noise_std, degraded[0].padding)]
    for part in degraded:
        step = size or len(part.images)
        yield from (part.part(slice(start, start + step)) for start in range(0, len(part.images), step))


def _predict(predictor: Predictor, degraded: Degraded, job: Mapping[str, Any]) -> Output:
    """Only a remedy that says so is told the PSF and the noise. It gets a copy: other rows meet the same images."""
    told = job["record"]["knows"] == "true PSF"
    with nullcontext() if predictor.gradients else torch.inference_mode():
        copy = replace(degraded, images=degraded.images.clone())
        output = predictor.predict(copy if told else replace(copy, psf=None, noise_std=0.0))
    classes = job["predictor"]["data"]["classes"]
    check_output(f"predictor {type(predictor).__name__}", output, degraded.images, classes)
    return output


@contextmanager
def _looking_into(workshop: Workshop, job: Mapping[str, Any], predictor: Predictor) -> Iterator[list[torch.Tensor]]:
    """The feature gradients of what is predicted inside; none where the suite does not ask or there are no maps."""
    network = predictor.logits_network() if "feature-gradients" in job.get("analyses", ()) else None
    if network is None:
        yield []
        return
    one = workshop.degraded(job)[0].part(slice(1))
    classifier = workshop.setting(job["predictor"]).classifier
    layer = deepest_maps(classifier, network, lambda: _answers(predictor, [one], job))
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


def _quality(what: str, parts: Iterable[Any], clean: torch.Tensor) -> dict[str, torch.Tensor]:
    """Image by image."""
    images = torch.cat([part.images if isinstance(part, Degraded) else part for part in parts]).clamp(0, 1)
    error = errors(images, clean)
    return {f"{what}_mse": error, f"{what}_psnr": psnrs(error), f"{what}_ssim": similarities(images, clean)}


def _means(quality: Mapping[str, torch.Tensor]) -> dict[str, float]:
    return {name: float(values.mean()) for name, values in quality.items()}


def _each(quality: Mapping[str, torch.Tensor]) -> dict[str, list[float]]:
    return {name: [round(value, 7) for value in values.tolist()] for name, values in quality.items()}


def _keep_samples(
    workshop: Workshop,
    job: Mapping[str, Any],
    clean: torch.Tensor,
    blurred: torch.Tensor,
    restored: torch.Tensor | None,
) -> None:
    """The first images of a restoring cell, for the pictures beside the board."""
    if restored is None:
        return
    stages = {"clean": clean, "blurred": blurred, "restored": restored}
    workshop.store.put_samples(
        job["key"],
        {name: images[:SAMPLES].clamp(0, 1).mul(255).round().byte().cpu().numpy() for name, images in stages.items()},
    )


def _degraded_key(job: Mapping[str, Any]) -> str:
    return f"{job['predictor']['data']['key']} {job['test_images']} {job['test_seed']} {job['test_blur']}"


def _cost(workshop: Workshop, job: Mapping[str, Any], predictor: Predictor) -> Cost:
    keys = {needed["key"] for needed in built_on(job["predictor"])}
    abouts = [about for key in keys if (about := workshop.about(key)) is not None]
    networks = {id(module): module for module in networks_of(predictor)}
    return Cost(
        fit_seconds=sum(about["seconds"] for about in abouts),
        fit_images_seen=sum(about["images_seen"] for about in abouts),
        fit_steps=sum(int(about["notes"].get("steps", 0)) for about in abouts),
        parameters=sum(parameter.numel() for module in networks.values() for parameter in module.parameters()),
        macs=_macs(workshop, job, predictor),
        evaluate_seconds=workshop.clock.seconds.get("evaluation", 0.0),
        timing=job["timing"],
    )


def _macs(workshop: Workshop, job: Mapping[str, Any], predictor: Predictor) -> int:
    """Multiply-accumulates an image, over the first few test images of the cell: remedies may look at the blur."""
    few = workshop.degraded(job)[0].part(slice(COUNTED))
    with multiply_accumulates() as count:
        _answers(predictor, [few], job)
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
