"""The model card of an exported remedy: what it is, how to use it, and what was measured of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blurbench.board.outcomes import RowOutcomes, stored_outcomes
from blurbench.board.render.escape import for_markdown
from blurbench.board.render.formatting import percent_in
from blurbench.board.render.tables import bullets, grid
from blurbench.board.schema import CLEAN, BlockKey, RowKey
from blurbench.metrics.intervals import Interval, top1_interval
from blurbench.registry import label
from blurbench.registry.registry import with_plugins_in

if TYPE_CHECKING:
    from blurbench.takeaway.rows import Row

__all__ = ["CARD", "Exported", "card", "facts"]

CARD = ".md"
"""The ending of a card's name."""

USE = {
    ".pt2": """\
import torch

model = torch.export.load("{file}").module()
logits = model(images)  # float32 ({number}, {shape}) in [0, 1]""",
    ".onnx": """\
import onnxruntime

session = onnxruntime.InferenceSession("{file}")
(logits,) = session.run(None, {{"images": images}})  # float32 ({number}, {shape}) in [0, 1]""",
}

PICTURE = """\
import numpy as np
from PIL import Image, ImageOps

picture = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("{mode}")
short = min(picture.size)
left, top = (picture.width - short) / 2, (picture.height - short) / 2
square = picture.resize(({side}, {side}), Image.Resampling.BILINEAR, (left, top, left + short, top + short))
images = np.atleast_3d(np.asarray(square)).transpose(2, 0, 1)[None].astype(np.float32) / 255"""


def facts(row: Row) -> dict[str, Any]:
    """What a program should know of the file, as JSON."""
    fit = row.fit
    return {
        "row": row.name,
        "labels": row.labels,
        "seed": row.seed,
        "artifact": fit.key,
        "records": [line.key for line, _ in row.cells],
        "shape": list(astuple(fit.data.shape)),
        "range": [0.0, 1.0],
        "classes": list(row.class_names),
        "measured": [*_measured(row)],
        "versions": row.cells[0][1].provenance.get("versions", {}),
    }


def _measured(row: Row) -> Iterator[dict[str, Any]]:
    """What the board says of the row under each test blur, over all its seeds, beside the baseline."""
    outcomes = stored_outcomes(row.rows.store, row.rows.board)
    key = RowKey(row.labels["strategy"], row.labels["train_blur"])
    for line, record in row.cells:
        rows = outcomes.rows[BlockKey(line["dataset"], line["classifier"], line["test_blur"])]
        own, baseline = rows[key], rows.get(outcomes.baseline) if outcomes.baseline else None
        yield {
            "test_blur": line["test_blur"],
            "of": record.label("test_blur"),
            "images": record.accuracy.metrics.n,
            "seeds": sorted(own.seeds),
            "this_seed": record.accuracy.metrics.top1,
            "top1": _interval(own),
            "baseline": _interval(baseline) if baseline is not None and baseline.cells else None,
            "exposure": record.facts.exposure,
        }


def _interval(row: RowOutcomes) -> list[float]:
    found = top1_interval(row.correct(row.seeds))
    return [found.estimate, found.low, found.high]


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    card: Path
    any_number: bool
    """Whether it takes any number of images at once; if not, one."""
    images: int
    """How many it was tried on."""
    apart: float
    """The most that a logit differed."""


def card(row: Row, exported: Exported, tolerance: float) -> str:
    """Markdown."""
    about = facts(row)
    sections = {
        "Use": _use(row, exported),
        "What was measured": _table(about["measured"], row),
        "What it is": bullets(_of_itself(row, exported, tolerance)),
        "Classes": ", ".join(f"{number} {for_markdown(name)}" for number, name in enumerate(about["classes"])),
        "Cost": bullets(_cost(row)),
        "Licences": bullets(_licences(row)),
    }
    return (
        f"# {for_markdown(row.title)}\n\n"
        + "\n\n".join(f"## {name}\n\n{text}" for name, text in sections.items())
        + "\n"
    )


def _use(row: Row, exported: Exported) -> str:
    shape = row.fit.data.shape
    number = "N" if exported.any_number else "1"
    sizes = ", ".join(map(str, astuple(shape)))
    code = USE[exported.path.suffix].format(file=exported.path.name, number=number, shape=sizes)
    texts = [f"```python\n{code}\n```"]
    if shape.height == shape.width and shape.channels in (1, 3):
        mode = "L" if shape.channels == 1 else "RGB"
        picture = PICTURE.format(mode=mode, side=shape.height)
        texts.append(f"Of a photograph, as `blurbench predict` takes it:\n\n```python\n{picture}\n```")
    return "\n\n".join(texts)


def _table(measured: Sequence[Mapping[str, Any]], row: Row) -> str:
    """Top-1 under each test blur."""
    header = [
        "test blur",
        "top-1 [95%]",
        "seed of this file",
        "without a remedy [95%]",
        "prepared for it",
        "images",
        "seeds",
    ]
    rows = [
        [
            for_markdown(one["of"] if one["test_blur"] != CLEAN else "none: sharp images"),
            percent_in(Interval(*one["top1"])),
            f"{100 * one['this_seed']:.1f}",
            percent_in(Interval(*one["baseline"])) if one["baseline"] else "",
            for_markdown(one["exposure"] or ""),
            str(one["images"]),
            ", ".join(map(str, one["seeds"])),
        ]
        for one in measured
    ]
    note = (
        f"Percent of the test images of {for_markdown(row.labels['dataset'])}, over all seeds of the row; with one "
        "seed an interval speaks of the choice of images alone. Pictures of another kind are another question."
    )
    return f"{grid(header, rows)}\n\n{note}"


def _of_itself(row: Row, exported: Exported, tolerance: float) -> Iterator[str]:
    record, fit = row.cells[0][1], row.fit
    for axis, name in (("dataset", "data set"), ("classifier", "classifier"), ("strategy", "remedy")):
        yield f"{name}: {for_markdown(record.label(axis))}"
    blurs = [for_markdown(label(row.rows.registry, blur)) for blur in fit.blurs_met() if not blur.is_identity]
    yield f"fitted to: {' and '.join(blurs) or 'sharp images'}; seed {row.seed}"
    colours = "grey" if fit.data.shape.channels == 1 else "RGB"
    yield (
        f"images: {fit.data.shape} (channels, rows, columns), {colours}, float32 in [0, 1]; what else the network "
        "wants, such as a mean taken off, is in the file"
    )
    yield f"takes {'any number of images' if exported.any_number else 'one image'} at a time"
    records = ", ".join(line.key[:12] for line, _ in row.cells)
    yield f"artifact: {fit.key}; board: {for_markdown(row.rows.board)}; records: {records}"
    yield (
        f"loaded again, it gave the logits of the measured predictor on {exported.images} test images, up to "
        f"{exported.apart:.1g} ({tolerance:g} of the largest is allowed)"
    )
    versions = record.provenance.get("versions", {})
    shown = ", ".join(f"{name} {number}" for name, number in versions.items())
    yield f"measured with {for_markdown(shown)}"


def _cost(row: Row) -> Iterator[str]:
    cost = row.cells[0][1].accuracy.cost
    yield f"{cost.parameters:,} parameters" + (f", {cost.macs:,} multiply-accumulates an image" if cost.macs else "")
    yield f"fitted in {cost.fit_seconds:.3g} s, on {cost.fit_images_seen:,} images, repetitions counted"
    timing = row.rows.store.timing(cost.timing)
    if timing is not None:
        where = for_markdown(", ".join(filter(None, (timing.device, timing.machine))))
        yield (
            f"{timing.batch_1_ms:.3g} ms an image alone, {timing.batch_256_ms:.3g} ms in a batch of 256, before the "
            f"export: {where}, threads: {timing.threads}"
        )


def _licences(row: Row) -> Iterator[str]:
    dataset, setting = row.fit.dataset, row.fit.setting
    yield f"images of {for_markdown(row.labels['dataset'])}: {for_markdown(dataset.licence) or 'not known'}"
    plugins = [*with_plugins_in(setting.classifier), *with_plugins_in(setting.strategy)]
    files = dict.fromkeys(file.name for plugin in plugins for file in plugin.files())
    if files:
        yield f"weights and code it began from ({for_markdown(', '.join(files))}): as their author says"
    elif "weights" in setting.strategy.requires() or setting.classifier.is_given:
        yield f"weights it began from ({for_markdown(row.labels['classifier'])}): as their publisher says"
