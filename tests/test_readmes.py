"""What the documents show works as it stands."""

from __future__ import annotations

import re
import sys
import tomllib
import types
from pathlib import Path

import pytest
import torch

from blurbench.contract import GaussianPsf
from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.matrix.axes import AccuracyAxes
from blurbench.matrix.suite import load
from blurbench.registry import Registry
from blurbench.registry.discovery import fill
from blurbench.testing import check_plugin
from tests.builders import PaperBoard

ROOT = Path(__file__).parent.parent


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


@pytest.fixture
def guide(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """What plugins/README.md writes, as one module."""
    module = types.ModuleType("blurbench_box")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec("\n".join(blocks("plugins/README.md", "python")), vars(module))
    return module


@pytest.fixture
def example(guide: types.ModuleType) -> Registry:
    """The plugins that plugins/README.md registers, as one package."""
    registry = Registry()
    fill(registry, guide, "box", "blurbench-box", "1.0")
    assert registry.problems == []
    return registry


def test_the_example_blur_is_found_and_blurs(example: Registry) -> None:
    blur = example.resolve("blurs", "block-mean[side=5]")
    images = torch.rand(2, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    blurred = blur.degrade(images, Draws([0, 1], 0, ("test",))).images
    torch.testing.assert_close(blurred[:, 0, 6, 6], images[:, 0, 4:9, 4:9].mean(dim=(1, 2)))


def test_the_example_estimator_reads_the_sigma_of_a_blurred_edge(example: Registry) -> None:
    estimator = example.resolve("estimators", "steepest-edge")
    edge = torch.zeros(1, 1, 48, 64)
    edge[..., 32:] = 1
    sigmas = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    blurred = convolve(edge.expand(3, -1, -1, -1).contiguous(), GaussianPsf(sigmas))
    torch.testing.assert_close(estimator.estimate(blurred).double(), sigmas, rtol=0.05, atol=0)


def test_the_example_paper_sets_its_figure_beside_a_board(example: Registry) -> None:
    board = PaperBoard()
    board.cell("digits", "plain", "", "none", hits="1" * 180 + "0" * 20)
    board.cell("digits", "plain", "", "block-mean[side=5]", hits="1" * 100 + "0" * 100)
    paper, findings = example.resolve("papers", "mosaics"), board.findings()
    (table,), (claim,) = paper.tables(findings), paper.judged(findings)
    cell = table.at("squares of 5", "top-1")
    assert (cell.published, cell.measured, claim.verdict) == (61.5, 50.0, "holds")
    assert claim.measured[0].interval.estimate == pytest.approx(40.0)


def test_the_test_that_the_guide_shows_passes(guide: types.ModuleType) -> None:
    (mark,) = guide.test_every_promise_of_the_contract_is_kept.pytestmark
    assert [case.id for case in mark.args[1]] == [
        "estimators:steepest-edge",
        "papers:mosaics",
        "blurs:block-mean[side=5]",
    ]
    for case in mark.args[1]:
        guide.test_every_promise_of_the_contract_is_kept(*case.values)


@pytest.mark.parametrize("name", ["Tremor", "Residual", "Committee", "Overshoot"])
def test_the_other_plugins_of_the_guide_keep_the_contract(guide: types.ModuleType, name: str) -> None:
    assert check_plugin(getattr(guide, name)).unchecked == []


def test_the_example_tremor_spreads_light_as_far_as_it_says_and_shifts_nothing(guide: types.ModuleType) -> None:
    weights = guide.Tremor(spread=2.0, places=1000).psf(Draws(range(20), 0, ("test",))).weights
    offset = torch.arange(weights.shape[-1]) - weights.shape[-1] // 2
    rows = weights.sum(2)
    torch.testing.assert_close(rows @ offset.double(), torch.zeros(20, dtype=torch.float64), atol=1e-9, rtol=0)
    # A bilinear splat adds the variance of a triangle, 1/6, to the squares of the spread.
    torch.testing.assert_close((rows @ offset.double().square()).mean().item(), 4 + 1 / 6, rtol=0.02, atol=0)


def test_every_command_in_the_guide_exists() -> None:
    from blurbench.cli.plugin import app

    named = set(re.findall(r"blurbench plugin ([a-z]+)", (ROOT / "plugins/README.md").read_text()))
    assert named == {"check", "new"}
    assert named <= {command.name for command in app.registered_commands}


def test_the_example_suite_is_a_suite(tmp_path: Path, registry: Registry) -> None:
    text, _ = blocks("README.md", "toml")
    path = tmp_path / "my-suite.toml"
    path.write_text(text)
    suite = load(path)
    axes = AccuracyAxes.of(registry, suite.under("quick"))
    assert [strategy.label for strategy in axes.matrix[0][1]] == [
        "plain",
        "blur-augment[share=0.3]",
        "blur-augment",
        "deblur-then-classify[restorer=unet[kernel=3, widths=[16, 32, 64]]]",
    ]


def test_every_command_in_the_readme_exists() -> None:
    from blurbench.cli.app import app

    known = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    named = set(re.findall(r"blurbench ([a-z]+)", "\n".join(blocks("README.md", "sh"))))
    assert named
    assert named <= known


def test_the_changelog_tells_of_the_version_in_pyproject() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text()
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
