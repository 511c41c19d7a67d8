"""A network measured as it is, under blurs, with remedies: a suite of its own, done in this process."""

from __future__ import annotations

import copy
import hashlib
import logging
import re
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from blurbench.checkout import own_version
from blurbench.contract import Blur, Classifier, Dataset, Plugin, Shape, Strategy
from blurbench.errors import UsageError
from blurbench.matrix.keys import digest
from blurbench.matrix.suite import AccuracySuite, Matrix
from blurbench.own.content import content_digest
from blurbench.own.data import images_and_labels
from blurbench.own.given import (
    AsItIs,
    GivenImages,
    GivenNetwork,
    Images,
    MappedClasses,
    Network,
    OwnNetwork,
    holding,
    shown_error,
)
from blurbench.registry import Registration, Registry, config, expand, label
from blurbench.registry.discovery import discover, use
from blurbench.running.devices import chosen_device
from blurbench.running.folders import data_folders
from blurbench.running.session import Request, Session
from blurbench.store.dataset_cache import describe
from blurbench.store.store import Store

__all__ = ["Evaluation", "Kept", "check_measured", "recalling", "session_of"]

BUDGET = "as-it-is"
GIVEN, AS_IT_IS, IMAGES, MAPPED = (
    f"{name}-in-python" for name in ("network-given", "as-it-is", "images-given", "classes-mapped")
)
"""The names of what is given, in the registry of its evaluation alone: whoever meets a record elsewhere sees why it
cannot be measured again."""
SHOWN = 6
"""Digits of a digest that tell images without a name apart."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What is to be measured: the arguments of `blurbench.evaluate`."""

    model: Any
    data: Any
    blurs: tuple[str | Plugin, ...]
    strategies: tuple[str | Plugin, ...]
    train_blurs: tuple[str | Plugin, ...]
    metrics: tuple[str | Plugin, ...]
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    name: str
    version: str
    side: int
    batch: int
    seeds: int
    test_seed: int
    test_images: int | None
    device: str
    threads: int
    timing: bool
    out: Path | None
    data_dirs: tuple[Path, ...]
    plugins: tuple[Path, ...]


@dataclass(eq=False)
class Kept:
    """What a run needs for as long as somebody has it."""

    things: list[Any] = field(default_factory=list)

    def folder(self) -> Path:
        """One that goes when this goes."""
        folder = tempfile.mkdtemp(prefix="blurbench-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)


@dataclass
class _Parts:
    """The suite in the making: its registry, what must be kept alive, and the tables behind its labels."""

    registry: Registry
    store: Store
    folders: tuple[Path, ...]
    device: str
    kept: Kept
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)

    def label(self, kind: str, name: str, plugin: Plugin) -> str:
        """A label that stands for a plugin, and for nothing else."""
        shown = f"{name} (own)" if name in self.registry.entries[kind] or name in self.labels else name
        self.labels[shown] = config(self.registry, plugin)
        return shown

    def register(self, kind: str, name: str, target: type[Plugin]) -> None:
        self.registry.add(Registration(kind, name, target, "blurbench", own_version()))


def session_of(asked: Evaluation) -> tuple[Session, Kept]:
    """The session that measures it, and what must be kept as long as the session is used. Raises UsageError."""
    use(asked.plugins)
    kept = Kept()
    store = Store(kept.folder() if asked.out is None else asked.out.expanduser())
    store.create()
    is_function = callable(asked.model) and not isinstance(asked.model, nn.Module)
    device = "cpu" if is_function and asked.device == "auto" else chosen_device(asked.device)
    parts = _Parts(discover().copy(), store, data_folders(asked.data_dirs), device, kept)
    parts.register("datasets", MAPPED, MappedClasses)
    parts.register("classifiers", AS_IT_IS, AsItIs)
    suite = _suite(asked, parts)
    request = Request(
        suite=suite.name,
        budget=BUDGET,
        out=store.root,
        seeds=asked.seeds,
        data_dirs=asked.data_dirs,
        device=device,
        jobs=0,
        threads=asked.threads,
        verb=(),
        timing=asked.timing,
        metrics=tuple(_expressions(parts.registry, "metrics", asked.metrics)),
    )
    return Session(request, parts.registry, suite), kept


def recalling(registry: Registry) -> Registry:
    """A copy that knows what evaluations record. What was given as an object of Python only says that it is gone; but
    images are read from the results folder, which holds them decoded."""
    known = registry.copy()
    classes: tuple[tuple[str, str, type[Plugin]], ...] = (
        ("classifiers", GIVEN, GivenNetwork),
        ("classifiers", AS_IT_IS, AsItIs),
        ("datasets", IMAGES, GivenImages),
        ("datasets", MAPPED, MappedClasses),
    )
    for kind, name, cls in classes:
        known.add(Registration(kind, name, cls, "blurbench", own_version()))
    return known


def check_measured(session: Session) -> None:
    """Raises UsageError with the reason where the network itself could not be measured, not even on sharp images."""
    assert isinstance(session.suite, AccuracySuite)
    baseline = session.suite.baseline
    for cell in session.plan.cells:
        blur = cell.plugins["test_blur"]
        assert isinstance(blur, Blur)
        if not (blur.is_identity and cell.labels["strategy"] == baseline):
            continue
        record = session.store.records.get(cell.key)
        if record is None or record.status != "ok":
            reason = record.reason if record else cell.skip or "it was not measured"
            raise UsageError(f"{cell.labels['classifier']} could not be measured: {reason}")


# --- the suite -----------------------------------------------------------------------------------------------------


def _suite(asked: Evaluation, parts: _Parts) -> AccuracySuite:
    source = _source(asked, parts)
    if isinstance(asked.model, str | Classifier):
        dataset = _dataset(asked, parts, source, None)
        classifier = _expressed(asked, parts, dataset)
    else:
        network = _network(asked, parts)
        dataset = _dataset(asked, parts, source, network)
        classifier = parts.label("classifiers", asked.name or _name(asked.model), network)
    suite = AccuracySuite(name="evaluation", version=1, **_content(asked, parts, dataset, classifier))
    name = f"{_slug(f'{classifier}-on-{dataset}')}-{digest(suite.model_dump())[:8]}"
    return suite.model_copy(update={"name": name})


def _content(asked: Evaluation, parts: _Parts, dataset: str, classifier: str) -> dict[str, Any]:
    registry = parts.registry
    no_blur = registry.name_of(registry.identity_blur())
    blurs = [shown for shown in _expressions(registry, "blurs", asked.blurs) if shown != no_blur]
    strategies = [_strategy(parts, value) for value in _each(registry, "strategies", asked.strategies)]
    baseline = AccuracySuite.model_fields["baseline"].default
    return {
        "title": f"{classifier} as it is, on {dataset}",
        "test_seed": asked.test_seed,
        "datasets": [dataset],
        "train_blurs": _expressions(registry, "blurs", asked.train_blurs) or [no_blur],
        "test_blurs": [no_blur, *blurs],
        "labels": parts.labels,
        "matrix": [Matrix(classifiers=[classifier], strategies=list(dict.fromkeys([baseline, *strategies])))],
        "budgets": {BUDGET: {"test_images": asked.test_images} if asked.test_images else {}},
    }


def _each(registry: Registry, kind: str, values: Sequence[str | Plugin]) -> Iterable[Any]:
    """The plugins that are asked for; a grid is several."""
    for value in values:
        if isinstance(value, Plugin):
            yield value
        else:
            yield from (registry.resolve(kind, table) for table in expand(value))


def _expressions(registry: Registry, kind: str, values: Sequence[str | Plugin]) -> list[str]:
    return list(dict.fromkeys(label(registry, plugin) for plugin in _each(registry, kind, values)))


def _strategy(parts: _Parts, strategy: Strategy) -> str:
    """Its label; what it stands for leaves the network as it is, where the strategy can."""
    shown, kept = label(parts.registry, strategy), strategy.around_given()
    if kept != strategy:
        parts.labels[shown] = config(parts.registry, kept)
    return shown


def _slug(text: str) -> str:
    return "-".join(re.findall("[a-z0-9]+", text.lower()))[:60].strip("-")


# --- networks ------------------------------------------------------------------------------------------------------


def _expressed(asked: Evaluation, parts: _Parts, dataset: str) -> str:
    """The label of a classifier that is named. Raises UsageError where it has no weights for the data set's classes."""
    for option in ("mean", "deviation"):
        if getattr(asked, option):
            raise UsageError(f"{option}= is for networks that are given; the plugin has parameters of its own")
    (classifier,) = _each(parts.registry, "classifiers", (asked.model,))
    shown, plugin = (
        label(parts.registry, classifier),
        parts.registry.resolve("datasets", parts.labels.get(dataset, dataset)),
    )
    classes = describe(parts.registry, parts.store, plugin, parts.folders).classes
    if not classifier.has_weights(classes):
        raise UsageError(
            f"{shown} has no weights for {classes} classes, and evaluate fits nothing: give a trained network, as a "
            "module or as a checkpoint, and class_names= where the data lack some of its classes"
        )
    kept = classifier if classifier.is_given else AsItIs(classifier)
    return parts.label("classifiers", asked.name or shown, kept)


def _network(asked: Evaluation, parts: _Parts) -> GivenNetwork:
    """A plugin that holds a copy of the network, whose content is its key."""
    if not callable(asked.model):
        raise UsageError(
            f"model is of the type {type(asked.model).__name__}: give a torch.nn.Module, a function from images to "
            "logits, or an expression of a classifier"
        )
    held = Network(_copied(asked.model), asked.batch)
    content = asked.version or content_digest(held.ask)
    if content is None:
        content = uuid.uuid4().hex
        logging.getLogger("blurbench").warning(
            "%s holds what cannot be compared, so it is measured anew each time, unless version= names it",
            _name(asked.model),
        )
    parts.kept.things.append(held)
    parts.register("classifiers", GIVEN, holding(GivenNetwork, held))
    table = {"name": GIVEN, "content": content, "mean": asked.mean, "deviation": asked.deviation}
    network: GivenNetwork = parts.registry.resolve("classifiers", table)
    return network


def _copied(model: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    if not isinstance(model, nn.Module):
        return model
    try:
        return copy.deepcopy(model).eval().requires_grad_(False)
    except Exception as error:  # whatever a stranger's module raises
        raise UsageError(
            f"{_name(model)} cannot be copied ({shown_error(error)}): give a function that asks it"
        ) from None


def _name(model: Any) -> str:
    return str(getattr(model, "__name__", type(model).__name__)).strip("<>")


def _classes_of(network: GivenNetwork, shape: Shape, device: str) -> int:
    """How many classes it answers, asked with two grey images. Raises UsageError where it gives no logits."""
    module = network.build(shape, 0)
    assert isinstance(module, OwnNetwork)
    grey = torch.full((2, shape.channels, shape.height, shape.width), 0.5, device=device)
    try:
        with torch.inference_mode():
            answers = module.eval().to(device)(grey)
    except UsageError:
        raise
    except Exception as error:  # whatever a stranger's network raises
        raise UsageError(
            f"the network does not take images {tuple(grey.shape)} in [0, 1]: {shown_error(error)}"
        ) from None
    return int(answers.shape[1])


# --- data ----------------------------------------------------------------------------------------------------------


def _source(asked: Evaluation, parts: _Parts) -> Images | Dataset:
    """What is measured on: arrays, or a data set of the registry."""
    data, registry = asked.data, parts.registry
    if isinstance(data, Dataset):
        return data
    if not isinstance(data, str | Path):
        return images_and_labels(data)
    if isinstance(data, str) and data.partition("[")[0].strip() in registry.entries["datasets"]:
        (dataset,) = _each(registry, "datasets", (data,))
        return dataset  # type: ignore[no-any-return]
    folder = Path(data).expanduser()
    if not folder.exists():
        raise UsageError(f"data: there is no folder {folder}, and no data set of this name is installed")
    return registry.folder_dataset(folder.absolute(), asked.side)


def _dataset(asked: Evaluation, parts: _Parts, source: Images | Dataset, network: GivenNetwork | None) -> str:
    """The label of the data set, whose classes are the network's."""
    if isinstance(source, Images):
        return _given_images(asked, parts, source, network)
    dataset = MappedClasses(source, asked.class_names) if asked.class_names else source
    about = describe(parts.registry, parts.store, dataset, parts.folders)
    answered = about.classes if network is None else _classes_of(network, about.shape, parts.device)
    if answered != about.classes:
        names = f"give class_names=, the names of all {answered} in the network's order"
        what = names if answered > about.classes else "leave out those that it does not know"
        raise UsageError(f"the network answers {answered} classes and the data set has {about.classes}: {what}")
    is_folder = isinstance(asked.data, str | Path) and Path(asked.data).expanduser().exists()
    shown = Path(asked.data).expanduser().resolve().name if is_folder else label(parts.registry, source)
    return parts.label("datasets", shown, dataset) if is_folder or dataset is not source else shown


def _given_images(asked: Evaluation, parts: _Parts, images: Images, network: GivenNetwork | None) -> str:
    names = asked.class_names or images.class_names
    if network is None:
        classes = len(names) or int(images.labels.max()) + 1
    else:
        classes = _classes_of(network, Shape(*images.images.shape[1:]), parts.device)
    if names and len(names) != classes:
        raise UsageError(f"the network answers {classes} classes and there are {len(names)} names of classes")
    if (worst := int(images.labels.max())) >= classes:
        place = int(images.labels.argmax())
        raise UsageError(f"label {worst} (image {place}) is none of the network's classes, 0 to {classes - 1}")
    parts.kept.things.append(images)
    parts.register("datasets", IMAGES, holding(GivenImages, images))
    content = _pixels_digest(images)
    table = {"name": IMAGES, "content": content, "class_names": names or tuple(map(str, range(classes)))}
    return parts.label("datasets", f"images-{content[:SHOWN]}", parts.registry.resolve("datasets", table))


def _pixels_digest(images: Images) -> str:
    found = hashlib.sha256(repr(images.images.shape).encode())
    for values in (images.images, images.labels):
        found.update(np.ascontiguousarray(values).data)
    return found.hexdigest()
