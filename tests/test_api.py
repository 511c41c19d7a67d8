"""blurbench in Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

import blurbench as bb
from blurbench.errors import UsageError

PICTURES = torch.rand(4, 1, 20, 20, generator=torch.Generator().manual_seed(1))

SCRIPT = """
import blurbench as bb

run = bb.run("smoke", out="results", strategies=["retrain"], test_blurs=["gaussian-2"], jobs=1)
frame = run.results()
print("rows", len(frame), sorted(frame.strategy.unique()))
print("again", sum(bb.plan("smoke", out="results", strategies=["retrain"]).cells().status == "missing"))
"""


FAILING = """
from dataclasses import dataclass
from blurbench.contract import Strategy

@dataclass(frozen=True)
class Failing(Strategy):
    def fit(self, module, job):
        raise ZeroDivisionError("no light")
"""


@pytest.fixture(scope="module")
def run(smoked: Path) -> bb.Run:
    return bb.Run(bb.plan("smoke", out=smoked).session)


def test_importing_it_is_instant_and_imports_nothing_heavy() -> None:
    code = "import sys, time; t = time.perf_counter(); import blurbench; print(time.perf_counter() - t); "
    code += "print([name for name in ('torch', 'numpy', 'pandas', 'pydantic', 'typer') if name in sys.modules])"
    took, heavy = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert heavy == "[]"
    assert float(took) < 0.5  # 0.05 on a quiet machine
    assert {"run", "plan", "evaluate", "compare", "probe", "blur", "restore", "make", "plugins", "open_board"} <= set(
        dir(bb)
    )


def test_a_script_without_a_main_guard_runs_once_and_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "mine.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("rows")
    assert done.stdout.count("rows") == 1
    assert (
        done.stdout.splitlines()[1] == "again 3"
    )  # under the blur that was left out: its own, and the baselines of both networks


def test_results_are_a_row_a_cell_and_seed_and_follow_from_the_images(run: bb.Run) -> None:
    frame = run.results()
    assert len(frame) == len(run.session.plan.cells)
    images = run.images(strategy="retrain", train_blur="gaussian-2", test_blur="gaussian-2")
    (top1,) = frame.query("strategy == 'retrain' and test_blur == 'gaussian-2'").top1
    assert (images.label == images.predicted).mean() == pytest.approx(top1)
    wide = run.results(format="wide").set_index(["strategy"])
    assert wide.loc["retrain", "gaussian-2"] == pytest.approx(top1)


def test_the_curve_of_a_fit_has_a_row_an_epoch_and_each_fit_stands_once(run: bb.Run) -> None:
    curves = run.curves()
    retrained = curves.query("strategy == 'retrain' and train_blur == 'gaussian-2'")
    assert retrained.epoch.tolist() == list(range(1, len(retrained) + 1))
    key = next(line.artifact for line, _ in run._measured({"strategy": "retrain", "train_blur": "gaussian-2"}))
    notes = run.session.store.artifact(key)["notes"]
    assert retrained.validation_accuracy.tolist() == notes["validation_accuracy"]
    assert retrained.train_loss.tolist() == notes["train_loss"]
    assert not curves.duplicated(["dataset", "classifier", "strategy", "train_blur", "seed", "epoch"]).any()
    assert "test_blur" not in curves


def test_the_board_in_python_is_the_one_that_is_written(run: bb.Run, smoked: Path) -> None:
    overall = run.board().overall()
    assert {"strategy", "gain", "gain_low", "gain_high", "rank_low"} <= set(overall.columns)
    assert run.board().to_markdown() == next((smoked / "boards").glob("*.md")).read_text()
    assert "<table" in run._repr_html_()
    again = bb.open_board(smoked).overall()
    assert again.equals(overall)
    block = run.board().block("digits", "cnn3[widths=[8, 16, 16]]", "gaussian-2")
    assert block.top1.dropna().between(0, 1).all()


def test_a_plot_is_the_boards_chart_and_shows_itself(run: bb.Run) -> None:
    from blurbench.board.render.figures import recovery_chart

    chart = run.plot()
    assert chart._repr_png_() == recovery_chart(run.board().standings, ".png")
    assert [panel.get_title() for panel in chart.axes] == ["digits"]
    assert len(run.board().plot(most=1).axes[0].lines) < len(chart.axes[0].lines)
    with pytest.raises(UsageError, match="nothing to draw: no strategy of nobody has been measured everywhere"):
        run.plot("nobody")


def test_a_run_in_this_process_measures_what_workers_do(run: bb.Run, tmp_path: Path) -> None:
    before, deterministic = torch.get_rng_state(), torch.are_deterministic_algorithms_enabled()
    again = bb.run("smoke", out=tmp_path, strategies=["retrain"], test_blurs=["gaussian-2"], jobs=0)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.are_deterministic_algorithms_enabled() == deterministic
    frame = again.results().set_index("key")
    assert set(frame.status) == {"ok"}
    shared = frame.join(run.results().set_index("key"), rsuffix="_of_workers", how="inner")
    assert len(shared) == len(frame)
    assert shared.top1.tolist() == shared.top1_of_workers.tolist()


def test_a_task_that_fails_in_this_process_costs_its_own_row_and_leaves_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blurbench.registry.discovery._in_use", {})
    (tmp_path / "mine.py").write_text(FAILING)
    choices = {"strategies": ["failing"], "test_blurs": ["gaussian-2"], "plugins": [tmp_path / "mine.py"]}
    failed = bb.run("smoke", out=tmp_path / "out", jobs=0, **choices).results().set_index("strategy")
    assert set(failed.loc["plain"].status) == {"ok"}
    assert set(failed.loc["failing"].reason) == {"ZeroDivisionError: no light"}
    assert any("raise ZeroDivisionError" in path.read_text() for path in (tmp_path / "out/logs").iterdir())


def test_what_was_fitted_predicts_as_it_did_on_the_board(run: bb.Run) -> None:
    from blurbench.matrix.tasks import Evaluate
    from blurbench.running.runtime import WorkerRuntime

    predictor = run.predictor(strategy="retrain", train_blur="gaussian-2", dataset="digits")
    wanted = {"strategy": "retrain", "test_blur": "gaussian-2", "train_blur": "gaussian-2"}
    (cell,) = [cell for cell in run.session.plan.cells if wanted.items() <= cell.labels.items()]
    task = run.session.plan.tasks[cell.key]
    assert isinstance(task, Evaluate)
    runtime = WorkerRuntime(run.session.registry, run.session.store, torch.device("cpu"), lambda: None)
    clean = runtime.test_images(task)
    seen = bb.blur(clean.images, "gaussian[sigma=2]", seed=task.test_seed)
    stored = run.images(strategy="retrain", test_blur="gaussian-2")
    assert predictor(seen).argmax(1).tolist() == stored.predicted.tolist()
    assert predictor.restore(seen) is None
    restored = run.predictor(strategy="deblur-unet", dataset="digits").restore(seen)
    assert restored is not None
    assert restored.shape == seen.shape
    with pytest.raises(UsageError, match=r"images are \(3, 5, 5\), and it was fitted to \(1, 16, 16\)"):
        predictor(torch.rand(2, 3, 5, 5))


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ({"strategy": "retrained"}, "none has strategy='retrained'"),
        ({"train_blur": "gaussian-2"}, "these have train_blur='gaussian-2': digits: blur-augment on gaussian-2 (cnn3"),
        ({"colour": "red"}, "unknown axis 'colour'; known: dataset, classifier"),
    ],
)
def test_a_predictor_that_is_not_one_is_asked_for_again(run: bb.Run, labels: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        run.predictor(**labels)
    assert says in str(caught.value)


def test_blurring_is_the_suites_and_keeps_the_type_of_images() -> None:
    wanted = [gaussian_filter(image[0].double().numpy(), 1.5, mode="mirror", radius=6) for image in PICTURES]
    blurred = bb.blur(PICTURES, "gaussian[sigma=1.5]")
    np.testing.assert_allclose(blurred[:, 0], wanted, atol=1e-6)
    as_bytes = bb.blur(PICTURES.mul(255).round().byte().numpy(), "gaussian[sigma=1.5]")
    assert isinstance(as_bytes, np.ndarray)
    assert as_bytes.dtype == np.uint8
    assert np.abs(as_bytes / 255 - blurred.numpy()).max() < 1.01 / 255
    drawn = bb.blur(PICTURES, "linear-motion[length=5]", seed=3)
    assert torch.equal(bb.blur(PICTURES[:2], "linear-motion[length=5]", seed=3), drawn[:2])
    assert not torch.equal(bb.blur(PICTURES, "linear-motion[length=5]", seed=4), drawn)


def test_a_deconvolver_is_given_the_psf() -> None:
    kernel = torch.zeros(5, 5)
    kernel[2] = 0.2
    seen = bb.blur(PICTURES, "linear-motion[length=5, angle=0]")
    restored = bb.restore(seen, "wiener", psf=kernel)
    assert (restored - PICTURES).square().mean() < 0.5 * (seen - PICTURES).square().mean()
    with pytest.raises(UsageError, match="wiener is given the PSF: say psf="):
        bb.restore(seen, "wiener")
    with pytest.raises(UsageError, match="unet has to be fitted"):
        bb.restore(seen, "unet")


def test_plugins_are_listed_and_made_by_name() -> None:
    assert "gaussian" in set(bb.plugins("blurs").name)
    assert bb.make("gaussian[sigma=2]").sigma == 2
    with pytest.raises(UsageError, match="did you mean 'gaussian'"):
        bb.make("gausian[sigma=2]")
    with pytest.raises(UsageError, match="kind of plugin"):
        bb.plugins("blurz")


@pytest.mark.parametrize("images", [torch.rand(3, 8, 8), torch.ones(1, 1, 8, 8, dtype=torch.int64)])
def test_images_of_another_kind_are_refused_in_one_line(images: torch.Tensor) -> None:
    with pytest.raises(UsageError, match="images must be"):
        bb.blur(images, "gaussian[sigma=1]")


def test_an_argument_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown argument 'dataset'; known: datasets, classifiers"):
        bb.plan("smoke", dataset="digits")


def test_milliseconds_are_not_measured_where_nobody_wants_them() -> None:
    timed, untimed = (bb.plan("smoke", timing=wanted).session for wanted in (True, False))
    kinds = [{type(task).__name__ for task in one.outstanding("missing").values()} for one in (timed, untimed)]
    assert kinds[0] - kinds[1] == {"TimePipeline"}
    assert ("--no-timing" in timed.request.words, "--no-timing" in untimed.request.words) == (False, True)
