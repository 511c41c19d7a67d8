"""Pictures of maps of sigma."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import matplotlib.figure
import numpy as np
import pytest
from PIL import Image

from blurbench.board.render.sigma_maps import map_picture


def test_a_row_is_labelled_with_its_whole_title(monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Any] = []
    save = matplotlib.figure.Figure.savefig

    def savefig(figure: Any, *arguments: Any, **named: Any) -> None:
        figures.append(figure)
        save(figure, *arguments, **named)

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", savefig)
    images = np.full((1, 1, 12, 12), 90, np.uint8)
    maps = {"picture": images, **dict.fromkeys(("true", "estimate", "smoothed"), images[0])}
    titles = ["cnn-30 on brodatz-pictures", "cnn-30 on brodatz-pictures, patch split", "costs $5, then $6"]
    picture = Image.open(BytesIO(map_picture(dict.fromkeys(titles, maps))))
    labels = [axes.get_ylabel() for axes in figures[0].axes if axes.get_ylabel()]
    assert [label.replace("\n", " ").replace("\\$", "$") for label in labels] == titles
    assert max(len(line) for label in labels for line in label.split("\n")) <= 26
    assert picture.size == (990, int(110 * (3 * 1.75 + 0.5)))
