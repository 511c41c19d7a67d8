"""Metrics of plugins: measured where they are asked for, image by image, and held against what was asked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import blurbench as bb
from blurbench.contract import Answered, Dataset, Degraded, ImageSet, Metric, Output, Shape
from blurbench.errors import BlurbenchError, NotFinite, PluginError
from blurbench.matrix.cell import Data
from blurbench.matrix.suite import AccuracySuite, load
from blurbench.matrix.tasks import Evaluate, Fit
from blurbench.measurements.accuracy.own_metrics import own_metrics
from blurbench.registry import Registration, Registry
from blurbench.registry.discovery import files_in_use, use_only
from blurbench.submissions.check import check
from blurbench.submissions.installation import Installation
from blurbench.submissions.merge import gather
from blurbench.submissions.submission import open_submission
from tests.builders import plan_of
from tests.conftest import Command
from tests.running.tiny import write_suite

MINE = """
import math
from dataclasses import dataclass
from blurbench.contract import Metric

@dataclass(frozen=True)
class Nearer(Metric):
    def measure(self, answered):
        if answered.restored is None:
            return answered.blurred.new_full((len(answered.labels),), math.nan)
        before, after = ((one - answered.sharp).square().flatten(1).mean(1)
                         for one in (answered.blurred, answered.restored.clamp(0, 1)))
        return before - after
"""
DEBLUR = "deblur-then-classify[restorer=wiener]"


@pytest.fixture(autouse=True, scope="module")
def as_before() -> Iterator[None]:
    before = files_in_use()
    yield
    use_only(before)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_suite(tmp_path_factory.mktemp("suite"), ("plain", DEBLUR))


@pytest.fixture(scope="module")
def run(suite: Path) -> bb.Run:
    """Two seeds of two strategies, with a metric of ours and one in a file."""
    (suite.parent / "mine.py").write_text(MINE)
    asked: dict[str, Any] = {"metrics": ["nearer", "margin"], "plugins": [suite.parent / "mine.py"]}
    return bb.run(str(suite), out=suite.parent / "results", jobs=0, seeds=2, **asked)


def described(dataset: Dataset) -> Data:
    return Data("pixels", "pixels", Shape(1, 16, 16), 10, 1000, 300)


# --- keys ----------------------------------------------------------------------------------------------------------


def test_what_is_asked_for_is_in_the_keys_of_cells_and_in_no_other(registry: Registry, suite: Path) -> None:
    plain = load(suite)
    assert isinstance(plain, AccuracySuite)

    def keys(metrics: list[str], kind: Any) -> set[str]:
        plan = plan_of(registry, plain.asking_for(metrics), described)
        return {key for key, task in plan.tasks.items() if isinstance(task, kind)}

    assert keys(["margin"], Evaluate).isdisjoint(keys([], Evaluate))
    assert keys(["margin"], Fit) == keys([], Fit)
    assert keys(["margin", "margin"], Evaluate) == keys(["margin"], Evaluate)


def test_a_suite_asks_by_its_own_list_and_a_user_for_more(
    registry: Registry, suite: Path, run: bb.Run, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text('metrics = ["margin"]\n' + suite.read_text())
    asking = load(path)
    (task, *_) = plan_of(run.session.registry, asking.asking_for(["nearer"]), described).cells

    assert [metric["name"] for metric in task.identity["settings"]["metrics"]] == ["margin", "nearer"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--metric", "margins"), "unknown metric 'margins'; did you mean 'margin'?"),
        (("--metric", "margin[of=1]"), "unknown parameter of metric 'margin': 'of'; none is installed"),
        (
            ("--suite", "kernel-estimation", "--metric", "margin"),
            "suite kernel-estimation measures blur-estimation: --metric is for suites of classifiers",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(
    blurbench: Command, arguments: tuple[str, ...], said: str
) -> None:
    result = blurbench("plan", *(("--suite", "smoke") if "--suite" not in arguments else ()), *arguments)
    assert (result.returncode, result.stderr) == (2, f"blurbench: {said}\n")


LACKING = """
from dataclasses import dataclass
from blurbench.contract import Metric
from blurbench.errors import Unavailable

@dataclass(frozen=True)
class Lacking(Metric):
    def prepare(self):
        raise Unavailable("lacking needs weights that are not here; get them from their authors")

    def measure(self, answered):
        return answered.logits[:, 0]
"""


def test_a_metric_that_lacks_what_it_measures_with_ends_the_run_before_anything_is_fitted(
    blurbench: Command, suite: Path, tmp_path: Path
) -> None:
    (tmp_path / "lacking.py").write_text(LACKING)
    asked = ("--suite", str(suite), "--plugins", "lacking.py", "--out", "results", "-j", "0")
    result = blurbench("run", *asked, "--metric", "lacking")
    says = "blurbench: lacking needs weights that are not here; get them from their authors\n"
    assert (result.returncode, result.stderr.splitlines(keepends=True)[-1]) == (1, says)
    folders = [tmp_path / "results" / name for name in ("records", "artifacts", "boards")]
    assert not [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    # What is stored already needs nothing more, and boards are made without it.
    assert blurbench("plan", *asked[:-2], "--metric", "lacking").returncode == 0


# --- what is stored and shown --------------------------------------------------------------------------------------


def test_the_frame_has_a_column_of_means_and_one_of_images(run: bb.Run) -> None:
    frame, each = run.results(), run.images(strategy=DEBLUR, test_blur="gaussian[sigma=2]", seed=1)
    (row,) = frame.query(f"strategy == {DEBLUR!r} and test_blur == 'gaussian[sigma=2]' and seed == 1").itertuples()

    assert ((each["margin"] > 0) == (each.label == each.predicted)).all()
    assert row.margin == pytest.approx(each["margin"].mean(), rel=1e-5)
    assert row.nearer == pytest.approx((each.blurred_mse - each.restored_mse).mean(), abs=1e-6)
    assert frame.query("strategy == 'plain'").nearer.isna().all()


def test_the_board_has_the_mean_with_its_interval_and_says_how_it_was_asked_for(run: bb.Run) -> None:
    board = run.board()
    block = board.block("digits", "cnn3[widths=[4, 8, 8]]", "gaussian[sigma=2]").set_index("strategy")
    own = block.own[DEBLUR]

    assert set(own) == {"margin", "nearer"}
    assert own["nearer"].low < own["nearer"].estimate < own["nearer"].high
    assert set(block.own["plain"]) == {"margin"}
    assert "| margin [95%]" in board.to_markdown()
    assert "**nearer**: a metric of a plugin's" in board.to_markdown()
    assert ">margin [95%]<" in board.to_html()
    assert "--metric nearer --metric margin" in run.session.request.command


def test_the_file_of_the_board_has_three_columns_of_each(run: bb.Run) -> None:
    from blurbench.board.render.export import frame, parse, render

    standings = run.board().standings
    table = frame(standings).query("status == 'ok' and strategy == 'plain'")
    assert (table["margin_low"] < table["margin"]).all()
    assert table["nearer"].isna().all()
    assert frame(parse(render(standings), "board")).equals(frame(standings))


def test_measuring_without_it_again_uses_what_was_measured_before(run: bb.Run, suite: Path) -> None:
    asked: dict[str, Any] = {"out": suite.parent / "results", "jobs": 0, "seeds": 2}
    assert set(bb.plan(str(suite), metrics="margin", **asked).cells().status) == {"missing"}
    assert set(bb.plan(str(suite), metrics=["margin", "nearer"], **asked).cells().status) == {"ok"}


def test_a_network_of_ones_own_is_measured_by_it_too() -> None:
    images = torch.rand(30, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(30) % 3

    def answers(given: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(labels[: len(given)], 3).float()

    run = bb.evaluate(answers, (images, labels), metrics="margin", batch=30)
    e = math.e
    assert run.results().margin.tolist() == pytest.approx([(e - 1) / (e + 2)], rel=1e-5)


# --- what is received ----------------------------------------------------------------------------------------------


def measured(metric: type[Metric], registry: Registry) -> list[float | None]:
    """What is received of a metric on 300 images, which were blurred in two parts."""
    known = registry.copy()
    known.add(Registration("metrics", "mine", metric, "tests", "1"))
    images = torch.rand(300, 1, 4, 4)
    clean = ImageSet(images, torch.zeros(300, dtype=torch.int64), torch.arange(300))
    parts = [Degraded(images[:256], None), Degraded(images[256:], None)]
    return own_metrics(known, [{"name": "mine"}], clean, parts, Output(torch.zeros(300, 2)))["mine"]


def metric_of(measure: Callable[[Answered], Any]) -> type[Metric]:
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Mine(Metric):
        limits = (0.0, 1.0)

        def measure(self, answered: Answered) -> Any:
            return measure(answered)

    return Mine


@pytest.mark.parametrize(
    ("measure", "error", "said"),
    [
        (
            lambda answered: answered.blurred,
            PluginError,
            r"gave numbers of the shape \(256, 1, 4, 4\), wanted \(256,\)",
        ),
        (lambda answered: 1.0, PluginError, "gave a value of the type float as numbers"),
        (lambda answered: answered.labels, PluginError, "gave numbers of torch.int64, wanted floating-point numbers"),
        (
            lambda answered: answered.logits[:, 0].log(),
            NotFinite,
            "gave infinity; what it cannot say of an image is NaN",
        ),
        (lambda answered: answered.logits[:, 0] + 2, PluginError, "gave 2, beyond its limits 0 to 1"),
    ],
)
def test_what_is_no_number_an_image_is_refused(
    registry: Registry, measure: Any, error: type[BlurbenchError], said: str
) -> None:
    with pytest.raises(error, match=f"metric Mine {said}"):
        measured(metric_of(measure), registry)


def test_what_a_metric_does_to_its_images_nobody_else_meets(registry: Registry) -> None:
    def spoil(answered: Answered) -> torch.Tensor:
        for images in (answered.sharp, answered.blurred):
            images.fill_(7)
        return answered.logits[:, 0]

    images = torch.rand(4, 1, 4, 4)
    whole, known = images.clone(), registry.copy()
    known.add(Registration("metrics", "mine", metric_of(spoil), "tests", "1"))
    clean = ImageSet(images, torch.zeros(4, dtype=torch.int64), torch.arange(4))
    own_metrics(known, [{"name": "mine"}], clean, [Degraded(images, None)], Output(torch.zeros(4, 2)))

    assert torch.equal(images, whole)


def test_images_of_which_it_says_nothing_are_no_numbers(registry: Registry) -> None:
    def odd(answered: Answered) -> torch.Tensor:
        numbers = answered.blurred.new_full((len(answered.labels),), 0.5)
        numbers[::2] = math.nan
        return numbers

    assert measured(metric_of(odd), registry) == [None, 0.5] * 150


def test_a_name_that_a_board_has_a_column_of_is_left_out(registry: Registry) -> None:
    with pytest.raises(
        PluginError, match="metrics 'churn' from tests 1 is left out: boards have a column of that name"
    ):
        registry.copy().add(Registration("metrics", "churn", metric_of(lambda answered: 0), "tests", "1"))


# --- other people's ------------------------------------------------------------------------------------------------


@pytest.fixture
def refused(run: bb.Run, tmp_path: Path) -> Callable[[Callable[[Any], None]], str]:
    """Why a bundle with a changed record of the deblurring row is not believed."""

    def judge(change: Callable[[Any], None]) -> str:
        session = run.session
        outgoing = gather(session.store, session.board)
        contents = {name: json.loads(text) for name, text in outgoing.files.items() if name.startswith("records/")}
        name, content = next(
            (name, content) for name, content in contents.items() if content["axes"]["strategy"]["label"] == DEBLUR
        )
        change(content)
        outgoing.files[name] = json.dumps(content).encode()
        path = tmp_path / "bundle.zip"
        path.write_bytes(outgoing.pack())
        held = open_submission(path)
        check(held, Installation(session.registry, session.store, ()))
        return held.refusals[0].reason if held.refusals else ""

    return judge


def own(**numbers: Any) -> Callable[[Any], None]:
    """Its numbers of the metric `margin` changed, `mean` and `each`."""

    def change(content: Any) -> None:
        result = content["result"]
        mean, each = (result[part]["own"] for part in ("metrics", "images"))
        mean["margin"] = numbers.get("mean", mean["margin"])
        each["margin"] = numbers.get("each", each["margin"])

    return change


def setting(metrics: Any) -> Callable[[Any], None]:
    return lambda content: content.update(settings={"metrics": metrics})


def without(content: Any) -> None:
    for part in ("metrics", "images"):
        del content["result"][part]["own"]["margin"]


MARGIN, NEARER = ({"name": name, "revision": 1} for name in ("margin", "nearer"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (own(mean=0.123), "margin is 0.123, but the images give"),
        (own(each=[0.5] * 59), "margin must have n entries"),
        (own(mean=None), "margin is None, but the images give"),
        (own(mean=3.0, each=[3.0] * 60), "images.own: a value of margin is not in -1..1"),
        (own(each=[1e400] * 60), "finite number"),
        (without, "metrics.own: margin is lacking"),
        (lambda content: content["result"]["images"]["own"].pop("margin"), "must be of the same metrics"),
        (setting([MARGIN]), "its key does not follow"),
        (setting(["margin", "nearer"]), "settings: metrics is no list of tables"),
        (setting(5), "settings: metrics is no list of tables"),
        (setting([MARGIN, {"name": "nobody"}]), "unknown metric 'nobody'"),
        (setting([{**MARGIN, "revision": 9}, NEARER]), "metrics: made with margin revision 9; installed here: margin"),
        (setting([MARGIN, {**NEARER, "source": "ab"}]), "the file of plugins that nearer is from has another content"),
    ],
)
def test_changed_metrics_of_a_bundle_are_refused_in_one_line(refused: Any, change: Any, reason: str) -> None:
    assert reason in (told := refused(change))
    assert "\n" not in told


def test_the_metrics_of_a_bundle_are_believed_as_they_were_measured(refused: Any) -> None:
    assert refused(lambda content: None) == ""


def test_a_cell_measured_again_gives_the_same_numbers_or_is_told(run: bb.Run) -> None:
    first = run.session.records[run.results().key[0]].accuracy
    assert first.repeated(first) == (True, "0 of 60 predictions changed")
    other = first.model_copy(update={"metrics": first.metrics.model_copy(update={"own": {"margin": -0.9}})})
    assert "margin is stored as" in first.repeated(other)[1]
    assert not first.repeated(other)[0]
