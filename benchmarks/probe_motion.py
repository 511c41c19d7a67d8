"""How often `blurbench probe` says motion where there is none, and how often it reads one that is there.

    python benchmarks/probe_motion.py            writes leaderboard/estimators/probe-motion.md

Pictures of scikit-image, scikit-learn and matplotlib that chose none of its limits, whole and in parts of 256 pixels.
Sharp and under a Gaussian motion is a false alarm; under a straight smear its length and angle should be found. A
minute on one idle core.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from blurbench_blurs.linear_motion import LinearMotion
from blurbench_estimators.scenes import Grey, degraded
from PIL import Image
from probe_error import BOARD, CONDITIONS, TEST, TEST_TEXTURES, Condition, packaged
from scipy.ndimage import gaussian_filter

from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.imaging.files import open_picture
from blurbench.running.motion import STRIPES, Motion, read_motion
from blurbench.running.viewing import View

PAGE = BOARD.with_name("probe-motion.md")
GROUPS = {"photographs": TEST, "texture grass": TEST_TEXTURES, "writing (page, text)": ("page.png", "text.png")}
STILL = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
LENGTHS = ((5, 10), (10, 20), (20, 40))
EACH = 6
PART = 256
SEED = 11


def main() -> None:
    PAGE.write_text("\n".join(page()))
    print(PAGE)


def parts(names: tuple[str, ...], draws: np.random.RandomState) -> Iterator[Grey]:
    """Each picture, at most 1024 pixels a side, and a part of it."""
    for name in names:
        picture = packaged(name)[:1024, :1024]
        yield picture
        if min(picture.shape) > PART:
            top, left = (draws.randint(0, length - PART + 1) for length in picture.shape)
            yield picture[top : top + PART, left : left + PART]


def answer(picture: Grey, condition: Condition, draws: np.random.RandomState) -> Motion | None:
    """What the command finds in the file."""
    values = degraded(picture, 0.0, draws, condition.noise, None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("picture.jpg" if condition.jpeg else "picture.png")
        image = Image.fromarray(np.uint8(np.round(255 * values)))
        image.save(path, quality=condition.jpeg) if condition.jpeg else image.save(path, compress_level=1)
        return read_motion(View.of(open_picture(path), 32))


def smeared(picture: Grey, length: float, angle: float) -> Grey:
    psf = LinearMotion(length, angle).psf(Draws([0], 0, ("test",)))
    blurred = convolve(torch.from_numpy(np.ascontiguousarray(picture))[None, None], psf, "reflect")
    return np.asarray(blurred[0, 0].numpy(), np.float32)


def share(found: list[bool]) -> str:
    return f"{100 * float(np.mean(found)):.0f}% of {len(found)}"


def said(found: list[Motion | None], rule: Callable[[Motion], bool]) -> str:
    return share([one is not None and rule(one) for one in found])


def right(one: Motion, length: float, angle: float) -> bool:
    """Within a tenth of the length, or 1.5 pixels, and 8 degrees."""
    if one.length is None or one.angle is None:
        return False
    turned = abs((one.angle - angle + 90) % 180 - 90)
    return abs(one.length - length) <= max(1.5, 0.1 * length) and turned <= 8


def page() -> Iterator[str]:
    yield "# How often `blurbench probe` says motion\n"
    yield (
        f"Written by `python benchmarks/probe_motion.py`, with blurbench {version('blurbench')}, torch "
        f"{version('torch')}, Pillow {version('pillow')}. Pictures: {', '.join(GROUPS['photographs'])}, "
        f"{', '.join(GROUPS['texture grass'])}, page.png, text.png, each whole and, where larger, a part of {PART} "
        "pixels. None of them chose a limit.\n"
    )
    yield "## Where there is none: sharp, and under Gaussians of sigma 0.5 to 3\n"
    yield (
        '*length* is a false reading of motion; *stripes* the weaker remark "motion, or stripes". Strokes of one '
        "width, as writing has, look like a short smear, which is why the command adds "
        '"or strokes or stripes as wide as that".\n'
    )
    yield "| pictures | condition | length | stripes |\n|---|---|---:|---:|"
    draws = np.random.RandomState(SEED)
    for group, names in GROUPS.items():
        pictures = list(parts(names, draws))
        for condition in CONDITIONS:
            found = [
                answer(np.asarray(gaussian_filter(picture, sigma, mode="mirror")), condition, draws)
                for picture in pictures
                for sigma in STILL
            ]
            lengths = said(found, lambda one: one.length is not None)
            stripes = said(found, lambda one: one.length is None and one.directed > STRIPES)
            yield f"| {group} | {condition.name} | {lengths} | {stripes} |"
            print(group, condition.name, lengths, stripes, flush=True)
    yield "\n## Where there is some: straight smears of random length and angle\n"
    yield "*right*: within a tenth (or 1.5 pixels) of the length and 8 degrees of the angle.\n"
    yield "| pictures | condition | pixels | said | right | stripes |\n|---|---|---|---:|---:|---:|"
    for group, names in GROUPS.items():
        pictures = list(parts(names, draws))
        for condition in CONDITIONS:
            for low, high in LENGTHS:
                yield smears(group, pictures, condition, (low, high), draws)


def smears(
    group: str, pictures: list[Grey], condition: Condition, lengths: tuple[int, int], draws: np.random.RandomState
) -> str:
    found: list[Motion | None] = []
    hits = []
    for picture in pictures:
        for _ in range(EACH):
            length, angle = draws.uniform(*lengths), draws.uniform(0, 180)
            found.append(one := answer(smeared(picture, length, angle), condition, draws))
            hits.append(one is not None and right(one, length, angle))
    spoken = said(found, lambda one: one.length is not None)
    stripes = said(found, lambda one: one.length is None and one.directed > STRIPES)
    line = f"| {group} | {condition.name} | {lengths[0]} to {lengths[1]} | {spoken} | {share(hits)} | {stripes} |"
    print(line, flush=True)
    return line


if __name__ == "__main__":
    main()
