"""How large the measurement was, beside the paper's own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from blurbench.contract import Budget
from blurbench.papers.findings import Findings
from blurbench.papers.report import Size
from blurbench.registry import Registry, label

if TYPE_CHECKING:
    from blurbench.store.record import Record

__all__ = ["said_of_fits", "sizes"]

UNKNOWN = "not told"


def sizes(
    findings: Findings, registry: Registry, published: Mapping[str, str], fine_tuning: Collection[str] = ()
) -> tuple[Size, ...]:
    """Images, epochs, seeds and networks here, for every quantity that is told of either side.

    `fine_tuning`: the names of strategies that fit a clean classifier further.
    """
    here = dict(_here(findings, registry, fine_tuning))
    return tuple(
        Size(what, published.get(what, UNKNOWN), here.get(what, "nothing measured")) for what in {**published, **here}
    )


def _here(findings: Findings, registry: Registry, fine_tuning: Collection[str]) -> Iterator[tuple[str, str]]:
    records = [record for record in findings.records.values() if record.status == "ok"]
    budget = _budget(findings.manifest.budget_values)
    labels = {line.key: line["dataset"] for line in findings.manifest.lines}
    images = {labels[record.key]: record.accuracy.metrics.n for record in records}
    limit = "all" if budget.train_images is None else f"at most {budget.train_images:,}"
    yield "training images", f"{limit} of {', '.join(images) or 'each data set'}"
    yield "test images", ", ".join(f"{n:,} of {name}" for name, n in images.items()) or "nothing measured"
    yield "classifier epochs", _said(_epochs_of_classifiers(records, registry, budget, "train"))
    if any(record.axes["strategy"].name in fine_tuning for record in records):
        yield "fine-tuning epochs", _said(_epochs_of_classifiers(records, registry, budget, "finetune"))
    restorers = list(_restorers(records, registry))
    if restorers:
        yield "restorer epochs", _said(f"{restorer.recipe(budget).epochs} ({name})" for name, restorer in restorers)
        yield "restorers", _said(name for name, _ in restorers)
    seen = sorted({record.accuracy.cost.fit_images_seen for record in records})
    yield (
        "images shown in the fits of a row",
        " to ".join(f"{n:,}" for n in dict.fromkeys(seen[:1] + seen[-1:])) or "no fits",
    )
    yield "rows still improving", said_of_fits([record.accuracy.cost.still_improving for record in records])
    seeds = sorted({line.seed for line in findings.manifest.lines})
    yield "seeds", f"{len(seeds)}: {', '.join(map(str, seeds))}"
    yield "classifiers", _said(record.label("classifier") for record in records)
    yield "recipes", "the paper's own" if budget.recipes == "paper" else "short ones of this tool"


def said_of_fits(answers: Collection[bool | None]) -> str:
    """`3 of 8`, of those that were still improving, and how many do not say."""
    known = [answer for answer in answers if answer is not None]
    silent = len(answers) - len(known)
    return f"{sum(known)} of {len(known)}" + (f"; {silent} do not say" if silent else "")


def _budget(values: Mapping[str, Any]) -> Budget:
    known = {item.name for item in fields(Budget)}
    return Budget("stored", **{name: value for name, value in values.items() if name in known})


def _said(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(texts)) or "nothing measured"


def _epochs_of_classifiers(records: list[Record], registry: Registry, budget: Budget, purpose: Any) -> Iterator[str]:
    for record in records:
        classifier = registry.find("classifiers", record.axes["classifier"].config)
        if classifier is not None:
            yield f"{classifier.recipe(purpose, budget).epochs} ({record.label('classifier')})"


def _restorers(records: list[Record], registry: Registry) -> Iterator[tuple[str, Any]]:
    """What was fitted to restore, by its label."""
    seen: set[str] = set()
    for record in records:
        strategy = record.axes["strategy"]
        if (config := strategy.config.get("restorer")) is None or strategy.label in seen:
            continue
        seen.add(strategy.label)
        restorer = registry.find("restorers", config)
        if restorer is not None and restorer.trainable:
            yield label(registry, restorer), restorer
