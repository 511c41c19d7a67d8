"""A row's whole remedy, restorer, classifier and preprocessing, as one file that runs without blurbench.

The predictor is traced by `torch.export`. What is left as a file gave the predictor's own logits, on test images of the
row's data set under each test blur that it was measured with, when it was loaded again.
"""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor, nn

from blurbench.contract import Blur, Degraded
from blurbench.errors import BlurbenchError, Unavailable, UsageError, shortened
from blurbench.measurements.accuracy.measure import networks_of
from blurbench.running.images import degraded_in_chunks
from blurbench.submissions.replan import plugin_of
from blurbench.takeaway.card import CARD, Exported, card, facts
from blurbench.takeaway.prediction import Prediction

if TYPE_CHECKING:
    from torch.export import ExportedProgram

    from blurbench.takeaway.rows import Row

__all__ = ["TOLERANCE", "Exported", "export"]

TOLERANCE = 1e-4
"""The most that a logit may differ, of the largest logit, or of 1 where all are smaller."""
CHECKED = 8
"""Test images that a file is tried on, under each test blur."""
ENDINGS = (".pt2", ".onnx")


Loaded: TypeAlias = Callable[[Tensor], Tensor]
"""A file that was read again: images (N, C, H, W) to logits (N, K)."""


def export(row: Row, path: Path) -> Exported:
    """Write the predictor of a row to `path` (`.pt2`, or `.onnx`), and its model card beside it, `.md` for the ending.

    Raises:
        UsageError: it cannot be exported, or what was written answers otherwise; nothing is left at `path` then.
        Unavailable: the packages that write ONNX are not installed.
    """
    _check_request(row, path)
    prediction = Prediction(row)
    _check_predictor(row, prediction)
    images = _test_images(row, prediction)
    network = Whole(prediction)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".exporting-") as folder, _quiet():
        written = Path(folder) / path.name
        program, any_number = _traced(row, network, images)
        if path.suffix == ".pt2":
            about = {"any_number": any_number, **facts(row)}
            torch.export.save(program, written, extra_files={"blurbench.json": json.dumps(about, indent=1)})
            loaded: Loaded = torch.export.load(written).module()
        else:
            loaded = _write_onnx(row, program, written)
        apart = _apart(row, prediction, loaded, images, any_number)
        exported = Exported(path, path.with_suffix(CARD), any_number, len(images), apart)
        (Path(folder) / exported.card.name).write_text(card(row, exported, TOLERANCE), encoding="utf-8")
        for final in (exported.card, path):
            os.replace(Path(folder) / final.name, final)
    return exported


def _check_request(row: Row, path: Path) -> None:
    """What can be known before anything is loaded."""
    if path.suffix not in ENDINGS:
        raise UsageError(f"{path}: the name ends in {' or '.join(ENDINGS)}, by which the format is chosen")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: there is no such folder; make it first")
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder; give the name of a file")
    if (beside := path.with_suffix(CARD)).exists() and not path.exists():
        raise UsageError(
            f"{beside}: this file is there already, and the model card would take its name; choose another"
        )
    if row.fit.setting.strategy.knows() == "true PSF":
        raise UsageError(f"{row.name} cannot be exported: it is told the true PSF, which nobody knows of a photograph")
    lacking = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if path.suffix == ".onnx" and lacking:
        raise Unavailable(f"{path}: ONNX needs {' and '.join(lacking)}: pip install {' '.join(lacking)}; .pt2 does not")


def _check_predictor(row: Row, prediction: Prediction) -> None:
    if prediction.adapts:
        raise UsageError(
            f"{row.name} cannot be exported: it adapts to the images that come together, so it is no fixed function "
            "of one; `blurbench predict` runs it"
        )
    if prediction.predictor.gradients:
        raise UsageError(
            f"{row.name} cannot be exported: it computes gradients to predict; `blurbench predict` runs it"
        )


# --- tracing --------------------------------------------------------------------------------------------------------


class Whole(nn.Module):
    """All that happens between an image and its logits."""

    def __init__(self, prediction: Prediction) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks_of(prediction.predictor))  # so that the file has their weights by name
        self.predictor = prediction.predictor
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, C, H, W), float in [0, 1]."""
        return self.predictor.predict(Degraded(images, None)).logits


def _traced(row: Row, network: Whole, images: Tensor) -> tuple[ExportedProgram, bool]:
    """For any number of images where that can be had, else for one."""
    any_number = ({0: torch.export.Dim("images")},)
    try:
        return torch.export.export(network, (images[:3].clone(),), dynamic_shapes=any_number, strict=False), True
    except Exception:  # tracing runs code of plugins
        try:
            return torch.export.export(network, (images[:1].clone(),), strict=False), False
        except Exception as error:
            raise UsageError(f"{row.name} cannot be exported: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, BlurbenchError):
        return str(error)
    return (
        "torch.export cannot follow what it does, which depends on values in the images or is done outside of torch "
        f"({_named(error)})"
    )


def _named(error: Exception) -> str:
    first = next((line for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {shortened(first, 160)}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Tracing tells of its own insides, prints whole graphs where it fails, and what matters is checked."""
    logger, unread = logging.getLogger("torch"), io.StringIO()
    level = logger.level
    with warnings.catch_warnings(), redirect_stdout(unread), redirect_stderr(unread):
        warnings.simplefilter("ignore")
        try:
            logger.setLevel(logging.CRITICAL)
            yield
        finally:
            logger.setLevel(level)


# --- reading again --------------------------------------------------------------------------------------------------


def _write_onnx(row: Row, program: ExportedProgram, path: Path) -> Loaded:
    names: dict[str, Any] = {"input_names": ["images"], "output_names": ["logits"]}
    try:
        torch.onnx.export(program, (), path, dynamo=True, external_data=False, verbose=False, **names)
    except Exception as error:
        raise UsageError(f"{row.name} cannot be exported to ONNX ({_named(error)}); .pt2 may do") from None
    return _load_onnx(path)


def _load_onnx(path: Path) -> Loaded:
    """By onnxruntime where it is installed, else by the reference implementation of ONNX."""
    if importlib.util.find_spec("onnxruntime") is not None:
        import onnxruntime

        runner: Any = onnxruntime.InferenceSession(path)
    else:
        from onnx.reference import ReferenceEvaluator

        runner = ReferenceEvaluator(str(path))
    return lambda images: torch.as_tensor(runner.run(None, {"images": images.numpy()})[0])


def _test_images(row: Row, prediction: Prediction) -> Tensor:
    """The first test images of the row's data set, under each test blur that it was measured with."""
    fit, record = row.fit, row.cells[0][1]
    limit = record.budget.get("test_images")
    clean = prediction.runtime.images(fit.dataset, fit.data, "test", limit).part(slice(CHECKED))
    blurred = []
    for _, record in row.cells:
        blur = plugin_of(row.rows.registry, record, "test_blur")
        assert isinstance(blur, Blur)
        blurred += [part.images for part in degraded_in_chunks(blur, clean, record.test_seed)]
    return torch.cat(blurred).float()


def _apart(row: Row, prediction: Prediction, loaded: Loaded, images: Tensor, any_number: bool) -> float:
    """The most that a logit of the file differs. Raises UsageError where that is too much."""
    expected = prediction(images)
    with torch.inference_mode():
        parts = (images[:1], images[1:]) if any_number else torch.split(images, 1)
        try:
            answers = torch.cat([loaded(part.clone()) for part in parts if len(part)])
        except Exception as error:
            raise UsageError(
                f"{row.name} cannot be exported: what was written does not run ({_named(error)})"
            ) from None
    apart = float((answers - expected).abs().max())
    allowed = TOLERANCE * max(1.0, float(expected.abs().max()))
    if not apart <= allowed:
        raise UsageError(
            f"{row.name} cannot be exported: what was written differs by up to {apart:.2g} in a logit, where "
            f"{allowed:.2g} is allowed: what it does depends on what is in the image"
        )
    return apart
