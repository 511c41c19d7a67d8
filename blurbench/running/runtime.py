"""A worker's context: it fits artifacts into the store, measures cells and times pipelines. One object a process.

Data, degraded test images and fitted artifacts stay in memory between tasks.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_model, save_model
from torch import nn

from blurbench.contract import Dataset, Degraded, Fitted, ImageSet, Predictor
from blurbench.errors import PluginError, Skip
from blurbench.imaging.gathered import Gathered
from blurbench.imaging.precision import finely
from blurbench.matrix.cell import Data
from blurbench.matrix.keys import digest
from blurbench.matrix.tasks import Evaluate, Fit, FitPredictor, Given, TimePipeline
from blurbench.measurements import MEASUREMENTS
from blurbench.measurements.contract_checks import check_module, check_predictor, plain_notes
from blurbench.registry import Registry, config
from blurbench.running.cache import Recent
from blurbench.running.images import (
    CHUNK,
    DegradedChunks,
    TrainingBlur,
    degraded_in_chunks,
    free_memory,
    image_set,
    versions,
)
from blurbench.running.stopwatch import Stopwatch
from blurbench.running.timing import time_pipeline
from blurbench.store.artifacts import STATE
from blurbench.store.dataset_cache import restored_splits
from blurbench.store.files import utf8_path
from blurbench.store.provenance import provenance
from blurbench.store.record import Record
from blurbench.store.store import Store

__all__ = ["WorkerRuntime", "seed_everything"]

T = TypeVar("T")

CACHED_BYTES = 2**30
"""A worker keeps up to so many bytes of clean images, of blurred ones, and of restored ones between tasks."""
CACHED_SHARE = 8
"""Of what is free: all workers together keep no more than so small a part of each kind."""
SHARES = 8
"""Of the memory that images may take: those of a fit, clean, blurred, varied and restored, and those that are kept."""


def _bytes(kept: tuple[ImageSet, object] | Sequence[Degraded]) -> int:
    match kept:
        case DegradedChunks():
            return 0
        case (ImageSet() as images, _):
            return 0 if isinstance(images.images, Gathered) else images.images.nbytes
        case _:
            return sum(part.images.nbytes for part in kept if isinstance(part, Degraded))


def _share_of_free_memory(device: torch.device) -> int:
    """What a worker may keep of a kind of images, with as many workers beside it as the cores would carry."""
    if (free := free_memory(device)) is None:
        return CACHED_BYTES
    return free // CACHED_SHARE // max(1, (os.cpu_count() or 1) // torch.get_num_threads())


class WorkerRuntime:
    """Carries tasks out: what `matrix.tasks.Runtime` and `measurements.Bench` ask for."""

    def __init__(
        self,
        registry: Registry,
        store: Store,
        device: torch.device,
        waiting: Callable[[], None],
        folders: Sequence[Path] = (),
        memory: int | None = None,
    ) -> None:
        self.registry, self.store, self.device, self.waiting, self.folders = registry, store, device, waiting, folders
        self.clock = Stopwatch()
        self.room = None if memory is None else memory // SHARES
        """Bytes that the images of a part may take; None: all that there is."""
        cached = min(CACHED_BYTES, _share_of_free_memory(device) if self.room is None else self.room)
        self._images, self._degraded = Recent(cached, _bytes), Recent(cached, _bytes)
        self._restored = Recent(cached, lambda parts: sum(part.nbytes for part in parts))
        self._splits, self._fitted, self._small = Recent(24), Recent(24), Recent(1000)

    # --- data ------------------------------------------------------------------------------------------------------

    def images(self, dataset: Dataset, data: Data, split: str, limit: int | None) -> ImageSet:
        """A split of a decoded data set on the device."""

        def read() -> ImageSet:
            with self.clock.phase("data"):
                splits = self._splits.get(
                    data.key, lambda: restored_splits(self.registry, self.store, dataset, data, self.folders)
                )
                return image_set(splits[split], limit, self.device, split, self.room)

        key = (data.key, split, limit)
        images, fresh = self._images.get(key, lambda: (made := read(), versions(made)))
        if versions(images) != fresh:  # a plugin changed them in place: nobody else shall meet that
            self._images.drop(key)
            self._degraded.values.clear()  # what a blur left as it was may be these images themselves
            return self.images(dataset, data, split, limit)
        return images

    def test_images(self, task: Evaluate) -> ImageSet:
        """The clean test images of a cell."""
        return self.images(task.dataset, task.data, "test", task.test_images)

    def degraded(self, task: Evaluate) -> Sequence[Degraded]:
        """The blurred test images of a cell, in chunks; made one at a time where memory does not hold them all."""
        blur: Any = task.measured.plugins["test_blur"]

        def degrade() -> Sequence[Degraded]:
            images = self.test_images(task)
            if isinstance(images.images, Gathered):
                return DegradedChunks(blur, images, task.test_seed)
            with self.clock.phase("blur"):
                return degraded_in_chunks(blur, images, task.test_seed)

        return self._degraded.get(task.shares, degrade)

    def remember(self, key: Any, make: Callable[[], T]) -> T:
        """A small value that several cells share."""
        return self._small.get(key, make)

    def restored(self, key: Any, make: Callable[[], list[torch.Tensor]]) -> list[torch.Tensor]:
        """Restored images that several cells share."""
        return self._restored.get(key, make)

    def keep_samples(self, key: str, samples: Mapping[str, NDArray[np.uint8]]) -> None:
        """Keep a few images of a cell for the pictures beside a board."""
        self.store.put_samples(key, samples)

    # --- tasks -----------------------------------------------------------------------------------------------------

    def ensure(self, task: Fit, force: bool = False) -> None:
        """Have the artifact of a fit in the store, fitting it if nobody has, or with `force`. With its lock held."""
        if force or self.store.artifact(task.key) is None:
            self._forget(task.key)
            self._fit(task, force)

    def evaluate(self, task: Evaluate, force: bool) -> str:
        """Measure a cell and store its record, unless a measured one is there. With the lock of its key held; where
        locks do not hold, the first measured record stays."""
        identity = task.measured.identity
        record = self.store.records.get(task.key)
        if force or record is None or not self.store.is_measured(task.key, identity):
            record = self.measured(task)
            if force or not self.store.is_measured(task.key, identity):
                self.store.records.put(record)
        assert record.result is not None
        return record.result.headline

    def measured(self, task: Evaluate) -> Record:
        """The record of a cell, measured now."""
        measurement = MEASUREMENTS[task.measured.measure]
        result = measurement.measure(task, self)
        own = provenance(self.device, self.registry)
        return Record(key=task.key, status="ok", **task.record_fields, result=result, provenance=own)

    def time(self, task: TimePipeline, force: bool) -> None:
        """Time a pipeline, alone on this machine."""
        with self.clock.phase("timing"):
            if not force and self.store.has_timing(task.key):
                return
            fit = next((fit for fit in task.candidates if self.store.has_artifact(fit.key)), None)
            if fit is None:
                raise Skip("none of its predictors could be fitted")
            predictor, images = self.predictor(fit), self.images(fit.dataset, fit.data, "test", CHUNK).images
            self.store.put_timing(time_pipeline(task, predictor, images, self.device))

    # --- fitting ---------------------------------------------------------------------------------------------------

    def _fit(self, task: Fit, force: bool) -> None:
        # Inputs and data first: they are no part of this fit's time, and loading an input draws random numbers.
        inputs, parts = self.inputs(task), self._training_images(task)
        before = time.perf_counter()
        with self.clock.phase(task.phase):
            seed_everything(_weights_seed(task.seed))
            module = self._built(task)
            fresh = [versions(part) for part in parts]
            given = Given(*parts, self._training_blur(task, *parts), inputs)
            notes = plain_notes(task.who, task.fit(module, given))
        if fresh != [versions(part) for part in parts]:
            raise PluginError("fitting changed its training or validation images in place; work on a clone")
        metadata = {
            "kind": task.kind,
            "config": task.config(lambda plugin: config(self.registry, plugin)),
            "notes": notes,
            "seconds": time.perf_counter() - before,
            "images_seen": int(notes.get("images_seen", 0)),
        }
        # Where locks do not hold, the first one stays: others read it.
        self.store.artifacts.put(task.key, metadata, lambda folder: _save(module or nn.Module(), folder), force)

    def _built(self, task: Fit) -> nn.Module | None:
        module = task.build()
        check_module(task.who, module)
        return None if module is None else module.to(self.device)

    def _training_images(self, task: Fit) -> tuple[ImageSet, ImageSet]:
        def images(split: str, limit: int | None) -> ImageSet:
            return self.images(task.dataset, task.data, split, limit)

        train = images("train", task.budget.train_images)
        validation = images("validation", task.budget.validation_images)
        if not task.trains_on_test_pictures:
            return train, validation
        # The report's split, for comparison: patches of every picture are fitted to, the test's among them.
        return _joined((train, validation, images("test", None))), validation

    def _training_blur(self, task: Fit, train: ImageSet, validation: ImageSet) -> TrainingBlur | None:
        if task.training_blur is None:
            return None
        return TrainingBlur(task.training_blur, task.seed, train, validation, lambda: self.clock.phase("blur"))

    # --- artifacts -------------------------------------------------------------------------------------------------

    def metadata(self, key: str) -> Mapping[str, Any] | None:
        """What the store says of an artifact; asked once."""
        return self.remember(("metadata", key), lambda: self.store.artifact(key))

    def fitted(self, task: Fit) -> Fitted:
        """The stored artifact of a fit, its network frozen and as it was fitted, whatever plugins did to it since."""
        fitted, fresh = self._fitted.get(task.key, lambda: (made := self._loaded(task), _fingerprint(made.module)))
        if _fingerprint(fitted.module) != fresh:
            self._fitted.drop(task.key)
            return self.fitted(task)
        return fitted

    def inputs(self, task: Fit) -> dict[str, Fitted]:
        """The artifacts that a fit builds on, by name; with what they predict where they are predictors."""
        return {name: self._input(needed) for name, needed in task.inputs.items()}

    def _input(self, needed: Fit) -> Fitted:
        fitted = self.fitted(needed)
        if not isinstance(needed, FitPredictor):
            return fitted
        return replace(fitted, predictor=self.predictor(needed))

    def predictor(self, task: FitPredictor) -> Predictor:
        """A fitted predictor, put together from the store."""
        strategy = task.setting.strategy
        predictor = strategy.predictor(task.setting, self.fitted(task), self.inputs(task))
        check_predictor(f"strategy {type(strategy).__name__}", predictor)
        return predictor

    def _loaded(self, task: Fit) -> Fitted:
        try:
            return self._read(task)
        except Exception:  # it was damaged on disk, whoever did that: it is fitted again, once
            with self.store.locked(task.key, self.waiting):
                self.ensure(task, force=self.store.artifact(task.key) is not None)
            return self._read(task)

    def _read(self, task: Fit) -> Fitted:
        metadata = self.store.artifact(task.key)
        if metadata is None:
            raise FileNotFoundError(task.key)
        module = self._built(task)
        if module is not None:
            _load(module, self.store.artifacts.path(task.key), self.device)
            module.eval().requires_grad_(False)
        return Fitted(module, metadata["notes"], key=task.key)

    def _forget(self, key: str) -> None:
        self._fitted.drop(key)
        self._small.drop(("metadata", key))


def _save(module: nn.Module, folder: Path) -> None:
    with utf8_path(folder) as path:
        save_model(module, str(path / STATE))


def _load(module: nn.Module, folder: Path, device: torch.device) -> None:
    """Raises ValueError for weights that no fit gives."""
    with utf8_path(folder) as path:
        load_model(module, str(path / STATE), device=str(device))
    for name, value in module.state_dict().items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ValueError(f"{name} is not finite")


def _fingerprint(module: nn.Module | None) -> tuple[Any, ...]:
    """Changes where somebody changes the weights or buffers of a network, or whether it trains."""
    if module is None:
        return ()
    tensors = [*module.parameters(), *module.buffers()]
    training = tuple(layer.training for layer in module.modules())
    if not tensors:
        return (training,)
    with torch.no_grad():
        sums = torch.stack([finely(tensor.sum()) for tensor in tensors]).tolist()
    return (training, *((id(tensor), tensor._version, total) for tensor, total in zip(tensors, sums, strict=True)))


def seed_everything(seed: int) -> None:
    """Seed all generators that a plugin might draw from beside the ones that it is given."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def _joined(parts: Sequence[ImageSet]) -> ImageSet:
    images, labels, ids = ([getattr(part, name) for part in parts] for name in ("images", "labels", "ids"))
    return ImageSet(torch.cat(images), torch.cat(labels), torch.cat(ids))


def _weights_seed(seed: int) -> int:
    """Networks of one replicate start from the same weights, so that rows differ by their remedy alone."""
    return int(digest({"weights": seed})[:12], 16)
