"""`blurbench probe` on real files, as a user types it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from blurbench.cli.app import app
from blurbench.errors import BlurbenchError
from tests.conftest import Command
from tests.probed import ask, read, say, soft

# --- the answer ----------------------------------------------------------------------------------------------------


def test_from_the_command_line_a_photograph_gets_its_sigma(
    blurbench: Command, tmp_path: Path, face: NDArray[np.uint8]
) -> None:
    Image.fromarray(soft(face, 1.5)).save(tmp_path / "face.png")
    result = blurbench("probe", "face.png")
    assert result.returncode == 0, result.stderr
    heading, row, *rest = result.stdout.splitlines()
    assert heading.split() == ["file", "pixels", "sigma", "remarks"]
    name, size, sigma = row.split()[:3]
    assert (name, size) == ("face.png", "160x160")
    assert float(sigma) == pytest.approx(1.5, abs=0.4)
    assert "ideally sharp" in " ".join(rest)


# --- kinds of files ------------------------------------------------------------------------------------------------

KINDS = ["grey.png", "grey16.png", "grey16.tif", "big-endian16.tif", "alpha.png", "grey-alpha.png", "cmyk.jpg"]
KINDS += ["palette.png", "lab.tif", "exif.jpg", "webp.webp", "bmp.bmp", "ppm.ppm", "noname"]


def save(kind: str, picture: NDArray[np.uint8], path: Path) -> None:
    colour = Image.fromarray(picture)
    grey = colour.convert("L")
    wide = np.asarray(grey).astype(np.uint16) * 257
    match kind.partition(".")[0]:
        case "grey":
            grey.save(path)
        case "grey16":
            Image.fromarray(wide).save(path)
        case "big-endian16":
            Image.frombytes("I;16B", grey.size, wide.astype(">u2").tobytes()).save(path)
        case "alpha":
            colour.convert("RGBA").save(path)
        case "grey-alpha":
            grey.convert("LA").save(path)
        case "cmyk":
            colour.convert("CMYK").save(path, quality=95)
        case "palette":
            grey.quantize(256, dither=Image.Dither.NONE).save(path)
        case "lab":
            grey.convert("RGB").convert("YCbCr").save(path)
        case "exif":
            exif = Image.Exif()
            exif[0x0112] = 6
            colour.save(path, exif=exif, quality=95)
        case "noname":
            colour.save(path, "PNG")
        case _:
            colour.save(path, lossless=True) if path.suffix == ".webp" else colour.save(path)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_reads_alike(tmp_path: Path, face: NDArray[np.uint8], kind: str) -> None:
    picture = soft(face, 1.2)
    save(kind, picture, tmp_path / kind)
    Image.fromarray(picture).save(tmp_path / "plain.png")
    plain, other = (read(tmp_path / name)["sigma_px"] for name in ("plain.png", kind))
    assert other == pytest.approx(plain, abs=0.12)


def test_a_transparent_picture_is_not_said_to_be_flat_alone(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    glass = Image.fromarray(face).convert("RGB")
    glass.putalpha(50)
    glass.save(tmp_path / "glass.png")
    assert read(tmp_path / "glass.png")["hints"] == ["flat or transparent: there is nothing in it to read blur from"]


def test_of_an_animation_the_first_frame_is_read_and_said(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    frames = [Image.fromarray(soft(face, sigma)).convert("L") for sigma in (1.0, 3.0, 3.5)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    fact = read(tmp_path / "moving.gif")
    assert "first of 3 frames" in fact["hints"]
    assert fact["sigma_px"] == pytest.approx(1.0, abs=0.3)


# --- what is refused -----------------------------------------------------------------------------------------------


def test_a_refused_file_is_one_line_that_names_it(blurbench: Command, tmp_path: Path, face: NDArray[np.uint8]) -> None:
    Image.fromarray(face).save(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    result = blurbench("probe", "cut.png")
    assert result.returncode == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("blurbench: cut.png: cannot be read (damaged or cut short")


def write_bad(kind: str, folder: Path) -> Path:
    path = folder / kind
    match kind:
        case "text.png":
            path.write_text("no picture at all")
        case "empty.jpg":
            path.write_bytes(b"")
        case "tiny.png":
            Image.new("L", (31, 200)).save(path)
        case "float.tif":
            Image.fromarray(np.random.RandomState(0).rand(64, 64).astype(np.float32)).save(path)
        case "wide.tif":
            Image.fromarray(np.full((64, 64), 100_000, np.int32)).save(path)
        case "bomb.png":
            path.write_bytes(_bomb())
    return path


def _bomb() -> bytes:
    """A PNG of a hundred bytes that claims 100,000 x 100,000 pixels."""
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("text.png", "this is no picture that can be read"),
        ("empty.jpg", "this is no picture that can be read"),
        ("tiny.png", "31x200 pixels, at least 32x32 are needed"),
        ("float.tif", "floating-point numbers, of unknown range"),
        ("wide.tif", "do not fit into 16 bits"),
        ("bomb.png", "more than 179 million pixels"),
        ("nowhere.png", "there is no such file or folder"),
        ("*.jpeg", "this glob matches no file"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_the_reason(tmp_path: Path, kind: str, reason: str) -> None:
    path = write_bad(kind, tmp_path)
    with pytest.raises(BlurbenchError, match=reason) as caught:
        say(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("raise", "estimator bad-estimator[how=raise] failed: RuntimeError: no light at [31mall"),
        ("not-finite", "estimator BadEstimator gave NaN or infinity"),
        ("column", "estimator BadEstimator gave sigma of the shape (81, 1), wanted (81,)"),
        ("beyond", "estimator BadEstimator gave 4 to 4, beyond its limits 0 to 3"),
        ("none", "estimator BadEstimator gave None as sigma, wanted a tensor (81,)"),
    ],
)
def test_an_estimator_that_breaks_the_contract_is_one_line_that_names_it_and_the_file(
    blurbench: Command, tmp_path: Path, trouble: Path, face: NDArray[np.uint8], how: str, says: str
) -> None:
    Image.fromarray(face).save(tmp_path / "face.png")
    result = blurbench("probe", "--estimator", f"bad-estimator[how={how}]", "face.png", PYTHONPATH=str(trouble))
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"blurbench: face.png: {says}\n")


def test_names_of_files_do_not_reach_the_terminal_as_commands(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    Image.fromarray(face).save(tmp_path / "a\x1b[31m  red\npicture.png")
    (tmp_path / "b\x1b[2J\n.png").write_text("no picture")
    (tmp_path / "c\x07\n.txt").write_text("hello")
    shown = say(tmp_path, "--map", "--out", tmp_path / "maps\x1b[0m")
    assert "a [31m red picture.png  " in shown
    assert "\nblurbench: " in shown
    assert "b [2J .png: this is no picture" in shown
    assert "names: c .txt (1)" in shown
    assert "map: " in shown
    assert all(sign.isprintable() or sign == "\n" for sign in shown)
    rows = [line for line in shown.splitlines() if "160x160" in line]
    heading = next(line for line in shown.splitlines() if line.startswith("file "))
    assert [row.index("160x160") + len("160x160") for row in rows] == [heading.index("pixels") + len("pixels")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    Image.fromarray(face).save(tmp_path / "secret.png")
    (tmp_path / "secret.png").chmod(0)
    with pytest.raises(BlurbenchError, match=r"secret.png: cannot be read \(Permission denied\)"):
        say(tmp_path / "secret.png")


def test_one_damaged_file_in_a_folder_costs_only_itself(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("a.png", "deep/er/b.png"):
        Image.fromarray(soft(face, 1.0)).save(tmp_path / name)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 nothing")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".hidden.png").write_text("hello")
    answer = ask(tmp_path)
    assert [Path(fact["file"]).name for fact in answer["pictures"]] == ["a.png", "b.png"]
    assert [Path(fact["file"]).name for fact in answer["refused"]] == ["broken.jpg"]
    assert answer["skipped"] == [str(tmp_path / "notes.txt")]
    assert answer["exit_code"] == 1
    shown = say(tmp_path)
    assert "skipped, no pictures by their names: notes.txt (1)" in shown
    assert f"blurbench: {tmp_path / 'broken.jpg'}: this is no picture that can be read" in shown


def test_globs_and_folders_name_a_file_once(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    for name in ("x1.png", "x2.png", "y[1].png"):
        Image.fromarray(face).save(tmp_path / name)
    assert len(ask(tmp_path / "x*.png", tmp_path, tmp_path / "x1.png")["pictures"]) == 3
    assert len(ask(tmp_path / "y[1].png")["pictures"]) == 1


def test_a_folder_without_pictures_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(BlurbenchError, match="is empty"):
        say(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(BlurbenchError, match=r"holds 1 file, but no picture \(looked for .bmp"):
        say(tmp_path)


# --- options -------------------------------------------------------------------------------------------------------


def test_pictures_of_one_name_get_maps_of_their_own(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        Image.fromarray(face).save(tmp_path / folder / "face.png")
    maps = [fact["map"] for fact in ask(tmp_path, "--map", "--out", tmp_path / "maps")["pictures"]]
    assert [Path(path).name for path in maps] == ["face-png.sigma.png", "face-png-2.sigma.png"]


def test_windows_and_strides_are_as_asked(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    Image.fromarray(face).save(tmp_path / "face.png")
    fact = read(tmp_path / "face.png", "--window", 64, "--stride", 32)
    assert (fact["window"], fact["stride"], fact["windows"]) == (64, 32, 16)
    with pytest.raises(BlurbenchError, match=r"'spectral': window: must lie between 32 and 4096, not 16$"):
        read(tmp_path / "face.png", "--window", 16)
    with pytest.raises(BlurbenchError, match=r"window: must lie between 32 and 4096, not -1$"):
        read(tmp_path / "face.png", "--window", -1)
    assert read(tmp_path / "face.png", "--window", 8, "--estimator", "laplacian-variance")["window"] == 8
    assert "32 to 4096 for spectral" in " ".join(CliRunner().invoke(app, ["probe", "--help"]).stdout.split())


def test_another_estimator_can_read_unless_it_has_to_be_fitted(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    Image.fromarray(soft(face, 1.0)).save(tmp_path / "face.png")
    answer = ask(tmp_path / "face.png", "--estimator", "laplacian-variance")
    assert answer["estimator"] == "laplacian-variance"
    assert 0 < answer["pictures"][0]["sigma_px"] < 3
    with pytest.raises(BlurbenchError, match="unknown estimator 'spectrl'; did you mean 'spectral'"):
        ask(tmp_path / "face.png", "--estimator", "spectrl")
    with pytest.raises(BlurbenchError, match="cnn-sigma: it has to be fitted first"):
        ask(tmp_path / "face.png", "--estimator", "cnn-sigma")


# --- many pictures -------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, face: NDArray[np.uint8]) -> Path:
    """Four pictures of sigma 0.6, two of 2, one flat, one smeared, one damaged."""
    from scipy.ndimage import convolve1d

    place = tmp_path / "photos"
    place.mkdir()
    for number, sigma in enumerate([0.6, 0.6, 0.6, 0.6, 2.0, 2.0]):
        Image.fromarray(soft(face, sigma)).save(place / f"{number}.png")
    Image.new("L", (100, 100), 90).save(place / "flat.png")
    smeared = convolve1d(face.astype(float), np.ones(9) / 9, axis=1)
    Image.fromarray(np.uint8(np.round(smeared))).save(place / "smeared.png")
    (place / "bad.png").write_bytes(b"no picture")
    return place


def test_a_folder_ends_with_a_summary_and_a_bad_file_costs_one_line(folder: Path) -> None:
    answer = ask(folder)
    facts = answer["summary"]
    assert [fact["reason"] for fact in answer["refused"]] == [
        f"{folder / 'bad.png'}: this is no picture that can be read (its content is no BMP, GIF, JPEG, PNG, PPM, "
        "TIFF or WEBP, or a kind of it that is not supported)"
    ]
    assert (facts["pictures"], facts["refused"], facts["nothing_to_read"], facts["motion"]) == (8, 1, 1, 1)
    assert (facts["blurred"], facts["blurred_share"]) == (3, pytest.approx(3 / 7, abs=1e-4))
    sigmas = [fact["sigma_px"] for fact in answer["pictures"] if fact["sigma_px"] is not None and not fact["motion_px"]]
    assert facts["sigma_quantiles_px"]["p50"] == pytest.approx(np.quantile(sigmas, 0.5), abs=1e-3)
    assert facts["sigma_quantiles_px"]["p90"] == pytest.approx(np.quantile(sigmas, 0.9), abs=1e-3)
    counts, _ = np.histogram(sigmas, np.arange(0, 0.25 * len(facts["histogram"]) + 0.01, 0.25))
    assert [one["pictures"] for one in facts["histogram"]] == counts.tolist()
    said = say(folder)
    assert "7 pictures read (1 with nothing to read, 1 refused); 3 (43%) blurred" in said
    assert "sigma, quantiles: p10 " in said
    assert "#" * 40 in said


def test_with_maps_the_histogram_is_a_picture_too(folder: Path, tmp_path: Path) -> None:
    answer = ask(folder, "--map", "--out", tmp_path / "maps")
    assert Path(answer["histogram"]) == tmp_path / "maps" / "sigma-histogram.png"
    assert Path(answer["histogram"]).read_bytes().startswith(b"\x89PNG")


def test_one_picture_has_no_summary(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    Image.fromarray(face).save(tmp_path / "face.png")
    assert ask(tmp_path / "face.png")["summary"] is None


def test_maps_that_can_be_put_nowhere_are_one_line(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    Image.fromarray(face).save(tmp_path / "face.png")
    with pytest.raises(BlurbenchError, match="this is a file; a folder is wanted"):
        say(tmp_path / "face.png", "--map", "--out", tmp_path / "face.png")


# --- as a suite sees it --------------------------------------------------------------------------------------------


def test_at_the_side_of_a_suite_a_picture_reads_as_what_the_suite_decodes(
    tmp_path: Path, face: NDArray[np.uint8]
) -> None:
    from blurbench.imaging.files import decoded

    tall = soft(np.repeat(np.repeat(face, 3, 0), 2, 1), 3.5)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.fromarray(tall).save(tmp_path / "tall.png", exif=exif)
    fact = read(tmp_path / "tall.png", "--side", 64)
    pixels = decoded((tmp_path / "tall.png").read_bytes(), 64, grey=False)
    Image.fromarray(pixels.transpose(1, 2, 0)).save(tmp_path / "small.png")
    small = read(tmp_path / "small.png")
    assert (fact["side"], fact["side_sigma_px"]) == (64, small["sigma_px"])
    assert fact["at_limit"]
    assert fact["side_sigma_px"] < 2
    heading, row, *rest = say(tmp_path / "tall.png", "--side", 64).splitlines()
    assert heading.split() == ["file", "pixels", "sigma", "at", "64", "px", "remarks"]
    assert row.split()[2:5] == [">=", "3.0", f"{small['sigma_px']:.2f}"]
    assert "side=64" in " ".join(rest)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "1", "P", "I;16"])
def test_the_reduction_is_that_of_imagefolder_for_every_kind_of_picture(
    tmp_path: Path, face: NDArray[np.uint8], mode: str
) -> None:
    from blurbench.imaging.files import central_square, decoded, open_picture

    picture = Image.fromarray(face[:, :130])
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    else:
        picture = picture.convert(mode)
        if mode in ("RGBA", "LA"):
            picture.putalpha(Image.fromarray(np.tile(np.uint8([255, 0]), (160, 65))))
    picture.save(tmp_path / "picture.png")
    square = central_square(open_picture(tmp_path / "picture.png"), 48)
    expected = decoded((tmp_path / "picture.png").read_bytes(), 48, grey=False).transpose(1, 2, 0)
    apart = np.asarray(square.image.convert("RGB")).astype(int) - expected
    assert np.abs(apart).max() == 0


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA"])
@pytest.mark.parametrize("turn", [3, 6, 8])
def test_the_reduction_turns_a_picture_as_exif_says(
    tmp_path: Path, face: NDArray[np.uint8], turn: int, mode: str
) -> None:
    from blurbench.imaging.files import central_square, decoded, open_picture

    exif = Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(face[:, :130]).convert(mode).save(tmp_path / "picture.png", exif=exif)
    square = central_square(open_picture(tmp_path / "picture.png"), 48).image.convert("RGB")
    expected = decoded((tmp_path / "picture.png").read_bytes(), 48, grey=False).transpose(1, 2, 0)
    assert np.array_equal(np.asarray(square), expected)


def test_a_side_smaller_than_a_window_is_refused(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    Image.fromarray(face).save(tmp_path / "face.png")
    with pytest.raises(BlurbenchError, match="side 40: the estimator needs windows of 64 pixels"):
        say(tmp_path / "face.png", "--side", 40, "--window", 64)
