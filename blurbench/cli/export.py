"""`blurbench export`: a remedy as one file that runs without blurbench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blurbench.cli import options
from blurbench.cli.predict import BoardName, Classifier, DataSet, RowName, Seed, chosen_row

__all__ = ["export"]


@options.with_plugins
def export(
    row: RowName,
    file: Annotated[Path, typer.Argument(help="Where to: FILE.pt2 (torch.export) or FILE.onnx.")],
    out: options.Out = Path("blurbench-results"),
    board: BoardName = None,
    dataset: DataSet = None,
    classifier: Classifier = None,
    seed: Seed = None,
    data_dir: options.DataDirs = None,
) -> None:
    """Write a row's restorer, classifier and preprocessing as one file, with a model card beside it.

    The file is loaded again and must give the measured predictor's logits on test images, or it is not left.
    """
    from blurbench.takeaway.exporting import export

    written = export(chosen_row(row, out, board, dataset, classifier, seed, data_dir), file)
    number = "any number of images" if written.any_number else "one image"
    typer.echo(
        f"{written.path}: takes {number} at a time; on {written.images} test images no logit differs by more than "
        f"{written.apart:.1g}. What was measured of it: {written.card}"
    )
