"""Comparisons as data frames, and a researcher's own answers held against a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from blurbench.board.comparison import Change, Comparison, change_of
from blurbench.board.outcomes import Outcomes, RowOutcomes
from blurbench.board.paired import Hits, Pair
from blurbench.board.render.export import flat
from blurbench.board.render.formatting import row_name
from blurbench.board.schema import BlockKey, RowKey
from blurbench.board.sides import Side, compare_sides
from blurbench.errors import UsageError
from blurbench.takeaway.rows import check_axes, labels_shown

__all__ = ["compare_answers", "compare_evaluations", "frame_of"]


def frame_of(comparison: Comparison) -> pd.DataFrame:
    """A row a change; then a row for each cell that could not be compared, with the reason."""
    return pd.DataFrame([*_rows(comparison), *map(asdict, comparison.uncompared)])


def _rows(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for part, changes in (("blurred", comparison.overall), ("sharp", comparison.clean), ("block", comparison.blocks)):
        for change in changes:
            yield {"of": part, **_flat(change)}


def _flat(change: Change) -> dict[str, Any]:
    return {**flat(vars(change)), "told_apart": change.change.excludes_zero}


def compare_evaluations(first: Side, second: Side) -> Comparison:
    """As `compare_sides`; two boards of one classifier each are compared whatever those are called."""
    if isinstance(first, Outcomes) and isinstance(second, Outcomes):
        before, after = ({block.classifier for block in side.rows} for side in (first, second))
        if len(before) == len(after) == 1 and before != after:
            shown = f"{min(after)} against {min(before)}"
            first, second = _called(first, shown), _called(second, shown)
    return compare_sides(first, second)


def _called(side: Outcomes, classifier: str) -> Outcomes:
    return replace(side, rows={block._replace(classifier=classifier): rows for block, rows in side.rows.items()})


# --- own answers ---------------------------------------------------------------------------------------------------


def compare_answers(side: Outcomes, answers: Any, labels: Mapping[str, str], name: str) -> pd.DataFrame:
    """Own answers against the one row with these labels, paired image by image.

    `answers` are logits (N, classes) for the N test images in their order, or (S, N, classes) for the row's S seeds.
    """
    block, key, row = _row(side, labels)
    truth = np.array(row.first.truth)
    hits = _predicted(answers, len(truth), len(row.seeds), int(truth.max())) == truth
    # The same answers for every seed of the row, or a seed's own.
    own = Hits(dict(zip(sorted(row.seeds), np.broadcast_to(hits, (len(row.seeds), len(truth))), strict=True)))
    change = change_of(block, f"{name} against {row_name(*key)}", [Pair(block, own, row)])
    assert change is not None
    return pd.DataFrame([_flat(change)])


def _row(side: Outcomes, labels: Mapping[str, str]) -> tuple[BlockKey, RowKey, RowOutcomes]:
    check_axes(labels, (*BlockKey._fields, *RowKey._fields))
    found = [
        (block, key, row)
        for block, key, row in side.each_row()
        if row.cells and labels.items() <= {**block._asdict(), **key._asdict()}.items()
    ]
    if len(found) == 1:
        return found[0]
    more = f": {'; '.join(_shown(*one[:2]) for one in found[:4])}{' ...' if len(found) > 4 else ''}" if found else ""
    raise UsageError(f"name one measured row by its labels; {len(found)} have {labels_shown(labels)}{more}")


def _shown(block: BlockKey, key: RowKey) -> str:
    return f"{row_name(*key)} on {block.dataset}, {block.test_blur} ({block.classifier})"


def _predicted(answers: Any, images: int, seeds: int, largest: int) -> NDArray[np.int64]:
    """The likeliest classes (N,) or (S, N). Raises UsageError for what are no logits for these images."""
    logits = answers.detach().cpu().numpy() if isinstance(answers, torch.Tensor) else np.asarray(answers)
    wanted = f"logits ({images}, classes)" + (f" or ({seeds}, {images}, classes), a seed each" if seeds > 1 else "")
    shapes = ((images,), (seeds, images))
    if logits.shape[:-1] not in shapes or logits.dtype.kind not in "fiu":
        raise UsageError(f"give {wanted}, for the test images in their order, not {logits.shape} of {logits.dtype}")
    if logits.shape[-1] <= largest:
        raise UsageError(
            f"the logits are of {logits.shape[-1]} classes, and the test images have labels up to {largest}"
        )
    if not np.isfinite(logits).all():
        raise UsageError("the logits hold NaN or infinity")
    return np.asarray(logits.argmax(-1), np.int64)
