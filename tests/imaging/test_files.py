"""Which files are read, and what of them: real files of every kind, written here."""

from __future__ import annotations

import io
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from blurbench.errors import UsageError
from blurbench.imaging.files import FORMATS, find_pictures, list_tree, open_image, open_picture, sixteen_bits

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\nshowpage\n"
RAMP = (np.arange(256, dtype=np.uint32).reshape(16, 16) * 257).astype(np.uint16)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything; nobody may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def refusal(path: Path, **options: int) -> str:
    with pytest.raises(UsageError) as caught:
        open_picture(path, **options)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- what is opened ------------------------------------------------------------------------------------------------


@pytest.fixture
def ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `gs` in the path that leaves a trace where it is started."""
    trace = tmp_path / "started"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gs").write_text(f"#!/bin/sh\ntouch {trace}\n")
    (tmp_path / "bin" / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    subprocess.run(["gs"], check=True)
    assert trace.exists()
    trace.unlink()
    return trace


def test_a_postscript_file_with_the_name_of_a_picture_starts_no_program(tmp_path: Path, ghostscript: Path) -> None:
    (tmp_path / "holiday.png").write_bytes(POSTSCRIPT)
    assert "its content is no BMP, GIF, JPEG, PNG, PPM, TIFF or WEBP" in refusal(tmp_path / "holiday.png")
    assert not ghostscript.exists()


OTHERS = ["DDS", "DIB", "ICNS", "ICO", "IM", "JPEG2000", "MSP", "PCX", "SGI", "SPIDER", "TGA", "XBM"]


@pytest.mark.parametrize("kind", OTHERS)
def test_a_format_of_no_known_ending_is_refused_under_the_name_of_one(kind: str, tmp_path: Path) -> None:
    mode = {"MSP": "1", "XBM": "1", "SPIDER": "F"}.get(kind, "RGB")
    content = io.BytesIO()
    Image.new(mode, (64, 64)).save(content, kind)
    with Image.open(io.BytesIO(content.getvalue())) as readable:
        assert readable.format == kind
    (tmp_path / "picture.jpg").write_bytes(content.getvalue())
    assert "its content is no BMP" in refusal(tmp_path / "picture.jpg")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_of_a_known_format_is_read_whatever_its_ending(kind: str, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), (200, 100, 0)).save(tmp_path / "picture.png", kind)
    picture = open_picture(tmp_path / "picture.png")
    assert (picture.format, picture.width, picture.height) == (kind, 40, 30)


def test_the_second_picture_in_a_cameras_jpeg_does_no_harm(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 30), (200, 100, 0))
    picture.save(tmp_path / "camera.jpg", "MPO", save_all=True, append_images=[picture])
    assert open_picture(tmp_path / "camera.jpg").width == 40


def listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as ear:
        ear.bind(str(path))


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "it is a pipe (FIFO), not a file"),
    "socket": (listen, "it is a socket, not a file"),
    "zeros without end": (lambda path: path.symlink_to("/dev/zero"), "it is a device, not a file"),
    "terminal": (lambda path: path.symlink_to("/dev/tty"), "it is a device, not a file"),
    "folder": (Path.mkdir, "it is a folder, not a file"),
    "link to nowhere": (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
    "link to itself": (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_refused_and_never_waited_for(kind: str, shared: Path) -> None:
    make, says = ODD[kind]
    make(shared / "x.png")
    assert says in refusal(shared / "x.png")


def png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = (b"\x00" + b"\xaa" * ((width + 7) // 8)) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def test_how_many_pixels_a_picture_may_have_can_be_said(tmp_path: Path) -> None:
    usual = Image.MAX_IMAGE_PIXELS
    (tmp_path / "large.png").write_bytes(png(16_000, 12_000))  # 192 million, a bit each
    assert "more than 179 million pixels" in refusal(tmp_path / "large.png")
    assert open_picture(tmp_path / "large.png", megapixels=200).width == 16_000
    assert "more than 191 million pixels" in refusal(tmp_path / "large.png", megapixels=191)
    assert usual == Image.MAX_IMAGE_PIXELS


# --- 16 bits and other kinds of values, beside tifffile's writing ---------------------------------------------------


def values_of(path: Path) -> np.ndarray:
    with open_image(path) as image:
        values = sixteen_bits(image)
    assert values is not None
    return values


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("predictor", [False, True])
def test_white_as_zero_is_turned_with_16_bits_as_with_8(
    compression: str | None, predictor: bool, tmp_path: Path
) -> None:
    options = {"photometric": "miniswhite", "compression": compression, "predictor": predictor and bool(compression)}
    tifffile.imwrite(tmp_path / "16.tif", RAMP, **options)
    assert np.array_equal(values_of(tmp_path / "16.tif"), 65535 - RAMP)
    tifffile.imwrite(tmp_path / "8.tif", (RAMP >> 8).astype(np.uint8), photometric="miniswhite")
    grey = (open_picture(tmp_path / name).grey(0, 0, 16, 16) for name in ("16.tif", "8.tif"))
    np.testing.assert_allclose(next(grey), next(grey), atol=1e-6)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.uint32])
def test_black_as_zero_keeps_its_values(kind: type, order: str, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "x.tif", RAMP.astype(kind), photometric="minisblack", byteorder=order)
    try:
        values = values_of(tmp_path / "x.tif")
    except OSError:  # a kind that this Pillow does not know is refused, not misread
        return
    assert np.array_equal(values, tifffile.imread(tmp_path / "x.tif"))


def test_12_bits_are_read_over_their_own_range(tmp_path: Path) -> None:
    values = np.array([0, 1, 2048, 4095], np.uint32)
    packed = b"".join(
        struct.pack(">I", int(first) << 20 | int(second) << 8)[:3] for first, second in values.reshape(2, 2)
    )
    tags = [(256, 4), (257, 1), (258, 12), (259, 1), (262, 1), (273, 122), (277, 1), (278, 1), (279, len(packed))]
    entries = b"".join(struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, 1, value) for tag, value in tags)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4)
    assert len(head) == 122
    (tmp_path / "12.tif").write_bytes(head + packed)
    assert values_of(tmp_path / "12.tif").tolist() == [[0, 16, 32775, 65535]]


@pytest.mark.parametrize(
    ("values", "options", "says"),
    [
        (RAMP.astype(np.float32), {}, "floating-point numbers, of unknown range"),
        (RAMP.astype(np.float32), {"photometric": "miniswhite"}, "floating-point numbers, of unknown range"),
        (RAMP.astype(np.int32) - 9, {}, "do not fit into 16 bits"),
        ((RAMP >> 9).astype(np.int8), {}, "its values are signed"),
        (np.stack([RAMP] * 3), {"photometric": "rgb", "planarconfig": "separate"}, "separate colour planes"),
        (np.stack([RAMP] * 3, -1).astype(np.float32), {"photometric": "rgb"}, "a kind of it that is not supported"),
        (np.stack([RAMP] * 2, -1), {"extrasamples": ["unassalpha"]}, "a kind of it that is not supported"),
    ],
)
def test_values_that_would_be_misread_are_refused(
    values: np.ndarray, options: dict[str, object], says: str, tmp_path: Path
) -> None:
    tifffile.imwrite(tmp_path / "x.tif", values, **({"photometric": "minisblack"} | options))
    assert says in refusal(tmp_path / "x.tif")


# --- folders -------------------------------------------------------------------------------------------------------


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_hidden_files_and_what_systems_leave_are_nowhere_seen(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("a.png", "._a.png", ".git/b.png", "__MACOSX/c.png", "d/Thumbs.db")))
    assert list_tree(tmp_path).files == ("a.png",)
    assert list_tree(tmp_path).folders == ("d",)


def test_linked_folders_are_followed_and_not_empty(tmp_path: Path) -> None:
    touch(tmp_path / "elsewhere" / "deep" / "a.png")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "link").symlink_to(tmp_path / "elsewhere")
    assert list_tree(tmp_path / "photos").files == ("link/deep/a.png",)
    assert find_pictures([str(tmp_path / "photos")]).pictures == (tmp_path / "photos" / "link" / "deep" / "a.png",)


@pytest.mark.parametrize("target", [".", "..", "../.."])
def test_a_link_without_end_is_refused_by_name(target: str, tmp_path: Path) -> None:
    touch(tmp_path / "a" / "b" / "x.png")
    (tmp_path / "a" / "b" / "loop").symlink_to(target)
    with pytest.raises(
        UsageError, match=r"/loop.*: a link to a folder that it lies in, so that it has no end"
    ) as caught:
        list_tree(tmp_path / "a")
    assert "\n" not in str(caught.value)


def test_a_folder_a_thousand_deep_is_listed(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("a", dir_fd=here)
        deeper = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    try:
        assert len(list_tree(tmp_path).folders) == 1500
    finally:  # too deep for the tidying of pytest, which would fail at its very end
        subprocess.run(["rm", "-rf", str(tmp_path / "a")], check=True)


def test_a_folder_without_permission_is_named_and_not_left_out(shared: Path) -> None:
    touch(shared / "cat" / "a.png", shared / "dog" / "b.png")
    (shared / "dog").chmod(0)
    with as_nobody(), pytest.raises(UsageError, match=r"dog: this folder cannot be read \(Permission denied\); allow"):
        find_pictures([str(shared)])


def test_a_pipe_in_a_folder_of_pictures_is_asked_for_and_refused_like_a_damaged_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    (path,) = find_pictures([str(tmp_path)]).pictures
    assert "it is a pipe" in refusal(path)


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    touch(tmp_path / "photos" / "a.png")
    assert find_pictures(["~/photos"]).pictures == (tmp_path / "photos" / "a.png",)
    assert find_pictures(["~/photos/*.png"]).pictures == (tmp_path / "photos" / "a.png",)
