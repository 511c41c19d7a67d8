"""What is taken home in these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.takeaway.measured import draw_pictures, measure

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
