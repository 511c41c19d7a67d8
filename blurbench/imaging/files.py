"""Pictures in files, as grey values; found by path, folder or glob. What a file is, and how large, is looked at before
it is read: only regular files, only the formats of the known endings, and no more pixels than are allowed.

Nothing is resized unless it is asked for, since that changes how blurred a picture is. No torch here.
"""

from __future__ import annotations

import errno
import glob
import io
import os
import stat
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, BinaryIO

from blurbench.errors import UsageError, counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = [
    "ENDINGS",
    "FORMATS",
    "LUMA",
    "MEGAPIXELS",
    "Found",
    "Picture",
    "Tree",
    "central_square",
    "decoded",
    "decoding_error",
    "find_pictures",
    "is_picture",
    "is_shown",
    "list_tree",
    "open_image",
    "open_picture",
    "open_regular",
    "sixteen_bits",
    "upright",
]

ENDINGS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""What files in a folder must end in to be taken for pictures."""
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What is decoded, as Pillow names it, whatever the ending. Others may start a program, as PostScript does."""
MEGAPIXELS = 179
"""Millions of pixels that a picture may have unless more are allowed: what Pillow takes for no attack."""

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_ORIENTATION = 0x0112  # the tag of EXIF and TIFF
_PHOTOMETRIC, _BITS, _PLANES, _SAMPLE_FORMAT = 262, 258, 284, 339  # tags of TIFF 6.0


# --- which files ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tree:
    """What lies in a folder at any depth: sorted names, with forward slashes. Hidden files are left out."""

    files: tuple[str, ...]
    """All that are no folders."""
    folders: tuple[str, ...]
    odd: frozenset[str] = frozenset()
    """Those of `files` that are no files either: pipes, devices, links that lead nowhere."""


def list_tree(place: Path) -> Tree:
    """Links are followed.

    Raises:
        UsageError: naming a folder that cannot be listed, or a link to a folder that it lies in itself.
    """
    files: list[str] = []
    folders: list[str] = []
    odd: set[str] = set()
    waiting: list[tuple[str, frozenset[tuple[int, int]]]] = [("", frozenset())]
    while waiting:
        inside, above = waiting.pop()
        around = above | {_identity(place / inside, above)}
        for entry in _entries(place / inside):
            name = f"{inside}/{entry.name}" if inside else entry.name
            if _is(entry, folder=True):
                folders.append(name)
                waiting.append((name, around))
                continue
            files.append(name)
            if not _is(entry, folder=False):
                odd.add(name)
    return Tree(tuple(sorted(files)), tuple(sorted(folders)), frozenset(odd))


def _identity(folder: Path, above: frozenset[tuple[int, int]]) -> tuple[int, int]:
    try:
        state = folder.stat()
    except OSError as error:
        raise _unlisted(folder, error) from None
    if (state.st_dev, state.st_ino) in above:
        raise UsageError(f"{folder}: a link to a folder that it lies in, so that it has no end; remove the link")
    return state.st_dev, state.st_ino


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if is_shown(entry.name)]
    except OSError as error:
        raise _unlisted(folder, error) from None


def _unlisted(folder: Path, error: OSError) -> UsageError:
    return UsageError(f"{folder}: this folder cannot be read ({error.strerror}); allow it, or move it elsewhere")


def _is(entry: os.DirEntry[str], folder: bool) -> bool:
    try:
        return entry.is_dir() if folder else entry.is_file()
    except OSError:  # a link to itself, or to where one may not look: reading it will say so
        return False


def is_shown(name: str) -> bool:
    """Whether a file or folder, by its path with forward slashes, is meant to be seen: what systems leave is not."""
    parts = name.split("/")
    litter = parts[-1].lower() in ("thumbs.db", "desktop.ini")
    return not litter and not any(part.startswith(".") or part == "__MACOSX" for part in parts)


def is_picture(name: str) -> bool:
    """Whether a file is to be taken for a picture, by its ending."""
    return os.path.splitext(name)[1].lower() in ENDINGS


@dataclass(frozen=True)
class Found:
    """Files to read, in the order asked for, and those in folders that are no pictures by their names."""

    pictures: tuple[Path, ...]
    others: tuple[Path, ...]


def find_pictures(paths: Iterable[str]) -> Found:
    """A file is taken as it is, whatever its name; a folder with all that lies in it, hidden files aside; anything
    else as a glob (`**` for any depth). `~` is the home folder. No file is listed twice.

    Raises:
        UsageError: for a path that does not exist, a glob that matches nothing, a folder without a picture, and what
            `list_tree` raises it for.
    """
    pictures: dict[Path, None] = {}
    others: dict[Path, None] = {}
    for path in paths:
        for place in _places(path):
            if not place.is_dir():
                pictures[place] = None
                continue
            inside = list_tree(place).files
            named = [place / name for name in inside if is_picture(name)]
            if not named:
                what = f"holds {counted(len(inside), 'file')}, but no picture" if inside else "is empty"
                raise UsageError(f"{place}: this folder {what} (looked for {', '.join(sorted(ENDINGS))})")
            pictures |= dict.fromkeys(named)
            others |= dict.fromkeys(place / name for name in inside if not is_picture(name))
    return Found(tuple(pictures), tuple(file for file in others if file not in pictures))


def _places(path: str) -> list[Path]:
    wanted = os.path.expanduser(path)
    try:
        if os.path.lexists(wanted):
            return [Path(wanted)]
    except ValueError:  # it holds a zero byte
        pass
    if not glob.has_magic(wanted):
        raise UsageError(f"{path}: there is no such file or folder")
    matches = [Path(match) for match in sorted(glob.glob(wanted, recursive=True))]
    files = [match for match in matches if not match.is_dir()]
    if not matches:
        raise UsageError(f"{path}: this glob matches no file")
    return files or matches


# --- one file ------------------------------------------------------------------------------------------------------

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading, or a link to one. Anything else could make its reader wait, or never end.

    Raises:
        OSError: with what the path is as its reason, where it is no regular file, or cannot be opened.
    """
    _check_regular(path, path.stat())
    # Looked at before, since opening a device may do something, and after, since another may be there by now.
    without_waiting = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    file = os.fdopen(os.open(path, os.O_RDONLY | without_waiting), "rb")
    try:
        _check_regular(path, os.fstat(file.fileno()))
    except OSError:
        file.close()
        raise
    return file


def _check_regular(path: Path, state: os.stat_result) -> None:
    if not stat.S_ISREG(state.st_mode):
        what = _KINDS.get(stat.S_IFMT(state.st_mode), "something else")
        raise OSError(errno.EINVAL, f"it is {what}, not a file", str(path))


_ALONE = RLock()
"""Held while what all threads share is changed: how large a picture may be, and which warnings are shown."""


@contextmanager
def open_image(source: Path | BinaryIO, megapixels: int = MEGAPIXELS) -> Iterator[Image]:
    """A picture that is not decoded yet; decode it inside. Its stated size is checked before.

    Raises:
        Exception: anything, as decoders do; `decoding_error` puts it into words.
    """
    from PIL import Image

    # Pillow asks this global, on opening and for each frame of a GIF; it refuses twice as much.
    with _ALONE, warnings.catch_warnings():
        usual = Image.MAX_IMAGE_PIXELS
        warnings.simplefilter("ignore")  # of large pictures, which are welcome, and of odd metadata
        try:
            Image.MAX_IMAGE_PIXELS = megapixels * 500_000
            if isinstance(source, Path):
                with open_regular(source) as file, Image.open(file, formats=FORMATS) as image:
                    yield image
            else:
                with Image.open(source, formats=FORMATS) as image:
                    yield image
        finally:
            Image.MAX_IMAGE_PIXELS = usual


def decoding_error(error: Exception) -> str:
    """Why a picture could not be decoded, in a few words."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return f"its content is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, or a kind of it that is not supported"
    if isinstance(error, Image.DecompressionBombError):
        return "it states more pixels than are allowed"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def sixteen_bits(image: Image) -> NDArray[np.uint16] | None:
    """The values (H, W) of a picture of more than 8 bits, 65535 white; None where it has 8 bits or fewer.

    Raises:
        ValueError: values of unknown range, or laid out so that Pillow misreads them.
    """
    import numpy as np

    tags = getattr(image, "tag_v2", {}) if image.format == "TIFF" else {}
    bits = int(np.max(tags.get(_BITS, 0)))
    if bits > 8 and tags.get(_PLANES) == 2 and len(image.getbands()) > 1:
        raise ValueError("16 bits in separate colour planes; save it with interleaved colours")
    if bits == 8 and np.max(tags.get(_SAMPLE_FORMAT, 1)) == 2:
        raise ValueError("its values are signed; save it with 8 or 16 bits, unsigned")
    if image.mode == "F":
        raise ValueError("its values are floating-point numbers, of unknown range; save it with 8 or 16 bits")
    if not image.mode.startswith("I"):
        return None
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("its values do not fit into 16 bits; save it with 8 or 16 bits, unsigned")
    values = values.astype(np.uint16)
    if 8 < bits < 16:
        values = (values.astype(np.uint32) * 65535 // (2**bits - 1)).astype(np.uint16)
    # Of 8 bits and fewer Pillow turns white-is-zero itself.
    return 65535 - values if tags.get(_PHOTOMETRIC) == 0 else values


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
        grey = colours[..., 0] if colours.shape[2] == 2 else colours[..., :3] @ np.array(LUMA, np.float32)
        if colours.shape[2] in (2, 4):
            grey[values[..., -1] < 255] = np.nan
        return np.asarray(grey, np.float32)


def open_picture(path: Path, megapixels: int = MEGAPIXELS) -> Picture:
    """Decode a file of at most so many million pixels; of an animation or a file of several pages, the first.

    Raises:
        UsageError: one line that names the file, where it cannot be read.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with open_image(path, megapixels) as file:
            kind, mode, frames = str(file.format), file.mode, int(getattr(file, "n_frames", 1))
            quality = _jpeg_quality(file)
            if kind in ("JPEG", "MPO") and mode in ("RGB", "YCbCr"):
                file.draft("L", file.size)  # decodes the luminance alone, at full size
            file.load()
            image = _readable(file)
    except UnidentifiedImageError as error:
        raise UsageError(f"{path}: this is no picture that can be read ({decoding_error(error)})") from None
    except Image.DecompressionBombError:
        raise UsageError(f"{path}: more than {megapixels} million pixels; cut out a part of it") from None
    except OSError as error:
        reason = error.strerror or f"damaged or cut short: {' '.join(str(error).split())}"
        raise UsageError(f"{path}: cannot be read ({reason})") from None
    except Exception as error:  # a damaged file may raise anything
        raise UsageError(f"{path}: cannot be decoded ({decoding_error(error)})") from None
    return Picture(image.height, image.width, kind, mode, frames, quality, image)


def central_square(picture: Picture, side: int) -> Picture:
    """The picture as a suite sees it: its central square, turned as EXIF says, reduced (or enlarged) to `side` pixels
    as `imagefolder` does it (bilinear, a pixel averaging what it covers), black where it is transparent."""
    from PIL import ImageOps

    image = plain(ImageOps.exif_transpose(picture.image))
    square = _square(image.convert({"1": "L", "RGBA": "RGB"}.get(image.mode, image.mode)), side)
    return replace(picture, height=side, width=side, mode=square.mode, jpeg_quality=None, image=square)


def _square(image: Image, side: int) -> Image:
    from PIL.Image import Resampling

    short = min(image.size)
    left, top = (image.width - short) / 2, (image.height - short) / 2
    return image.resize((side, side), Resampling.BILINEAR, (left, top, left + short, top + short))


def _readable(image: Image) -> Image:
    """One of the modes 1, L, LA, RGB, RGBA and I;16."""
    from PIL import Image

    if (values := sixteen_bits(image)) is not None:
        return Image.fromarray(values)
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


# --- its pixels, as a data set has them ------------------------------------------------------------------------------


def decoded(content: bytes | BinaryIO, side: int, grey: bool, megapixels: int = MEGAPIXELS) -> NDArray[np.uint8]:
    """The central square of a picture as (C, side, side)."""
    import numpy as np

    with open_image(io.BytesIO(content) if isinstance(content, bytes) else content, megapixels) as file:
        square = _square(upright(file).convert("L" if grey else "RGB"), side)
    return np.atleast_3d(np.asarray(square)).transpose(2, 0, 1)


def upright(picture: Image) -> Image:
    """A picture that was just opened, turned as its EXIF data say, with eight bits a colour, nothing transparent."""
    from PIL.Image import Transpose

    picture.load()  # which turns a TIFF file by itself, and takes the tag away
    turns = (None, None, "FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_270", "TRANSVERSE")
    turn = dict(enumerate((*turns, "ROTATE_90"))).get(picture.getexif().get(_ORIENTATION, 1))
    return plain(picture).transpose(Transpose[turn]) if turn else plain(picture)


def plain(picture: Image) -> Image:
    """Eight bits a colour, nothing transparent."""
    import numpy as np
    from PIL import Image

    if (values := sixteen_bits(picture)) is not None:
        eight = ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
        if isinstance(clear := picture.info.get("transparency"), int):
            eight[values == clear] = 0
        return Image.fromarray(eight)
    if picture.mode.upper() in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        shown = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", shown.size, (0, 0, 0, 255)), shown)
    return picture
