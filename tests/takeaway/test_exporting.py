"""An exported remedy answers as the measured one, without blurbench, or is not left at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import blurbench as bb
from blurbench.errors import Unavailable, UsageError
from blurbench.registry import Registry
from blurbench.registry.discovery import discover, files_in_use, use_only
from blurbench.takeaway.exporting import TOLERANCE, export
from blurbench.takeaway.prediction import Prediction
from tests.takeaway.conftest import row_of
from tests.takeaway.measured import measure

IMAGES = torch.rand(300, 3, 20, 20, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("number", [1, 2, 300])
def test_the_file_answers_as_the_measured_predictor_to_any_number(
    registry: Registry, results: Path, exported: Path, number: int
) -> None:
    expected = Prediction(row_of(registry, results, "deblur-unet", seed=1))(IMAGES[:number])
    with torch.inference_mode():
        found = torch.export.load(exported).module()(IMAGES[:number])
    assert (found - expected).abs().max() <= TOLERANCE * max(1, expected.abs().max())
    other = Prediction(row_of(registry, results, "deblur-unet", seed=0))(IMAGES[:number])
    assert (found - other).abs().max() > 100 * TOLERANCE


def test_python_exports_and_restores_too(results: Path, tmp_path: Path) -> None:
    run = bb.Run(bb.plan(str(results.parent / "drawn.toml"), out=results, seeds=2).session)
    written = run.export(tmp_path / "plain.pt2", strategy="plain")
    found = torch.export.load(written.path).module()(IMAGES[:5])
    torch.testing.assert_close(found, run.predictor(strategy="plain")(IMAGES[:5]), rtol=0, atol=TOLERANCE)
    restorer = run.restorer(strategy="deblur-unet", seed=1)
    fit = run._row({"strategy": "deblur-unet", "seed": 1}).fit
    module = restorer.prediction.runtime.fitted(fit.inputs["restorer"]).module
    assert module is not None
    restored = restorer(IMAGES[:4].mul(255).byte())
    torch.testing.assert_close(restored, module(IMAGES[:4].mul(255).byte().float() / 255))
    with pytest.raises(UsageError, match="no restorer goes first in this row"):
        run.restorer(strategy="plain")(IMAGES[:1])


# --- refused -------------------------------------------------------------------------------------------------------

BAKED = """
from dataclasses import dataclass, replace
from blurbench import hookimpl
from blurbench.contract import ModulePredictor, Strategy

@dataclass(frozen=True)
class Counting(Strategy):
    branching: bool = False
    def fit(self, module, job):
        return {}
    def predictor(self, setting, own, inputs):
        return Branching(own.module) if self.branching else Counted(own.module)

class Counted(ModulePredictor):
    met = 0
    def predict(self, degraded):
        self.met += len(degraded.images)
        output = super().predict(degraded)
        return replace(output, logits=output.logits + self.met)

class Branching(ModulePredictor):
    def predict(self, degraded):
        bright = float(degraded.images.mean()) > 0.5
        return super().predict(replace(degraded, images=1 - degraded.images) if bright else degraded)

@hookimpl
def register_strategies(register):
    register("counting", Counting)
"""


@pytest.fixture(scope="module")
def baked(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Results of remedies that no program can hold, from a file of plugins."""
    folder, before = tmp_path_factory.mktemp("baked"), files_in_use()
    (folder / "counting.py").write_text(BAKED)
    dataset, rows = f"imagefolder[path={pictures}, side=20]", ("plain", "counting", "counting[branching=true]")
    yield measure(folder, (dataset,), rows, plugins=(folder / "counting.py",))
    use_only(before)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("counting on gaussian[sigma=1]", "what was written differs by up to"),
        ("counting[branching=true] on gaussian[sigma=1]", "torch.export cannot follow what it does, which depends on"),
    ],
)
def test_what_would_answer_otherwise_is_refused_and_leaves_nothing(
    baked: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        export(row_of(discover(), baked, name), tmp_path / "m.pt2")
    assert f"{name} cannot be exported: {says}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize(
    ("name", "file", "says"),
    [
        ("bn-adapt[batch=4]", "m.pt2", "it adapts to the images that come together"),
        ("deblur-wiener", "m.pt2", "it is told the true PSF"),
        ("plain", "m.pth", "the name ends in .pt2 or .onnx"),
        ("plain", "nowhere/m.pt2", "there is no such folder; make it first"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    registry: Registry, results: Path, tmp_path: Path, name: str, file: str, says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        export(row_of(registry, results, name), tmp_path / file)
    assert says in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_card_takes_the_place_of_no_other_file(registry: Registry, results: Path, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(UsageError, match="the model card would take its name"):
        export(row_of(registry, results, "plain"), tmp_path / "README.pt2")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


# --- ONNX ----------------------------------------------------------------------------------------------------------


def test_without_onnx_it_says_what_to_install(
    registry: Registry, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="ONNX needs onnx and onnxscript: pip install onnx onnxscript"):
        export(row_of(registry, results, "plain"), tmp_path / "m.onnx")


def test_an_onnx_file_gives_the_same_logits(registry: Registry, results: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    reference = pytest.importorskip("onnx.reference")
    row = row_of(registry, results, "retrain")
    export(row, tmp_path / "m.onnx")
    (found,) = reference.ReferenceEvaluator(str(tmp_path / "m.onnx")).run(None, {"images": IMAGES[:7].numpy()})
    torch.testing.assert_close(torch.from_numpy(found), Prediction(row)(IMAGES[:7]), rtol=0, atol=TOLERANCE)
    assert "onnxruntime.InferenceSession" in (tmp_path / "m.md").read_text()
