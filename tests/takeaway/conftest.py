"""What is taken home in these tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from blurbench.cli.app import app
from blurbench.registry import Registry
from blurbench.store.store import Store
from blurbench.takeaway.rows import Row, Rows
from tests.takeaway.measured import draw_pictures, measure

BOARD = "drawn.v1.quick"
STRATEGIES = ("plain", "retrain", "deblur-unet", "bn-adapt[batch=4]", "deblur-wiener")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures in parts and classes."""
    folder = tmp_path_factory.mktemp("pictures")
    draw_pictures(folder)
    return folder


@pytest.fixture(scope="session")
def results(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder: two seeds of five remedies on those pictures at 20 pixels."""
    dataset = f"imagefolder[path={pictures}, side=20]"
    return measure(tmp_path_factory.mktemp("taken"), (dataset,), STRATEGIES, seeds=2)


def row_of(registry: Registry, results: Path, name: str, seed: int | None = None) -> Row:
    return Rows(registry, Store(results), BOARD).named(name, seed=seed)


@pytest.fixture(scope="session")
def exported(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The restorer with its classifier, by the command."""
    path = tmp_path_factory.mktemp("exported") / "remedy.pt2"
    done = CliRunner().invoke(app, ["export", "deblur-unet", str(path), "--out", str(results), "--seed", "1"])
    assert done.exit_code == 0, done.output
    assert "takes any number of images at a time; on 16 test images no logit differs by more than" in done.stdout
    return path
