"""One run: what was asked for, group by group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias

import torch

from benchmarks.timing import blur, fitting, networks
from benchmarks.timing.machine import Bystanders, description, limits, load, quiet_share, versions
from benchmarks.timing.peers import LIBRARIES, missing
from benchmarks.timing.request import Request
from benchmarks.timing.results import Group, Report
from benchmarks.timing.rounds import Patience
from benchmarks.timing.sizes import chosen_families, chosen_sizes
from blurbench.contract import Classifier, Restorer
from blurbench.errors import UsageError
from blurbench.registry import Registry

__all__ = ["Step", "device_of", "prepare", "steps"]

Step: TypeAlias = tuple[str, Callable[[], Group]]


QUICK_SIZES = ("M", "I19")


def prepare(registry: Registry, request: Request) -> tuple[Report, list[Step]]:
    """Check the request, measure the machine's limits, and list what is to be timed. Raises UsageError."""
    device = device_of(request.device)
    torch.set_num_threads(request.threads)
    torch.backends.cudnn.allow_tf32 = False  # as in a run: a blur is exact to 1e-5 on every device
    listed = _listed(registry, request, device)  # first: a mistake costs no time
    watch = Bystanders()
    report = Report(
        command=request.command,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=description(device),
        versions=versions(("blurbench", "numpy", *(library.package for library in LIBRARIES))),
        limits=limits(device),
    )
    _doubt(report, "at the start", watch.cores())
    if (average := load()) is not None and average > request.threads / 2:
        report.busy.append(f"the load average was {average:.1f} at the start")
    if "blur" in request.sections:
        for note in missing(device.type == "cuda"):
            report.note(note)
    return report, listed(report)


def steps(report: Report, listed: list[Step]) -> Iterator[Group]:
    """Take the steps, one group each; the report gets them too."""
    for what, step in listed:
        try:
            group = step()
        except torch.cuda.OutOfMemoryError:
            report.note(f"{what} was left out: it does not fit into the memory of this GPU")
            continue
        report.groups.append(group)
        _doubt(report, f"during {group.what} at {group.size}", group.others)
        yield group


def _doubt(report: Report, when: str, others: float | None) -> None:
    if others is not None and others > quiet_share():
        report.busy.append(f"other processes kept {others:.1f} cores busy {when}")


def device_of(wanted: str) -> torch.device:
    """The device of that name; `auto` is a GPU where there is one. Raises UsageError where it cannot be had."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(wanted)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UsageError(f"--device {wanted} cannot be had: {str(error).splitlines()[0]}") from None
    return device


def _listed(registry: Registry, request: Request, device: torch.device) -> Callable[[Report], list[Step]]:
    """Everything that was asked for, in order; names are checked at once, networks are built later."""
    sizes = chosen_sizes(request.sizes or (QUICK_SIZES if request.quick else ()), device.type)
    families = chosen_families(request.families)
    restorer: Restorer = registry.resolve("restorers", request.restorer)
    classifier: Classifier = registry.resolve("classifiers", request.classifier)

    def listed(report: Report) -> list[Step]:
        found: list[Step] = []
        for section in request.sections:
            match section:
                case "blur":
                    found += _blurs(request, sizes, families, device)
                case "restorers":
                    found += _restorers(registry, request, report, device)
                case "classifiers":
                    found += _classifiers(registry, request, report, device)
                case "fitting":
                    found += _fits(request, classifier, restorer, device)
        return found

    return listed


def _patience(request: Request, seconds: float) -> Patience:
    return Patience(seconds / 6, least=2) if request.quick else Patience(seconds)


def _blurs(request: Request, sizes: Any, families: tuple[str, ...], device: torch.device) -> list[Step]:
    patience = _patience(request, 2.0)

    def step(family: str, size: Any) -> Step:
        return f"{family} at {size.name}", lambda: blur.blur_group(family, size, device, patience)

    return [step(family, size) for size in sizes for family in families]


def _restorers(registry: Registry, request: Request, report: Report, device: torch.device) -> list[Step]:
    found: list[Step] = []
    patience = _patience(request, 1.0)
    for named in networks.restorers(registry, report.note):
        if named[0] == request.restorer:
            batches = [16] if request.quick else [16, 64]
        else:
            batches = [] if request.quick else [16]
        if device.type == "cuda":
            batches = [16 * batch for batch in batches]
        for batch in batches:
            found.append(_step(networks.forward_group, "restorers", named, batch, device, patience))
            found.append(_step(networks.step_group, "restorers", named, batch, device, patience))
    return found


def _classifiers(registry: Registry, request: Request, report: Report, device: torch.device) -> list[Step]:
    patience = _patience(request, 1.0)
    batches = (64,) if request.quick else (1, 256)
    return [
        _step(networks.forward_group, "classifiers", named, batch, device, patience)
        for named in networks.classifiers(registry, report.note)
        for batch in batches
    ]


def _step(make: Callable[..., Group], section: str, named: networks.Named, *rest: Any) -> Step:
    return f"{named[0]} with a batch of {rest[0]}", lambda: make(section, named, *rest)


def _fits(request: Request, classifier: Classifier, restorer: Restorer, device: torch.device) -> list[Step]:
    patience = Patience(1.0, least=2)
    images, pairs = (500, 16) if request.quick else (2000, 64)
    return [
        (
            f"fitting {request.classifier}",
            lambda: fitting.classifier_fit(request.classifier, classifier, images, 64, device, patience),
        ),
        (
            f"fitting {request.restorer}",
            lambda: fitting.restorer_fit(request.restorer, restorer, pairs, min(pairs, 64), device, patience),
        ),
    ]
