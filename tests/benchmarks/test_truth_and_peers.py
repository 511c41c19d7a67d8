"""Whose result is right: blurbench's, each peer's, and a wrong one that must not pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from benchmarks.timing import blur, peers
from benchmarks.timing.families import MAKERS, case_of
from benchmarks.timing.peers import Contender
from benchmarks.timing.rounds import Patience
from benchmarks.timing.sizes import CPU, FAMILIES, GPU, SIZES, Size, chosen_families, chosen_sizes
from benchmarks.timing.truth import AGREE, Truth
from blurbench.contract import Shape
from blurbench.errors import BlurbenchError, UnknownName
from blurbench.imaging.convolution import convolve

SIZE = Size("test", 5, Shape(3, 24, 37), 9)
CPU_DEVICE = torch.device("cpu")


@pytest.mark.parametrize("family", FAMILIES)
def test_blurbench_and_every_installed_peer_agree_with_the_definition_unless_they_say_why_not(family: str) -> None:
    case = case_of(family, SIZE, CPU_DEVICE)
    truth = Truth(case)
    assert truth.difference(convolve(case.images, case.psf)) < 1e-5
    contenders = list(peers.contenders(case))
    assert contenders, "torch itself is always there"
    for contender in contenders:
        difference = truth.difference(contender.read(contender.run()))
        assert (difference > AGREE) == bool(contender.remark), contender.name


@pytest.mark.parametrize("family", FAMILIES)
def test_a_mirrored_or_shifted_result_is_not_taken_for_the_true_one(family: str) -> None:
    case = case_of(family, SIZE, CPU_DEVICE)
    right = convolve(case.images, case.psf)
    assert Truth(case).difference(right.roll(1, dims=-1)) > AGREE
    assert Truth(case).difference(torch.full_like(right, torch.nan)) > AGREE
    border = right.clone()
    border[..., 0, 0] += 1e-3
    assert Truth(case).difference(border) > AGREE


@pytest.mark.parametrize("family", MAKERS)
@pytest.mark.parametrize("kernel", [9, 19])
def test_psfs_fit_the_kernel_of_their_size_and_sum_to_one(family: str, kernel: int) -> None:
    case = case_of(family, replace(SIZE, kernel=kernel), CPU_DEVICE)
    assert case.kernels is not None
    assert case.kernels.shape[-1] <= kernel
    torch.testing.assert_close(case.kernels.sum((1, 2)), torch.ones(5))


def test_the_same_images_and_psfs_every_time() -> None:
    one, two = (case_of("random walk", SIZE, CPU_DEVICE) for _ in range(2))
    assert torch.equal(one.images, two.images)
    assert one.kernels is not None
    assert two.kernels is not None
    assert torch.equal(one.kernels, two.kernels)


def test_a_peer_with_another_border_is_marked_and_is_not_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    def zeros(case):  # type: ignore[no-untyped-def]
        yield Contender("fast and black", lambda: torch.zeros_like(case.images), remark="another border: it is black")
        yield Contender("fast and odd", lambda: torch.ones_like(case.images))

    monkeypatch.setattr(blur, "contenders", zeros)
    group = blur.blur_group("diagonal line", SIZE, CPU_DEVICE, Patience(0.01))
    remarks = {row.name: row.remark for row in group.rows if row.name.startswith("fast")}
    assert remarks == {
        "fast and black": "another border: it is black",
        "fast and odd": "another result, for a reason that is not known",
    }
    assert group.best is None
    assert group.ratio is None


def test_a_wrong_blur_of_our_own_is_an_error_and_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blur, "convolve", lambda images, psf: images)
    with pytest.raises(BlurbenchError, match="'disc, largest' at size test is off by"):
        blur.blur_group("disc, largest", SIZE, CPU_DEVICE, Patience(0.01))


def test_a_peer_that_is_not_installed_is_left_out_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = peers.Library("lightspeed", "no-such-package", "kornia")
    monkeypatch.setattr(peers, "LIBRARIES", (*peers.LIBRARIES[:1], absent))
    assert peers.missing(cuda=False) == ["lightspeed is not installed and was left out: pip install 'blurbench[peers]'"]
    assert {one.name.split()[0] for one in peers.contenders(case_of("random walk", SIZE, CPU_DEVICE))} == {"torch"}


def test_sizes_and_families_are_chosen_by_name() -> None:
    assert [size.name for size in chosen_sizes((), "cpu")] == list(CPU)
    assert [size.name for size in chosen_sizes((), "cuda")] == list(GPU) == list(SIZES)
    assert chosen_families(("gaussian",)) == ("gaussian, sampled sigma", "gaussian, sigma 3", "gaussian, varying")
    with pytest.raises(UnknownName, match="unknown size 'HDD'; did you mean 'HD'"):
        chosen_sizes(("HDD",), "cpu")
    with pytest.raises(UnknownName, match="did you mean 'random walk'"):
        chosen_families(("randomwalk",))


def test_the_standard_sizes_never_change() -> None:
    assert {name: str(size) for name, size in SIZES.items()} == {
        "M": "256x1x28x28 k9",
        "C": "256x3x32x32 k9",
        "I19": "16x3x224x224 k19",
        "I31": "16x3x224x224 k31",
        "HD": "2x3x720x1280 k31",
        "M-many": "16384x1x28x28 k9",
        "C-many": "16384x3x32x32 k9",
        "I19-many": "256x3x224x224 k19",
        "I31-many": "256x3x224x224 k31",
        "HD-many": "16x3x720x1280 k31",
    }
