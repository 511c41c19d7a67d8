"""What a worker can do: fit a restorer, fit a predictor, measure a cell, time a pipeline. One object a process.

Jobs are the plain JSON of `suites.plan`. Data, degraded test images and fitted artifacts stay in memory between jobs.
"""

from __future__ import annotations

import random
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import torch
from safetensors.torch import load_model, save_model
from torch import nn

from blurbench.contract import (
    Budget,
    Degraded,
    Estimator,
    EstimatorJob,
    FitJob,
    Fitted,
    ImageSet,
    Predictor,
    Restorer,
    RestorerJob,
    Setting,
    Shape,
)
from blurbench.errors import PluginError
from blurbench.registry import Registry
from blurbench.results.decoded import read_splits
from blurbench.results.store import STATE, Store
from blurbench.running.images import TrainingBlur, degraded_in_chunks, image_set, versions
from blurbench.running.received import check_module, check_predictor, plain_notes
from blurbench.suites.keys import digest

__all__ = ["Workshop", "seed_everything"]

T = TypeVar("T")

FITTING = {
    "restorer": "restorer fitting",
    "predictor": "classifier fitting",
    "estimator": "estimator fitting",
}
"""Under what name the seconds of each kind of fit are booked."""

CACHED_BYTES = 2**30
"""A worker keeps up to so many bytes of clean images, and of blurred ones, between jobs."""


class _Recent:
    """The most recently used values, up to a total weight."""

    def __init__(self, limit: float, weigh: Callable[[Any], float] = lambda value: 1) -> None:
        self.limit, self.weigh = limit, weigh
        self.values: OrderedDict[Any, Any] = OrderedDict()

    def get(self, key: Any, make: Callable[[], T]) -> T:
        if key not in self.values:
            self.values[key] = make()
        self.values.move_to_end(key)
        while len(self.values) > 1 and sum(map(self.weigh, self.values.values())) > self.limit:
            self.values.popitem(last=False)
        value: T = self.values[key]
        return value

    def drop(self, key: Any) -> None:
        self.values.pop(key, None)


def _bytes(kept: tuple[ImageSet, object] | list[Degraded]) -> int:
    parts = kept if isinstance(kept, list) else kept[:1]
    return sum(part.images.nbytes for part in parts)


@dataclass
class Stopwatch:
    """Seconds spent in each phase of a job; nested phases count once, in the inner one."""

    seconds: dict[str, float] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    since: float = 0.0

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self._book()
        self.running.append(name)
        try:
            yield
        finally:
            self._book()
            self.running.pop()

    def _book(self) -> None:
        now = time.perf_counter()
        if self.running:
            name = self.running[-1]
            self.seconds[name] = self.seconds.get(name, 0.0) + now - self.since
        self.since = now


class Workshop:
    """Fits artifacts into the store and hands them out."""

    def __init__(self, registry: Registry, store: Store, device: torch.device, waiting: Callable[[], None]) -> None:
        self.registry, self.store, self.device, self.waiting = registry, store, device, waiting
        self.clock = Stopwatch()
        self._images, self._degraded = _Recent(CACHED_BYTES, _bytes), _Recent(CACHED_BYTES, _bytes)
        self._splits, self._fitted, self._shared = _Recent(24), _Recent(24), _Recent(1000)

    # --- data ------------------------------------------------------------------------------------------------------

    def part(self, data_key: str, name: str, limit: int | None) -> ImageSet:
        """A part of a decoded data set on the device."""

        def read() -> ImageSet:
            with self.clock.phase("data"):
                splits = self._splits.get(data_key, lambda: read_splits(self.store, data_key))
                return image_set(splits[name], limit, self.device)

        key = (data_key, name, limit)
        images, fresh = self._images.get(key, lambda: (made := read(), versions(made)))
        if versions(images) != fresh:  # a plugin changed them in place: nobody else shall meet that
            self._images.drop(key)
            self._degraded.values.clear()  # what a blur left as it was may be these images themselves
            return self.part(*key)
        return images

    def test_images(self, job: Mapping[str, Any]) -> ImageSet:
        """The clean test images of a cell."""
        return self.part(job["predictor"]["data"]["key"], "test", job["test_images"])

    def degraded(self, job: Mapping[str, Any]) -> list[Degraded]:
        """The blurred test images of a cell, in chunks."""
        blur = self.registry.resolve("blurs", job["test_blur"])

        def degrade() -> list[Degraded]:
            images = self.test_images(job)
            with self.clock.phase("blur"):
                return degraded_in_chunks(blur, images, job["test_seed"])

        key = (job["predictor"]["data"]["key"], job["test_images"], blur, job["test_seed"])
        return self._degraded.get(key, degrade)

    def remember(self, key: Any, make: Callable[[], T]) -> T:
        """A small value that several cells share."""
        return self._shared.get(key, make)

    # --- fitting ---------------------------------------------------------------------------------------------------

    def ensure(self, job: Mapping[str, Any], anew: bool = False) -> None:
        """Have the artifact of a restorer or predictor job in the store, fitting it if nobody has, or `anew`."""
        with self.store.locked(job["key"], self.waiting):
            if anew or self.store.artifact(job["key"]) is None:
                self._fitted.drop(job["key"])
                self._shared.drop(("about", job["key"]))
                self._fit(job)

    def _fit(self, job: Mapping[str, Any]) -> None:
        kind = job["kind"]
        # Inputs and data first: they are no part of this fit's time, and loading an input draws random numbers.
        inputs, parts = self.inputs(job), self._training_parts(job)
        before = time.perf_counter()
        with self.clock.phase(FITTING[kind]):
            seed_everything(_weights_seed(job["seed"]))
            module = self._build(job)
            fresh = [versions(part) for part in parts]
            notes = plain_notes(self._who(job), self._fitting(module, job, *parts, inputs))
        if fresh != [versions(part) for part in parts]:
            raise PluginError("fitting changed its training or validation images in place; work on a clone")
        about = {
            "kind": kind,
            "job": job,
            "notes": notes,
            "seconds": time.perf_counter() - before,
            "images_seen": int(notes.get("images_seen", 0)),
        }
        self.store.put_artifact(job["key"], about, lambda path: save_model(module or nn.Module(), str(path)))

    def _build(self, job: Mapping[str, Any]) -> nn.Module | None:
        """The unfitted network of a job."""
        if job["kind"] == "restorer":
            module = self._restorer(job).build(_shape(job))
        elif job["kind"] == "estimator":
            module = self._estimator(job).build()
        else:
            setting = self.setting(job)
            module = setting.strategy.build(setting)
        check_module(self._who(job), module)
        return None if module is None else module.to(self.device)

    def _fitting(
        self,
        module: nn.Module | None,
        job: Mapping[str, Any],
        train: ImageSet,
        validation: ImageSet,
        inputs: Mapping[str, Fitted],
    ) -> Mapping[str, Any]:
        """Have the plugin fit `module`; its notes."""
        if job["kind"] == "estimator":
            assert module is not None
            others = None if job["split"] == "patch" else validation
            return self._estimator(job).fit(module, EstimatorJob(train, others, self._budget(job), job["seed"]))
        blur = self._blur(job, train, validation)
        if job["kind"] == "predictor":
            setting = self.setting(job)
            return setting.strategy.fit(module, FitJob(setting, train, validation, blur, inputs))
        if module is None:
            return {}
        return self._restorer(job).fit(module, RestorerJob(train, validation, blur, self._budget(job), job["seed"]))

    def _training_parts(self, job: Mapping[str, Any]) -> tuple[ImageSet, ImageSet]:
        budget = self._budget(job)
        key = job["data"]["key"]
        train, validation = (
            self.part(key, "train", budget.train_images),
            self.part(key, "validation", budget.validation_images),
        )
        if job.get("split") != "patch":
            return train, validation
        # The report's split, for comparison: patches of every picture are fitted to, the test's among them.
        parts = train, validation, self.part(key, "test", None)
        return _joined(parts), validation

    def _blur(self, job: Mapping[str, Any], train: ImageSet, validation: ImageSet) -> TrainingBlur:
        blur = self.registry.resolve("blurs", job["train_blur"])
        return TrainingBlur(blur, job["seed"], train, validation, lambda: self.clock.phase("blur"))

    # --- from jobs to objects --------------------------------------------------------------------------------------

    def setting(self, job: Mapping[str, Any]) -> Setting:
        """The setting that a predictor job describes."""
        return Setting(
            dataset=self.registry.resolve("datasets", job["dataset"]),
            train_blur=self.registry.resolve("blurs", job["train_blur"]),
            classifier=self.registry.resolve("classifiers", job["classifier"]),
            strategy=self.registry.resolve("strategies", job["strategy"]),
            shape=_shape(job),
            classes=job["data"]["classes"],
            budget=self._budget(job),
            seed=job["seed"],
        )

    def _who(self, job: Mapping[str, Any]) -> str:
        """The plugin that a fit calls, for errors."""
        if job["kind"] == "restorer":
            return f"restorer {type(self._restorer(job)).__name__}"
        if job["kind"] == "estimator":
            return f"estimator {type(self._estimator(job)).__name__}"
        setting = self.setting(job)
        return f"strategy {type(setting.strategy).__name__} with classifier {type(setting.classifier).__name__}"

    def _restorer(self, job: Mapping[str, Any]) -> Restorer:
        restorer: Restorer = self.registry.resolve("restorers", job["restorer"])
        return restorer

    def _estimator(self, job: Mapping[str, Any]) -> Estimator:
        estimator: Estimator = self.registry.resolve("estimators", job["estimator"])
        return estimator

    def _budget(self, job: Mapping[str, Any]) -> Budget:
        return Budget(name="", **job["budget"])

    # --- artifacts -------------------------------------------------------------------------------------------------

    def about(self, key: str) -> Mapping[str, Any] | None:
        """What the store says of an artifact; asked once."""
        return self.remember(("about", key), lambda: self.store.artifact(key))

    def fitted(self, job: Mapping[str, Any]) -> Fitted:
        """The stored artifact of a job, its network frozen and as it was fitted, whatever plugins did to it since."""
        fitted, fresh = self._fitted.get(job["key"], lambda: (made := self._load(job), _fingerprint(made.module)))
        if _fingerprint(fitted.module) != fresh:
            self._fitted.drop(job["key"])
            return self.fitted(job)
        return fitted

    def inputs(self, job: Mapping[str, Any]) -> dict[str, Fitted]:
        """The artifacts that a job builds on."""
        return {name: self._input(needed) for name, needed in job["inputs"].items()}

    def _input(self, needed: Mapping[str, Any]) -> Fitted:
        """With what it predicts, where it is a predictor's."""
        fitted = self.fitted(needed)
        return fitted if needed["kind"] != "predictor" else replace(fitted, predictor=self.predictor(needed))

    def predictor(self, job: Mapping[str, Any]) -> Predictor:
        """A fitted predictor, put together from the store."""
        setting = self.setting(job)
        predictor = setting.strategy.predictor(setting, self.fitted(job), self.inputs(job))
        check_predictor(f"strategy {type(setting.strategy).__name__}", predictor)
        return predictor

    def _load(self, job: Mapping[str, Any]) -> Fitted:
        if (about := self.store.artifact(job["key"])) is None:
            self.ensure(job)  # it was damaged on disk
            about = self.store.artifact(job["key"])
            assert about is not None
        module = self._build(job)
        if module is not None:
            load_model(module, str(self.store.artifact_path(job["key"]) / STATE), device=str(self.device))
            module.eval().requires_grad_(False)
        return Fitted(module, about["notes"])


def _fingerprint(module: nn.Module | None) -> tuple[Any, ...]:
    """Changes where somebody changes the weights or buffers of a network: nobody else's rows shall meet that."""
    if module is None:
        return ()
    tensors = [*module.parameters(), *module.buffers()]
    if not tensors:
        return ()
    with torch.no_grad():
        sums = torch.stack([tensor.sum().double() for tensor in tensors]).tolist()
    return tuple((id(tensor), tensor._version, total) for tensor, total in zip(tensors, sums, strict=True))


def seed_everything(seed: int) -> None:
    """Seed all generators that a plugin might draw from beside the ones that it is given."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def _joined(parts: Sequence[ImageSet]) -> ImageSet:
    images, labels, ids = ([getattr(part, name) for part in parts] for name in ("images", "labels", "ids"))
    return ImageSet(torch.cat(images), torch.cat(labels), torch.cat(ids))


def _shape(job: Mapping[str, Any]) -> Shape:
    return Shape(*job["data"]["shape"])


def _weights_seed(seed: int) -> int:
    """Networks of one replicate start from the same weights, so that rows differ by their remedy alone."""
    return int(digest({"weights": seed})[:12], 16)
