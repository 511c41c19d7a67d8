"""Pictures in files, of any kind that Pillow reads, as grey values; found by path, folder or glob.

Nothing is resized unless it is asked for, since that changes how blurred a picture is. No torch here.
"""

from __future__ import annotations

import glob
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from blurbench.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["ENDINGS", "Found", "Picture", "central_square", "find_pictures", "open_picture"]

ENDINGS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""What files in a folder must end in to be taken for pictures."""

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


# --- which files ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """Files to read, in the order asked for, and those in folders that are no pictures by their names."""

    pictures: tuple[Path, ...]
    others: tuple[Path, ...]


def find_pictures(paths: Iterable[str]) -> Found:
    """A file is taken as it is, whatever its name; a folder with all that lies in it, hidden files aside; anything
    else as a glob (`**` for any depth). No file is listed twice.

    Raises:
        UsageError: for a path that does not exist, a glob that matches nothing, a folder without a picture.
    """
    pictures: dict[Path, None] = {}
    others: dict[Path, None] = {}
    for path in paths:
        for place in _places(path):
            if not place.is_dir():
                pictures[place] = None
                continue
            inside = [
                file for file in sorted(place.rglob("*")) if _is_shown(file.relative_to(place)) and file.is_file()
            ]
            named = [file for file in inside if file.suffix.lower() in ENDINGS]
            if not named:
                files = f"{len(inside)} file{'s' if len(inside) != 1 else ''}"
                what = f"holds {files}, but no picture" if inside else "is empty"
                raise UsageError(f"{place}: this folder {what} (looked for {', '.join(sorted(ENDINGS))})")
            pictures |= dict.fromkeys(named)
            others |= dict.fromkeys(file for file in inside if file not in pictures)
    return Found(tuple(pictures), tuple(others))


def _places(path: str) -> list[Path]:
    if Path(path).exists():
        return [Path(path)]
    if not glob.has_magic(path):
        raise UsageError(f"{path}: there is no such file or folder")
    matches = [Path(match) for match in sorted(glob.glob(path, recursive=True))]
    files = [match for match in matches if not match.is_dir()]
    if not matches:
        raise UsageError(f"{path}: this glob matches no file")
    return files or matches


def _is_shown(path: Path) -> bool:
    return not any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


# --- one picture ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, its pixels as they lie in the file: EXIF turns are not followed."""

    height: int
    width: int
    format: str
    """As Pillow names it: PNG, JPEG, ..."""
    mode: str
    """As Pillow names it: L, RGB, I;16, ..."""
    frames: int
    jpeg_quality: int | None
    """Estimated from the quantisation table; None where the file is no JPEG."""
    image: Image

    def grey(self, top: int, left: int, bottom: int, right: int) -> NDArray[np.float32]:
        """Luminance (ITU-R BT.601) of a part, in [0, 1] as stored (not linear in light); NaN where not opaque."""
        import numpy as np

        values = np.asarray(self.image.crop((left, top, right, bottom)))
        if values.dtype == np.bool_:
            return values.astype(np.float32)
        if self.image.mode.startswith("I"):
            return values.astype(np.float32) / np.float32(65535)
        colours = values.astype(np.float32) / np.float32(255)
        if colours.ndim == 2:
            return colours
        grey = colours[..., 0] if colours.shape[2] == 2 else colours[..., :3] @ np.array(_LUMA, np.float32)
        if colours.shape[2] in (2, 4):
            grey[values[..., -1] < 255] = np.nan
        return np.asarray(grey, np.float32)


def open_picture(path: Path) -> Picture:
    """Decode a file; of an animation or a file of several pages, the first.

    Raises:
        UsageError: one line that names the file, where it cannot be read.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures, which are welcome, and of odd metadata, which do not matter; what is
            # twice as large (179 million pixels) it refuses.
            warnings.simplefilter("ignore")
            with Image.open(path) as file:
                kind, mode, frames = str(file.format), file.mode, int(getattr(file, "n_frames", 1))
                quality = _jpeg_quality(file)
                if kind in ("JPEG", "MPO") and mode in ("RGB", "YCbCr"):
                    file.draft("L", file.size)  # decodes the luminance alone, at full size
                file.load()
                image = _readable(file)
    except UnidentifiedImageError:
        raise UsageError(f"{path}: this is no picture that can be read") from None
    except Image.DecompressionBombError:
        raise UsageError(f"{path}: more than 179 million pixels; cut out a part of it") from None
    except OSError as error:
        reason = error.strerror or f"damaged or cut short: {' '.join(str(error).split())}"
        raise UsageError(f"{path}: cannot be read ({reason})") from None
    except Exception as error:  # a damaged file may raise anything
        raise UsageError(f"{path}: cannot be decoded ({' '.join(str(error).split())})") from None
    return Picture(image.height, image.width, kind, mode, frames, quality, image)


def central_square(picture: Picture, side: int) -> Picture:
    """The picture as a suite sees it: its central square, turned as EXIF says, reduced (or enlarged) to `side` pixels
    as `imagefolder` does it (bilinear, a pixel averaging what it covers), black where it is transparent."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(picture.image)
    if image.mode.startswith("I"):
        import numpy as np

        image = Image.fromarray(np.round(np.asarray(image) / 257).astype(np.uint8))
    if image.mode in ("RGBA", "LA"):
        shown = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", shown.size, (0, 0, 0, 255)), shown).convert("RGB")
    image = image.convert("L") if image.mode == "1" else image
    short = min(image.size)
    left, top = (image.width - short) / 2, (image.height - short) / 2
    square = image.resize((side, side), Image.Resampling.BILINEAR, (left, top, left + short, top + short))
    return replace(picture, height=side, width=side, mode=square.mode, jpeg_quality=None, image=square)


def _readable(image: Image) -> Image:
    """One of the modes 1, L, LA, RGB, RGBA and I;16."""
    import numpy as np
    from PIL import Image

    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("its values do not fit into 16 bits")
        return Image.fromarray(values.astype(np.uint16))
    if image.mode == "F":
        raise ValueError("its values are floating-point numbers, of unknown range; save it with 8 or 16 bits")
    if image.mode in ("PA", "RGBa", "La") or "transparency" in image.info:
        return image.convert("RGBA")
    return image if image.mode in ("1", "L", "LA", "RGB", "RGBA") else image.convert("RGB")


def _jpeg_quality(image: Image) -> int | None:
    """The quality of 1 to 100 at which the usual (IJG) table for luminance has the same mean as this file's."""
    tables = getattr(image, "quantization", None)
    if not tables:
        return None
    usual = 57.625  # the mean of the table at quality 50
    luminance: list[int] = list(tables[min(tables)])
    percent = 100 * sum(luminance) / len(luminance) / usual
    return max(1, min(100, round(100 - percent / 2 if percent <= 100 else 5000 / percent)))
