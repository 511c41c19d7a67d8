"""Outside packages are found; what is wrong with one is one line, and the rest goes on."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Command


def test_an_outside_package_is_on_the_menu_with_its_version(blurbench: Command, box: Path) -> None:
    result = blurbench("plugin", "list", PYTHONPATH=str(box))
    assert result.returncode == 0, result.stderr
    brought = "blurs: block-mean\n  strategies: retouch\n  estimators: step-width\n  papers: mosaics\n  suites: box\n"
    assert f"blurbench-box 1.2.3\n  {brought}" in result.stdout


def test_each_broken_plugin_is_one_line_and_the_rest_goes_on(blurbench: Command, trouble: Path) -> None:
    result = blurbench("plugin", "list", PYTHONPATH=str(trouble))
    problems = [line for line in result.stdout.splitlines() if line.startswith("problem: ")]
    expected = [
        "'trouble-cannot-import' of blurbench-trouble 0.0.1 cannot be imported: ModuleNotFoundError",
        "unknown hook 'register_blur'; did you mean 'register_blurs'?",
        "'trouble-silent' of blurbench-trouble 0.0.1 is left out: it registers nothing; is @hookimpl missing?",
        "'trouble-raising' of blurbench-trouble 0.0.1: register_blurs failed: RuntimeError: the lens is [31mred",
        "'gaussian' from blurbench-trouble 0.0.1 is left out: blurbench already gives that name",
        "'thawed' from blurbench-trouble 0.0.1 is left out: it must be decorated with @dataclass(frozen=True)",
        "'unrelated' from blurbench-trouble 0.0.1 is left out: it must be a class derived from Blur",
        "'Bad Name' from blurbench-trouble 0.0.1 is left out: names are lower-case words joined by hyphens",
        "'blur-none' of blurbench-trouble 0.0.1 is left out: blurbench 0.1.0 has an entry point of the same name",
    ]
    for words in expected:
        assert sum(words in problem for problem in problems) == 1, words
    assert len(problems) == len(expected)
    assert result.returncode == 1
    blurs, restorers = "blurs: bad-psf, fragile, unruly", "restorers: bad-restorer, with-options"
    brought = (blurs, restorers, "strategies: bad-fit, meddling, on-top-of", "estimators: bad-estimator")
    assert "".join(f"  {line}\n" for line in brought) in result.stdout
    assert "gaussian" in result.stdout.split("blurbench-trouble")[0]


SUITE = """
name = "outside"
version = 1
title = "Outside"
datasets = ["digits"]
train_blurs = ["none"]
test_blurs = ["{blur}"]
[[matrix]]
classifiers = ["cnn3"]
strategies = ["plain"]
[budgets.quick]
"""


def test_an_unknown_name_tells_of_plugins_that_could_not_be_loaded(
    blurbench: Command, tmp_path: Path, trouble: Path
) -> None:
    (tmp_path / "outside.toml").write_text(SUITE.format(blur="silent"))
    says = "blurbench: unknown blur 'silent'; "
    told = " (9 plugins could not be loaded: see `blurbench plugin list`)"
    result = blurbench("plan", "--suite", "outside.toml", PYTHONPATH=str(trouble))
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].startswith(says)
    assert result.stderr.splitlines()[-1].endswith(told)
    assert "could not be loaded" not in blurbench("plan", "--suite", "outside.toml").stderr


def test_a_plugin_that_cannot_be_made_is_one_line(blurbench: Command, tmp_path: Path, trouble: Path) -> None:
    (tmp_path / "outside.toml").write_text(SUITE.format(blur="fragile[parts=0]"))
    result = blurbench("plan", "--suite", "outside.toml", PYTHONPATH=str(trouble))
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1] == (
        "blurbench: blur 'fragile' cannot be made: ZeroDivisionError: division by zero"
    )
