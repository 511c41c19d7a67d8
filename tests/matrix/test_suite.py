"""Suite files are read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

import blurbench as bb
from blurbench.contract import Budget
from blurbench.errors import UnknownName, UsageError
from blurbench.matrix.axes import AccuracyAxes
from blurbench.matrix.suite import AccuracySuite, Suite, find, load
from blurbench.registry import Registry

GOOD = """
name = "tiny"
version = 1
title = "Tiny"
datasets = ["digits"]
train_blurs = ["soft"]
test_blurs = ["none", "soft", "gaussian[sigma=1|3]"]
[labels]
soft = "gaussian[sigma=2]"
[[matrix]]
classifiers = ["cnn3"]
strategies = ["plain", "first-n[n=1|2]"]
[budgets.quick]
train_images = 100
[budgets.large]
test_blurs = ["none", "gaussian[sigma=2]"]
"""


def accuracy(suite: Suite) -> AccuracySuite:
    assert isinstance(suite, AccuracySuite)
    return suite


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(text)
    return path


def test_a_good_file_becomes_a_suite_with_its_budgets(tmp_path: Path, registry: Registry) -> None:
    suite = load(written(tmp_path, GOOD))
    assert suite.budget("quick").train_images == 100
    axes = AccuracyAxes.of(registry, accuracy(suite.under("quick")))
    assert [blur.label for blur in axes.test_blurs] == ["none", "soft", "gaussian[sigma=1]", "gaussian[sigma=3]"]
    assert [strategy.label for strategy in axes.matrix[0][1]] == ["plain", "first-n[n=1]", "first-n[n=2]"]


def test_a_budget_may_replace_axes(tmp_path: Path, registry: Registry) -> None:
    axes = AccuracyAxes.of(registry, accuracy(load(written(tmp_path, GOOD)).under("large")))
    assert [blur.label for blur in axes.test_blurs] == ["none", "gaussian[sigma=2]"]


def test_a_changed_budget_shows_the_change_in_its_name(tmp_path: Path) -> None:
    suite = load(written(tmp_path, GOOD))
    assert suite.budget("quick", {"train_images": 50}).name == "quick[train_images=50]"
    assert suite.budget("quick", {"minutes_per_job": 1.0}).name == "quick"


NOTHING_FITTED = """
name = "tiny"
version = 1
title = "Tiny"
datasets = ["digits"]
test_blurs = ["none", "gaussian[sigma=1]"]
[[matrix]]
classifiers = ["cnn3"]
strategies = ["plain", "bn-adapt"]
"""


def test_a_suite_that_fits_nothing_to_a_blur_needs_neither_training_blurs_nor_budgets(
    tmp_path: Path, registry: Registry
) -> None:
    suite = accuracy(load(written(tmp_path, NOTHING_FITTED)))
    name = suite.budget_name("quick")
    assert (name, suite.budget_name("standard")) == ("standard", "standard")
    assert suite.budget(name) == Budget("standard")
    assert AccuracyAxes.of(registry, suite.under(name)).train_blurs == ()
    with pytest.raises(UnknownName, match="unknown budget of suite tiny: 'small'; known: standard"):
        suite.budget(suite.budget_name("small"))
    assert load(written(tmp_path, GOOD)).budget_name("quick") == "quick"


def test_a_run_of_it_says_which_budget_it_has(tmp_path: Path) -> None:
    session = bb.plan(str(written(tmp_path, NOTHING_FITTED)), out=tmp_path / "results").session
    assert session.board == "tiny.v1.standard"
    assert session.request.command == "blurbench run --suite tiny.toml --budget standard --seeds 1"
    assert {cell.skip for cell in session.plan.cells} == {""}


@pytest.mark.parametrize("strategy", ["retrain", "bn-adapt[base=retrain]"])
def test_what_is_fitted_to_a_blur_is_refused_where_there_is_none(
    tmp_path: Path, registry: Registry, strategy: str
) -> None:
    suite = accuracy(load(written(tmp_path, NOTHING_FITTED.replace("bn-adapt", strategy))))
    with pytest.raises(UsageError) as caught:
        AccuracyAxes.of(registry, suite)
    assert str(caught.value) == (
        f"suite tiny: {strategy} is fitted to a blur and there is none: give train_blurs in the suite, or --train-blur"
    )
    assert AccuracyAxes.of(registry, suite, {"train_blur": ["gaussian[sigma=2]"]}).train_blurs
    assert AccuracyAxes.of(registry, suite, {"strategy": ["plain"]}).matrix


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("datasets =", "dataset =", "unknown key in suite file tiny.toml: 'dataset'; did you mean 'datasets'?"),
        ("classifiers =", "clasifiers =", "'clasifiers'; did you mean 'classifiers'?"),
        ("train_images", "train_imags", "'train_imags'; did you mean 'train_images'?"),
        ("train_images = 100", "train_images = 0", "must lie between 1 and"),
        ('title = "Tiny"', "", "title: field required"),
        ('["digits"]', "[]", "datasets"),
        ("version = 1", "version = ", "is not TOML"),
        ("version = 1", f"version = {2**60}", "version: input should be less than or equal to 1000000"),
        ('"tiny"', f'"{"a" * 10_000}"', "name: a text of 10000 characters"),
        ('title = "Tiny"', 'title = "\\u001b[31mred"', "title: the invisible character U+001B"),
        ('soft = "', '"\\u202esoft" = "none"\nsoft = "', "labels (a key): the invisible character U+202E"),
        ("[budgets.large]", "[budgets.my_budget]", "budgets.my_budget: a name is of small letters"),
        ("[budgets.large]", '[budgets.large]\nlabels = "x"', "budgets.large.labels must be a table"),
        ('title = "Tiny"', f'title = "Tiny"\nx = {"[" * 3000}{"]" * 3000}', "tables are nested too deep"),
        ("train_images = 100", "train_images = nan", "a number that is not finite"),
        ("train_images = 100", f"train_images = {10**30}", "larger than any that is meant"),
    ],
)
def test_a_mistake_in_a_file_names_the_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(written(tmp_path, GOOD.replace(old, new, 1)))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_suites_budgets_and_files_are_refused(registry: Registry) -> None:
    with pytest.raises(UnknownName, match="did you mean 'mnist-family'"):
        find(registry, "mnist-famly")
    with pytest.raises(UnknownName, match="did you mean 'quick'"):
        find(registry, "mnist-family").budget("quik")
    with pytest.raises(UsageError, match="does not exist"):
        find(registry, "nowhere.toml")


def test_filters_keep_the_baseline_and_the_clean_test(tmp_path: Path, registry: Registry) -> None:
    suite = accuracy(load(written(tmp_path, GOOD)).under("quick"))
    axes = AccuracyAxes.of(registry, suite, {"strategy": ["first-n[n=2]"], "test_blur": ["soft"]})
    assert [strategy.label for strategy in axes.matrix[0][1]] == ["plain", "first-n[n=2]"]
    assert [blur.label for blur in axes.test_blurs] == ["none", "soft"]
    everything_called_first_n = AccuracyAxes.of(registry, suite, {"strategy": ["first-n"]})
    assert len(everything_called_first_n.matrix[0][1]) == 3


def test_a_filter_that_matches_nothing_is_refused(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(UnknownName, match="did you mean 'soft'"):
        AccuracyAxes.of(registry, accuracy(load(written(tmp_path, GOOD))), {"test_blur": ["sofd"]})


def test_a_matrix_without_the_baseline_is_refused(tmp_path: Path, registry: Registry) -> None:
    suite = accuracy(load(written(tmp_path, GOOD.replace('"plain", ', ""))))
    with pytest.raises(UsageError, match="every matrix needs the baseline strategy 'plain'"):
        AccuracyAxes.of(registry, suite)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("gaussian[sigma=nan]", "sigma: must lie between 0.05 and 30 pixels, not nan"),
        ("gaussian[sigma={low=1, high=inf}]", "sigma: must lie between 0.05 and 30 pixels, not inf"),
        (f"gaussian[sigma={'|'.join(map(str, range(1, 1002)))}]", "a grid of 1,001 values; the most are 1,000"),
        ("chain[steps=[" * 60 + "none" + "]]" * 60, "brackets are nested more than 50 deep"),
        (f"chain[steps=[{', '.join(['none'] * 51)}]]", "steps: 51 are too many, the most are 50"),
    ],
)
def test_a_value_that_no_plan_can_hold_is_refused_in_one_line(
    tmp_path: Path, registry: Registry, wrong: str, says: str
) -> None:
    suite = accuracy(load(written(tmp_path, GOOD.replace("gaussian[sigma=1|3]", wrong))).under("quick"))
    with pytest.raises(UsageError) as caught:
        AccuracyAxes.of(registry, suite)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_value_that_takes_too_long_to_write_is_refused_in_one_line(tmp_path: Path, registry: Registry) -> None:
    table = f'{{name = "imagefolder", path = "{"a" * 3995}"}}'
    suite = accuracy(load(written(tmp_path, GOOD.replace('["digits"]', f"[{table}]", 1))))
    with pytest.raises(UsageError, match=r"a value of dataset is written with 4,013 characters .* the most are 4,000"):
        AccuracyAxes.of(registry, suite)
