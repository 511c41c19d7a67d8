"""How the shipped characters were made."""

import numpy as np
from blurbench_datasets.glyphs import Glyphs
from blurbench_datasets.make_glyphs import CLASSES, COUNTS, FONTS, bent, image, outline, with_stroke

# A bar 20 pixels wide, upright in the middle of the canvas.
BAR = np.zeros((160, 160))
BAR[30:130, 70:90] = 255.0


def test_no_font_package_serves_two_parts():
    packages = {part: {font.package for font in fonts} for part, fonts in FONTS.items()}
    assert not packages["train"] & packages["test"]
    assert not packages["validation"] & (packages["train"] | packages["test"])


def test_every_fonts_licence_lets_its_images_be_passed_on():
    licences = {font.licence for fonts in FONTS.values() for font in fonts}
    assert all(licence.startswith(("OFL", "Apache")) or "font exception" in licence for licence in licences)


def test_the_shipped_characters_are_those_of_the_generator():
    whole = Glyphs().load([])
    assert "".join(whole.class_names) == CLASSES
    for name, part in (("train", whole.train), ("validation", whole.validation), ("test", whole.test)):
        assert len(part) == COUNTS[name]
        counts = np.bincount(part.labels)
        assert counts.max() - counts.min() <= 1


def test_characters_are_light_on_black_and_hardly_ever_touch_the_frame():
    images = Glyphs().load([]).train.images
    frame = np.ones((28, 28), bool)
    frame[1:-1, 1:-1] = False
    assert np.median(images) <= 3
    assert (images.max((1, 2, 3)) > 150).all()
    assert (images[:, 0, frame] > 60).any(1).mean() < 0.03


def test_a_stroke_gets_about_the_width_that_is_asked_for():
    for width in (8, 14, 20, 30):
        drawn = with_stroke(BAR, width)
        assert abs(drawn[80].sum() / 255 - width) <= 1.5


def test_a_bar_keeps_its_place_and_size_when_it_is_bent():
    drawn = bent(BAR, np.random.RandomState(3))
    rows, columns = np.indices((28, 28))
    assert abs((drawn * rows).sum() / drawn.sum() - 13.5) < 2.5
    assert abs((drawn * columns).sum() / drawn.sum() - 13.5) < 2.5
    lit = np.flatnonzero(drawn.max(1) > 64)
    assert 15 <= lit[-1] - lit[0] + 1 <= 25


def test_equal_draws_give_equal_characters_and_other_draws_others():
    from pathlib import Path

    import matplotlib

    glyph = outline(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), "g")
    first, again, other = (image(glyph, np.random.RandomState(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
