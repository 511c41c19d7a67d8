"""What a suite asks to be measured inside the classifiers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from blurbench.contract import Shape
from blurbench.measurements.accuracy.analyses import deepest_maps, feature_gradients
from blurbench.metrics.feature_gradients import gradient_magnitude_variance
from blurbench.registry import Registry
from tests.conftest import Command
from tests.running.tiny import records, write_suite


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("cifar10-quick", Shape(3, 32, 32), (64, 8, 8)),  # conv3, as in the figure of Zhou et al.
        ("lenet-mcn", Shape(1, 28, 28), (50, 8, 8)),
        ("cnn3", Shape(1, 28, 28), (128, 7, 7)),
        ("vit", Shape(1, 28, 28), None),
    ],
)
def test_the_deepest_maps_are_those_of_the_last_layer_that_still_sees_edges(
    registry: Registry, name: str, shape: Shape, expected: tuple[int, int, int] | None
) -> None:
    classifier = registry.resolve("classifiers", name)
    network = classifier.build(shape, 10).eval()
    images = torch.rand(2, shape.channels, shape.height, shape.width, generator=torch.Generator().manual_seed(0))

    layer = deepest_maps(classifier, network, lambda: network(images))

    if expected is None:
        assert layer is None
        return
    assert layer is not None
    seen = []
    layer.register_forward_hook(lambda layer, inputs, output: seen.append(output.clone()))
    with feature_gradients(layer) as parts, torch.inference_mode():
        network(images)
    assert seen[0].shape == (2, *expected)
    assert torch.equal(parts[0], gradient_magnitude_variance(seen[0]))


def test_a_suite_that_asks_gets_feature_gradients_image_by_image(blurbench: Command, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, ("plain", "deblur-then-classify[restorer=wiener]"))
    suite.write_text('analyses = ["feature-gradients"]\n' + suite.read_text())
    result = blurbench("run", "--suite", str(suite), "-j", "0")
    assert result.returncode == 0, result.stderr

    for record in records(tmp_path / "blurbench-results").values():
        result = record["result"]
        values = result["images"]["feature_gradients"]
        assert len(values) == result["metrics"]["n"] == 60
        assert min(values) > 0
        mean = result["metrics"]["observations"]["feature_gradients"]
        assert mean == pytest.approx(sum(values) / 60, rel=1e-5)
    assert "feature_gradients" in (tmp_path / "blurbench-results" / "boards" / "tiny.v1.quick.md").read_text()


def test_an_unknown_analysis_is_refused_in_one_line(blurbench: Command, tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    suite.write_text('analyses = ["saliency"]\n' + suite.read_text())
    result = blurbench("plan", "--suite", str(suite))
    assert result.returncode == 2
    assert result.stderr == "blurbench: suite file tiny.toml: analyses.0: input should be 'feature-gradients'\n"
