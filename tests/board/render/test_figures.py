from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from blurbench.board.outcomes import outcomes_of
from blurbench.board.render.figures import _lines, recovery_chart, sample_strip
from blurbench.board.standings import standings
from blurbench.errors import UsageError


@pytest.fixture
def result(board):
    for dataset in ("dots", "dashes"):
        for test_blur, right in (("none", 9), ("gaussian-2", 5)):
            board.cell(test_blur, "plain", hits="1" * right + "0" * (10 - right), dataset=dataset)
            board.cell(test_blur, "retrain", "gaussian-2", hits="1" * 8 + "00", dataset=dataset)
            board.cell(test_blur, "oracle $x$", hits="1" * 9 + "0", dataset=dataset, knows="true PSF")
    return board.standings()


def test_a_strip_shows_bytes_and_floats_alike(tmp_path):
    images = np.zeros((2, 1, 8, 8), dtype=np.uint8)
    images[1] = 255
    (tmp_path / "strip.png").write_bytes(sample_strip({"bytes": images, "floats, beyond 1": images / 200.0}))
    picture = np.asarray(Image.open(tmp_path / "strip.png").convert("RGBA"))
    height, width = picture.shape[:2]
    bottom, top = picture[int(height * 0.75)], picture[int(height * 0.4)]
    for column in (width // 4, 3 * width // 4):
        assert bottom[column].tolist() == [255, 255, 255, 255]
        assert top[column].tolist() == [0, 0, 0, 255]
    assert picture[0, 0, 3] == 0  # transparent, for pages of any colour


def test_a_strip_shows_colours(tmp_path):
    images = np.zeros((1, 3, 8, 8), dtype=np.float32)
    images[:, 2] = 1.0
    (tmp_path / "strip.png").write_bytes(sample_strip({"clean": images}))
    picture = np.asarray(Image.open(tmp_path / "strip.png").convert("RGB"))
    assert picture[int(picture.shape[0] * 0.7), picture.shape[1] // 2].tolist() == [0, 0, 255]


def test_a_strip_of_four_noisy_images_is_a_small_file_and_always_the_same(tmp_path):
    images = np.random.default_rng(0).random((4, 3, 32, 32))
    stages = {name: images * share for name, share in (("clean", 1), ("blurred", 0.9), ("wiener", 0.8), ("unet", 0.7))}
    for name in ("one", "other"):
        (tmp_path / f"{name}.png").write_bytes(sample_strip(stages))
    written = (tmp_path / "one.png").read_bytes()
    assert len(written) < 200_000
    assert written == (tmp_path / "other.png").read_bytes()


def test_a_control_that_does_what_another_row_does_has_no_line(board):
    names = {"same-as-plain": 50, "same-as-retrain": 80, "apart": 70}
    board.specs |= {name: {"name": "deblur-then-classify", "restorer": {"name": "identity"}} for name in names}
    for strategy, right in {"plain": 50, "retrain": 80, "twin": 80, "weak": 60, **names}.items():
        board.cell("gaussian-2", strategy, hits="1" * right + "0" * (100 - right))
    result = board.standings()
    drawn = {one.strategy: look["linestyle"] for one, look in _lines(result.rankings[0], result.blocks, 6)}
    assert drawn == {"retrain": "-", "twin": "-", "weak": "-", "apart": "--", "plain": "--"}
    assert list(drawn) == ["retrain", "twin", "weak", "apart", "plain"]


def test_a_chart_has_a_panel_for_each_data_set_and_a_line_for_each_strategy(result, tmp_path):
    (tmp_path / "chart.svg").write_bytes(recovery_chart(result, ".svg"))
    drawing = ElementTree.parse(tmp_path / "chart.svg")
    groups = [element.get("id", "") for element in drawing.iter("{http://www.w3.org/2000/svg}g")]
    assert sum(name.startswith("axes_") for name in groups) == 2
    assert sum(name.startswith("legend_") for name in groups) == 1


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_chart_is_always_the_same(result, suffix):
    one, other = (recovery_chart(result, suffix) for _ in range(2))
    assert one == other


def test_a_chart_of_nothing_is_refused(board):
    board.line("none", "plain")
    with pytest.raises(UsageError, match="nothing to draw"):
        recovery_chart(standings(outcomes_of(board.manifest, {}, {})), ".png")
