"""Renders glyphs.npz: 47 character classes from free fonts, made to look written by hand.

    apt-get install fonts-sil-andika ...          (FONTS names the Debian packages)
    python -m blurbench_datasets.make_glyphs --fonts /usr/share/fonts --out glyphs.npz

Each image: one character, bent by a smooth random field, slanted, turned and stretched, its stroke made thicker or
thinner, scaled to a longest side of about 20 of 28 pixels as in MNIST, moved a little, and given light noise. Upper and
lower case are told apart by shape alone, as in EMNIST balanced, whose 47 classes these are. No font family serves two
parts. The draws are fixed by SEED; another release of FreeType may round a few pixels differently, which is why the
images are shipped and not rendered at first use.

Every font's licence lets images rendered with it be passed on: OFL (SIL Open Font Licence), Apache, or GPL with the
font exception. No font is shipped.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage  # type: ignore[import-untyped]

CLASSES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"
SEED = 2048
COUNTS = {"train": 1500, "validation": 300, "test": 1500}
SIDE = 28
CANVAS = 160
"""Glyphs are drawn and bent at this size, then brought down to SIDE."""


@dataclass(frozen=True)
class Font:
    """A font file below the fonts folder, the Debian package that holds it, and its licence."""

    file: str
    package: str
    licence: str = "OFL-1.1"


FONTS = {
    "train": (
        Font("truetype/andika/Andika-Regular.ttf", "fonts-sil-andika"),
        Font("opentype/malayalam/Chilanka-Regular.otf", "fonts-smc-chilanka"),
        Font("truetype/comfortaa/Comfortaa-Regular.ttf", "fonts-comfortaa"),
        Font("opentype/comic-neue/ComicNeue-Regular.otf", "fonts-comic-neue"),
        Font("opentype/dosis/Dosis-Book.otf", "fonts-dosis"),
        Font("truetype/fantasque-sans/Normal/TTF/FantasqueSansMono-Regular.ttf", "fonts-fantasque-sans"),
        Font("opentype/kaushanscript/KaushanScript-Regular.otf", "fonts-kaushanscript"),
        Font("truetype/klee/KleeOne-Regular.ttf", "fonts-klee"),
        Font("truetype/kristi/Kristi.ttf", "fonts-kristi"),
        Font("truetype/nanum/NanumBrush.ttf", "fonts-nanum"),
        Font("truetype/nanum/NanumPen.ttf", "fonts-nanum"),
        Font("truetype/tlwg/Purisa.ttf", "fonts-tlwg-purisa-ttf", "GPL-2+ with font exception"),
        Font("truetype/seto/setofont.ttf", "fonts-seto"),
    ),
    "validation": (
        Font("truetype/averia-gwf/AveriaSansGWF-Regular.ttf", "fonts-averia-sans-gwf"),
        Font("truetype/monofur/monof55.ttf", "fonts-monofur"),
        Font("truetype/quicksand/Quicksand-Regular.ttf", "fonts-quicksand"),
        Font("truetype/rufscript/Rufscript010.ttf", "fonts-rufscript", "GPL-3 with font exception"),
    ),
    "test": (
        Font("truetype/woowa-bm/BMYEONSUNG_ttf.ttf", "fonts-woowa-bm"),
        Font("truetype/breip/Breip.ttf", "fonts-breip", "OFL-1.0"),
        Font("opentype/dancingscript/DancingScript-Regular.otf", "fonts-dancingscript"),
        Font("truetype/sjfonts/Delphine.ttf", "fonts-sjfonts", "GPL-2 with font exception"),
        Font("truetype/karla/Karla-Regular.otf", "fonts-karla"),
        Font("truetype/motoya-l-maruberi/MTLmr3m.ttf", "fonts-motoya-l-maruberi", "Apache-2.0"),
        Font("truetype/routed-gothic/routed-gothic.ttf", "fonts-routed-gothic"),
        Font("truetype/sjfonts/SteveHand.ttf", "fonts-sjfonts", "GPL-2 with font exception"),
        Font("truetype/yusei-magic/YuseiMagic-Regular.ttf", "fonts-yusei-magic"),
    ),
}


@cache
def outline(path: Path, character: str) -> Image.Image:
    """The character as white on black, its longest side 100 of CANVAS pixels, centred."""
    font = ImageFont.truetype(path, 200)
    left, top, right, bottom = font.getbbox(character)
    drawn = Image.new("L", (int(right - left), int(bottom - top)))
    ImageDraw.Draw(drawn).text((-left, -top), character, fill=255, font=font)
    scale = 100 / max(drawn.size)
    drawn = drawn.resize(
        (max(1, round(drawn.width * scale)), max(1, round(drawn.height * scale))), Image.Resampling.BOX
    )
    canvas = Image.new("L", (CANVAS, CANVAS))
    canvas.paste(drawn, ((CANVAS - drawn.width) // 2, (CANVAS - drawn.height) // 2))
    return canvas


def with_stroke(glyph: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Give the strokes about this width in canvas pixels, whatever the font's own weight."""
    inside = glyph > 127
    # Pixel centres lie half a pixel off the edge, on either side of it.
    depth = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    depth -= 0.5 * np.sign(depth)
    own = 2 * np.quantile(depth[inside], 0.9) / 0.9  # not the maximum: strokes are thick where they cross
    return np.asarray(255 * np.clip(depth + (width - own) / 2 + 0.5, 0, 1))


def bent(glyph: NDArray[np.float64], draws: RandomState) -> NDArray[np.float64]:
    """Turn, slant, stretch and bend about the centre; the result is SIDE pixels a side."""
    angle, slant = np.radians(draws.uniform(-10, 10)), draws.uniform(-0.2, 0.2)
    stretch = np.exp(draws.uniform(-0.12, 0.12))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[stretch, 0], [slant, 1 / stretch]])
    step = 100 / draws.uniform(18, 21)
    places = (np.indices((SIDE, SIDE)).reshape(2, -1) - (SIDE - 1) / 2 + draws.uniform(-1, 1, (2, 1))) * step
    field = ndimage.gaussian_filter(draws.normal(size=(2, SIDE, SIDE)), (0, 4, 4))
    field *= draws.uniform(1.5, 4.5) / field.std()
    smooth = ndimage.gaussian_filter(glyph, 0.45 * step)
    sampled = ndimage.map_coordinates(smooth, matrix @ places + (CANVAS - 1) / 2 + field.reshape(2, -1), order=1)
    return np.asarray(sampled.reshape(SIDE, SIDE))


def image(glyph: Image.Image, draws: RandomState) -> NDArray[np.uint8]:
    """One image (28, 28): light strokes on black."""
    drawn = bent(with_stroke(np.asarray(glyph, float), draws.uniform(10, 18)), draws)
    lit = drawn * draws.uniform(0.75, 1) * 255 / drawn.max() + draws.normal(0, 3, drawn.shape)
    return np.asarray(np.clip(np.rint(lit), 0, 255), np.uint8)


def part(fonts: tuple[Path, ...], count: int, draws: RandomState) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """`count` images with labels; every run of 47 holds each class once, and a class meets the fonts in turn."""
    for start in range(0, count, len(CLASSES)):
        for label in draws.permutation(len(CLASSES))[: count - start]:
            path = fonts[(start // len(CLASSES) + label) % len(fonts)]
            yield image(outline(path, CLASSES[label]), draws), int(label)


def render(folder: Path) -> dict[str, NDArray]:
    """All parts as the arrays of glyphs.npz: `train_images` (N, 28, 28) uint8, `train_labels` (N,) uint8 ..."""
    draws = RandomState(SEED)
    arrays: dict[str, NDArray] = {}
    for name, count in COUNTS.items():
        images, labels = zip(*part(tuple(folder / font.file for font in FONTS[name]), count, draws), strict=True)
        arrays[f"{name}_images"] = np.stack(images)
        arrays[f"{name}_labels"] = np.array(labels, np.uint8)
    return arrays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"))
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("glyphs.npz"))
    arguments = parser.parse_args()
    np.savez_compressed(arguments.out, **render(arguments.fonts))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
