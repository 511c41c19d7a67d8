"""blurbench-spandrel keeps the contract, gives what spandrel gives, and refuses what is no restorer."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spandrel
import torch
from blurbench_spandrel import Spandrel
from blurbench_spandrel.network import check
from conftest import made, photograph
from safetensors.torch import save_file
from spandrel.architectures.LaMa import LaMa

import blurbench as bb
from blurbench.contract import Shape
from blurbench.errors import Skip, Unavailable, UsageError
from blurbench.registry import config
from blurbench.registry.discovery import discover
from blurbench.testing import check_plugin

Files = Callable[[str], Path]


@pytest.mark.parametrize("name", ["nafnet", "dncnn-grey", "restormer"])
def test_every_promise_of_the_contract_is_kept(file_of: Files, name: str) -> None:
    assert check_plugin(Spandrel(file_of(name))).unchecked == []


def restored(weights: Path, images: torch.Tensor) -> torch.Tensor:
    restorer = Spandrel(weights)
    with torch.inference_mode():
        return restorer.restore(images, restorer.load(Shape(*images.shape[1:])))


# --- the same as the network itself --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nafnet", "dncnn", "restormer"])
def test_a_picture_comes_out_as_the_network_itself_gives_it(file_of: Files, name: str) -> None:
    picture = photograph("chelsea")[..., :128, :152]  # sides that need no padding
    torch.testing.assert_close(restored(file_of(name), picture), made(name)(picture).clamp(0, 1))


def test_a_network_that_takes_one_picture_at_a_time_is_given_one_at_a_time(file_of: Files) -> None:
    pictures = photograph("astronaut").unfold(3, 64, 64)[0, :, :64].permute(2, 0, 1, 3)  # (8, 3, 64, 64)
    noise = torch.full((8, 1, 64, 64), 15 / 255)  # which it is told in a channel of its own
    expected = made("drunet")(torch.cat([pictures, noise], 1)).clamp(0, 1)
    torch.testing.assert_close(restored(file_of("drunet"), pictures), expected)


def test_a_colour_network_sees_grey_three_times_and_a_grey_one_each_colour_by_itself(file_of: Files) -> None:
    colour = photograph("coffee")[..., :96, :96]
    grey = colour.mean(1, keepdim=True)
    expected = made("nafnet")(grey.repeat(1, 3, 1, 1)).clamp(0, 1).mean(1, keepdim=True)
    torch.testing.assert_close(restored(file_of("nafnet"), grey), expected)
    each = torch.cat([made("dncnn-grey")(colour[:, [channel]]) for channel in range(3)], 1).clamp(0, 1)
    torch.testing.assert_close(restored(file_of("dncnn-grey"), colour), each)


def test_from_python_a_restorer_is_named_with_its_file(file_of: Files) -> None:
    pictures = photograph("astronaut")[..., :80, :96]
    given = (pictures * 255).round().byte().numpy()
    answer = bb.restore(given, f'spandrel[weights="{file_of("nafnet")}"]')
    expected = made("nafnet")(torch.from_numpy(given).float() / 255).clamp(0, 1)
    assert answer.dtype == np.uint8
    np.testing.assert_allclose(answer, (expected * 255).round().numpy(), atol=1)


def test_values_outside_0_to_1_are_clipped_before_the_network(file_of: Files) -> None:
    picture = photograph("coffee")[..., :64, :64] * 3 - 1
    torch.testing.assert_close(restored(file_of("dncnn"), picture), restored(file_of("dncnn"), picture.clamp(0, 1)))


# --- files ---------------------------------------------------------------------------------------------------------


def test_the_formats_of_published_weights_are_read(file_of: Files, tmp_path: Path) -> None:
    picture = photograph("coffee")[..., :64, :64]
    weights = {f"module.{name}": value for name, value in made("nafnet").state_dict().items()}
    torch.save({"params": weights, "epoch": 3}, tmp_path / "published.pth")
    torch.testing.assert_close(restored(tmp_path / "published.pth", picture), restored(file_of("nafnet"), picture))


def test_the_content_of_the_file_is_part_of_the_key(file_of: Files, tmp_path: Path) -> None:
    mine = tmp_path / "mine.safetensors"
    shutil.copy(file_of("nafnet"), mine)
    first = config(discover(), Spandrel(mine))
    shutil.copy(file_of("dncnn"), mine)
    assert config(discover(), Spandrel(mine)) != first
    mine.unlink()
    with pytest.raises(Unavailable, match=r"mine.safetensors: No such file or directory; name a file that is there"):
        config(discover(), Spandrel(mine))


def test_a_network_that_is_no_restorer_is_refused_in_a_line(file_of: Files) -> None:
    with pytest.raises(UsageError) as refused:
        Spandrel(file_of("enlarging")).load(Shape(3, 32, 32))
    reason = "RealESRGAN Compact enlarges 2 times; a restorer needs a network of scale 1"
    assert str(refused.value) == f"{file_of('enlarging')}: {reason}"
    with pytest.raises(
        UsageError, match=r"^big-lama.pt: LaMa fills in what a mask hides; a restorer needs a network fr"
    ):
        check(Path("big-lama.pt"), spandrel.MAIN_REGISTRY.load(LaMa().state_dict()))


def test_a_wrong_file_is_refused_in_a_line(file_of: Files, tmp_path: Path) -> None:
    text, code, other, part = (tmp_path / name for name in ("a.safetensors", "b.pth", "c.safetensors", "d.pth"))
    text.write_text("no weights")
    torch.save(made("nafnet"), code)  # the network itself, pickled: reading it would run code
    save_file({"fc.weight": torch.zeros(10, 4)}, other)
    torch.save(dict(list(made("nafnet").state_dict().items())[:-1]), part)
    for path, reason in (
        (text, "no weights that can be read without running code (SafetensorError)"),
        (code, "no weights that can be read without running code (UnpicklingError)"),
        (other, "spandrel knows no architecture with these weights"),
        (part, "no complete weights of a network that spandrel knows (RuntimeError: "),
    ):
        with pytest.raises(UsageError) as refused:
            Spandrel(path).load(Shape(3, 32, 32))
        assert str(refused.value).startswith(f"{path}: {reason}")
        assert "\n" not in str(refused.value)
    with pytest.raises(Unavailable, match=r"none.pth does not exist; name a file of weights that is there"):
        Spandrel(tmp_path / "none.pth").load(Shape(3, 32, 32))


def test_without_the_extra_a_restormer_is_refused_with_what_to_install(
    file_of: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blurbench_spandrel.network.EXTRA_REGISTRY", None)
    with pytest.raises(UsageError, match=r"knows no architecture .* pip install 'blurbench-spandrel\[extra\]'$"):
        Spandrel(file_of("restormer")).load(Shape(3, 32, 32))


def test_images_of_other_channels_than_grey_or_the_networks_are_declined(file_of: Files) -> None:
    with pytest.raises(Skip, match=r"nafnet.safetensors takes images of 3 channels, and these have 2"):
        Spandrel(file_of("nafnet")).load(Shape(2, 32, 32))


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ("tile=100", "tile and overlap must be multiples of 16, not 100 and 64"),
        ("tile=96", r"overlap \(64\) must be no more than half of tile \(96\)"),
        ("tile=0", "tile: must lie between 64 and 16384 pixels, not 0"),
    ],
)
def test_tiles_that_cannot_be_are_refused(parameters: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        discover().resolve("restorers", f"spandrel[weights=net.pth, {parameters}]")
