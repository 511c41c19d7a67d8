"""A board of photographs that are drawn here, measured in this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from blurbench.running.session import Request, Session

CLASSES = ("=dots", "bars", "rings")
SUITE = """
name = "drawn"
version = 1
title = "Drawn"
datasets = [{datasets}]
train_blurs = ["gaussian[sigma=1]"]
test_blurs = ["none", "gaussian[sigma=1]"]
[[matrix]]
classifiers = ["cnn3[widths=[4, 8, 8]]"]
strategies = [{strategies}]
[labels]
deblur-unet = "deblur-then-classify[restorer=unet[kernel=3, widths=[4, 8, 8]]]"
deblur-wiener = "deblur-then-classify[restorer=wiener]"
[budgets.quick]
train_images = 60
validation_images = 20
test_images = 60
epochs = 2
finetune_epochs = 1
restorer_epochs = 1
"""


def drawn(name: str, height: int, width: int, draws: np.random.Generator) -> Image.Image:
    """A noisy picture of its class, in colour."""
    rows, columns = np.mgrid[:height, :width] - draws.uniform(0, 20, 2)[:, None, None]
    wave = {"=dots": np.sin(rows) * np.sin(columns), "bars": np.sin(rows / 2)}.get(
        name, np.sin(np.hypot(rows, columns))
    )
    noisy = 127 + 90 * wave[..., None] + draws.normal(0, 40, (height, width, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def draw_pictures(folder: Path) -> None:
    """PART/CLASS/FILE; some turned by EXIF, transparent, of 16 bits, JPEG."""
    draws = np.random.default_rng(7)
    for part, count in (("train", 20), ("val", 4), ("test", 6)):
        for name in CLASSES:
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                picture, exif = drawn(name, *draws.integers(20, 60, 2), draws), Image.Exif()
                exif[0x0112] = 6 if number == 1 else 1
                if number == 2:
                    picture.putalpha(Image.fromarray(draws.integers(0, 256, picture.size[::-1], np.uint8)))
                if number == 3:
                    picture = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
                ending = "jpg" if number == 4 else "png"
                picture.save(folder / part / name / f"{part}-{number}.{ending}", exif=exif)


def measure(
    folder: Path, datasets: tuple[str, ...], strategies: tuple[str, ...], seeds: int = 1, **more: object
) -> Path:
    """The results folder of a suite of these, its predictors fitted and its cells measured one after the other."""
    suite = folder / "drawn.toml"
    lists = {"datasets": datasets, "strategies": strategies}
    suite.write_text(SUITE.format(**{name: ", ".join(f'"{one}"' for one in values) for name, values in lists.items()}))
    here = {"device": "cpu", "jobs": 0, "timing": False}
    session = Session(Request.of(str(suite), {}, out=folder / "results", seeds=seeds, **here, **more))
    session.run("missing")
    return session.store.root
