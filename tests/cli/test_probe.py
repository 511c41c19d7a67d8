"""`blurbench probe` on real files, as a user types it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

from blurbench.cli.app import app
from blurbench.errors import BlurbenchError
from tests.conftest import Command


@pytest.fixture(scope="module")
def face() -> NDArray[np.uint8]:
    """A part of skimage's astronaut, (160, 160, 3), with texture everywhere but in a corner."""
    from skimage import data

    part: NDArray[np.uint8] = data.astronaut()[20:180, 160:320]
    return part


def soft(picture: NDArray[Any], sigma: float) -> NDArray[np.uint8]:
    blurred = gaussian_filter(picture.astype(float), (sigma, sigma, 0)[: picture.ndim], mode="mirror")
    return np.uint8(np.round(blurred))


def ask(*arguments: object) -> dict[str, Any]:
    """The answer of `probe --json`."""
    result = CliRunner().invoke(app, ["probe", "--json", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer | {"exit_code": result.exit_code}


def read(path: Path, *arguments: object) -> dict[str, Any]:
    (fact,) = ask(path, *arguments)["pictures"]
    return dict(fact)


def say(*arguments: object) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, ["probe", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


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


@pytest.mark.parametrize("sigma", [0.7, 1.2, 2.0])
def test_sigma_comes_back_to_a_third_of_a_pixel(tmp_path: Path, face: NDArray[np.uint8], sigma: float) -> None:
    Image.fromarray(soft(face, sigma)).save(tmp_path / "face.png")
    assert read(tmp_path / "face.png")["sigma_px"] == pytest.approx(sigma, abs=0.35)


def test_beyond_its_limits_it_says_so(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    Image.fromarray(soft(face, 6.0)).save(tmp_path / "soft.png")
    Image.fromarray(face[::2, ::2]).save(tmp_path / "sharp.png")
    assert ">= 3.0" in say(tmp_path / "soft.png")
    assert "<= 0.3" in say(tmp_path / "sharp.png")
    assert read(tmp_path / "soft.png")["at_limit"] is True


def test_a_flat_picture_is_not_read_and_says_why(tmp_path: Path) -> None:
    Image.new("RGB", (200, 100), (90, 120, 200)).save(tmp_path / "sky.png")
    fact = read(tmp_path / "sky.png")
    assert fact["sigma_px"] is None
    assert fact["windows_read"] == 0
    assert fact["hints"] == ["flat: there is nothing in it to read blur from"]


def test_a_picture_of_12_bits_in_a_file_of_16_is_read_as_if_it_were_stretched(
    tmp_path: Path, face: NDArray[np.uint8]
) -> None:
    grey = np.asarray(Image.fromarray(soft(face, 1.0)).convert("L")).astype(np.uint16) * 16  # 0..4080
    Image.fromarray(grey).save(tmp_path / "camera.png")
    assert read(tmp_path / "camera.png")["hints"] == []
    assert read(tmp_path / "camera.png")["sigma_px"] == pytest.approx(1.0, abs=0.3)
    Image.fromarray(np.uint16(grey * 16.0)).save(tmp_path / "stretched.png")
    assert read(tmp_path / "stretched.png")["sigma_px"] == pytest.approx(1.0, abs=0.3)
    Image.new("L", (100, 100), 9).save(tmp_path / "even.png")
    assert read(tmp_path / "even.png")["hints"] == ["flat: there is nothing in it to read blur from"]


def test_a_picture_with_little_in_it_is_unsure(tmp_path: Path) -> None:
    picture = np.full((300, 300), 200, np.uint8)
    picture[100:120, 100:120] = 20
    Image.fromarray(picture).save(tmp_path / "spot.png")
    assert read(tmp_path / "spot.png")["hints"][0].startswith("unsure: only ")


def test_noise_and_a_poor_jpeg_are_remarked(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    noisy = soft(face, 1) + np.random.RandomState(0).normal(0, 9, face.shape)
    grey = np.uint8(np.clip(noisy, 0, 255).mean(2))
    Image.fromarray(grey).save(tmp_path / "noisy.png")
    Image.fromarray(face).save(tmp_path / "poor.jpg", quality=30)
    Image.fromarray(face).save(tmp_path / "good.jpg", quality=90)
    assert "noise" in " ".join(read(tmp_path / "noisy.png")["hints"])
    assert read(tmp_path / "noisy.png")["noise_255"] == pytest.approx(9 / 3**0.5, rel=0.35)
    assert "unsure: JPEG of quality 30, whose blocks look sharp" in read(tmp_path / "poor.jpg")["hints"]
    assert read(tmp_path / "good.jpg")["jpeg_quality"] == pytest.approx(90, abs=2)


def test_a_picture_that_is_half_sharp_is_said_to_vary(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    picture = np.concatenate([face, soft(face, 2.8)], axis=1)
    Image.fromarray(picture).save(tmp_path / "half.png")
    fact = read(tmp_path / "half.png")
    assert fact["hints"][0].startswith("varies: ")
    assert fact["sigma_p10"] < 0.9 < 1.9 < fact["sigma_p90"]


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


def test_what_is_not_opaque_is_left_out(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    alpha = np.full(face.shape[:2], 255, np.uint8)
    alpha[:, 80:] = 0
    hidden = face.copy()
    hidden[:, 80:] = np.random.RandomState(0).randint(0, 255, hidden[:, 80:].shape)
    Image.fromarray(np.dstack([hidden, alpha])).save(tmp_path / "cut.png")
    Image.fromarray(np.ascontiguousarray(face[:, :80])).save(tmp_path / "left.png")
    cut, left = (read(tmp_path / name) for name in ("cut.png", "left.png"))
    assert cut["sigma_px"] == pytest.approx(left["sigma_px"], abs=1e-4)
    assert cut["windows_read"] == left["windows_read"] < cut["windows"]


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


def test_a_large_picture_is_read_further_apart_and_never_resized(
    tmp_path: Path, face: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    from blurbench.running import probing

    Image.fromarray(np.tile(soft(face, 1.2), (8, 12, 1))).save(tmp_path / "large.png", compress_level=1)
    whole = read(tmp_path / "large.png")
    monkeypatch.setattr(probing, "MOST_WINDOWS", 500)
    fewer = read(tmp_path / "large.png")
    assert fewer["windows"] <= 500 < whole["windows"]
    assert fewer["stride"] % 16 == 0
    assert fewer["sigma_px"] == pytest.approx(whole["sigma_px"], abs=0.1)


def test_a_picture_read_in_strips_reads_as_one(
    tmp_path: Path, face: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    from blurbench.imaging.files import open_picture
    from blurbench.running import probing

    Image.fromarray(face).save(tmp_path / "face.png")
    from blurbench_estimators.spectral import Spectral

    picture = open_picture(tmp_path / "face.png")
    whole = probing.probe(picture, Spectral(), 8)
    monkeypatch.setattr(probing, "_BAND", 160 * 50)
    strips = probing.probe(picture, Spectral(), 8)
    assert whole.sigmas.shape == (17, 17)
    np.testing.assert_allclose(strips.sigmas, whole.sigmas, atol=1e-4)
    assert strips.noise == pytest.approx(whole.noise, rel=1e-6)


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


def test_a_map_is_a_picture_with_the_blurred_half_on_its_side(
    tmp_path: Path, face: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.concatenate([face, soft(face, 2.8)], axis=1)).save("half.png")
    fact = read(Path("half.png"), "--map", "--out", "maps")
    assert fact["map"] == "maps/half-png.sigma.png"
    assert fact["stride"] == 8
    with Image.open(fact["map"]) as file:
        drawn = np.asarray(file.convert("RGB")).astype(int)
    assert min(drawn.shape[:2]) > 200
    # Viridis is blue where sigma is small and yellow where it is large.
    right = drawn[:, drawn.shape[1] // 2 : int(0.9 * drawn.shape[1])]
    yellowness = np.where(np.ptp(right, axis=2) > 40, right[..., 1] - right[..., 2], 0)
    assert yellowness[:, : right.shape[1] // 2].sum() < 0 < yellowness[:, right.shape[1] // 2 :].sum()


def test_a_map_of_a_flat_picture_is_drawn_too(tmp_path: Path) -> None:
    Image.new("L", (64, 300), 128).save(tmp_path / "a $dollar_ name.png")
    fact = read(tmp_path / "a $dollar_ name.png", "--map", "--out", tmp_path / "maps")
    assert Path(fact["map"]).name == "a $dollar_ name-png.sigma.png"
    with Image.open(fact["map"]) as drawn:
        assert drawn.size[0] > 500


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


# --- what no sigma says --------------------------------------------------------------------------------------------


def test_a_page_smeared_over_25_pixels_is_said_to_be_in_motion_and_not_sharp(tmp_path: Path) -> None:
    from scipy.ndimage import convolve1d
    from skimage import data

    page = data.page()
    smeared = np.uint8(np.round(convolve1d(page.astype(float), np.ones(25) / 25, axis=1)))
    Image.fromarray(page).save(tmp_path / "sharp.png")
    Image.fromarray(smeared).save(tmp_path / "smeared.png")
    Image.fromarray(smeared.T).save(tmp_path / "turned.png")
    fact = read(tmp_path / "smeared.png")
    assert (fact["motion_px"], fact["motion_degrees"]) == (pytest.approx(25, abs=1), pytest.approx(0, abs=2))
    assert "motion of 25 px at 0 degrees, or strokes or stripes as wide as that" in fact["hints"]
    assert "(0.5" in say(tmp_path / "smeared.png")
    assert read(tmp_path / "turned.png")["motion_degrees"] == pytest.approx(90, abs=2)
    assert read(tmp_path / "sharp.png")["motion_px"] is None


@pytest.mark.parametrize(("length", "angle"), [(7, 30), (12, 100), (18, 155), (30, 60)])
def test_length_and_angle_of_a_smear_come_back(tmp_path: Path, length: float, angle: float) -> None:
    """The line is drawn by skimage, angles growing anticlockwise."""
    from scipy.ndimage import convolve
    from skimage import data, draw, transform

    line = np.zeros((401, 401))
    end = 5 * length * np.array([-np.sin(np.radians(angle)), np.cos(np.radians(angle))])
    rows, columns, _ = draw.line_aa(*np.int64(np.round(200 - end)), *np.int64(np.round(200 + end)))
    line[rows, columns] = 1
    kernel = transform.downscale_local_mean(np.pad(line, ((0, 9), (0, 9))), (10, 10))
    picture = convolve(data.camera().astype(float), np.roll(kernel / kernel.sum(), 0), mode="mirror")
    Image.fromarray(np.uint8(np.round(picture))).save(tmp_path / "moved.png")
    fact = read(tmp_path / "moved.png")
    assert fact["motion_px"] == pytest.approx(length, abs=1.5)
    assert fact["motion_degrees"] == pytest.approx(angle, abs=8)


@pytest.mark.parametrize("sigma", [0, 1.0, 2.5])
@pytest.mark.parametrize("name", ["camera", "coins", "grass", "brick", "rocket"])
def test_sharp_and_gaussian_blurred_pictures_are_not_said_to_move(tmp_path: Path, name: str, sigma: float) -> None:
    from skimage import data

    Image.fromarray(soft(getattr(data, name)(), sigma)).save(tmp_path / "still.png")
    fact = read(tmp_path / "still.png")
    assert fact["motion_px"] is None
    assert not any("motion" in hint for hint in fact["hints"])


def test_a_texture_of_stripes_is_never_called_motion_without_an_or(tmp_path: Path) -> None:
    """Grooves of one width on even ground: exactly the spectrum of a smear."""
    called = []
    for width in (7, 10, 16):
        noise = np.random.RandomState(0).normal(0, 40, (300, 420))
        grooves = 127 + noise[:, width:] - noise[:, :-width]
        Image.fromarray(np.uint8(np.clip(gaussian_filter(grooves, (6, 0)), 0, 255))).save(tmp_path / "grooves.png")
        called += [hint for hint in read(tmp_path / "grooves.png")["hints"] if "motion" in hint]
    assert called
    assert all("or strokes or stripes" in hint or "motion, or stripes" in hint for hint in called)


# --- contrast and frames -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_contrast_does_not_change_the_reading(tmp_path: Path, face: NDArray[np.uint8], sigma: float) -> None:
    blurred = gaussian_filter(face.mean(2), sigma, mode="mirror")
    readings = []
    for contrast in (1.0, 0.5, 0.2):
        Image.fromarray(np.uint8(np.round(100 + contrast * (blurred - 100)))).save(tmp_path / "face.png")
        readings.append(read(tmp_path / "face.png")["sigma_px"])
    assert readings == pytest.approx([readings[0]] * 3, abs=0.1)
    Image.fromarray(np.uint8(np.round(100 + 0.1 * (blurred - 100)))).save(tmp_path / "face.png")
    assert any(hint.startswith("unsure: contrast of ") for hint in read(tmp_path / "face.png")["hints"])


@pytest.mark.parametrize("level", [0, 255, 90])
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_frame_is_left_out_and_said(tmp_path: Path, face: NDArray[np.uint8], level: int, ending: str) -> None:
    soft_face = soft(face, 2.0)
    Image.fromarray(soft_face).save(tmp_path / f"plain.{ending}", quality=90)
    framed = np.pad(soft_face, ((24, 8), (40, 0), (0, 0)), constant_values=level)
    Image.fromarray(framed).save(tmp_path / f"framed.{ending}", quality=90)
    fact = read(tmp_path / f"framed.{ending}")
    assert fact["sigma_px"] == pytest.approx(read(tmp_path / f"plain.{ending}")["sigma_px"], abs=0.1)
    (hint,) = [hint for hint in fact["hints"] if "frame" in hint]
    assert "right" not in hint
    if ending == "png":
        assert hint == "frame left out (pixels: 24 top, 40 left, 8 bottom)"
        assert fact["frame"] == {"top": 24, "left": 40, "bottom": 8, "right": 0}


def test_paper_around_writing_is_no_frame(tmp_path: Path) -> None:
    from skimage import data

    Image.fromarray(np.pad(data.text()[20:-20, 20:-20], 30, constant_values=200)).save(tmp_path / "note.png")
    spot = np.full((300, 300), 200, np.uint8)
    spot[100:120, 100:120] = 20
    Image.fromarray(spot).save(tmp_path / "spot.png")
    assert read(tmp_path / "spot.png")["frame"] == {"top": 0, "left": 0, "bottom": 0, "right": 0}


def test_a_map_of_a_framed_picture_shows_what_is_inside(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    Image.fromarray(np.pad(face, ((50, 50), (50, 50), (0, 0)))).save(tmp_path / "framed.png")
    fact = read(tmp_path / "framed.png", "--map", "--out", tmp_path / "maps")
    assert Path(fact["map"]).read_bytes().startswith(b"\x89PNG")
    assert fact["windows"] == ((160 - 32) // 8 + 1) ** 2


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
    with pytest.raises(BlurbenchError, match="no folder can be made there"):
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
