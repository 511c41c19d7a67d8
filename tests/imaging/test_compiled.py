"""The compiled convolutions against those in torch: the same images, whichever runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from blurbench.contract import DensePsf, DiscPsf, GaussianPsf, Padding, Psf, Range, SigmaMap, TapsPsf
from blurbench.errors import UsageError
from blurbench.imaging import compiled, convolve, native
from blurbench.imaging.psf import dense, gaussian_taps

needs_compiler = pytest.mark.skipif(native.library("convolution") is None, reason=native.status())
pytestmark = needs_compiler

PADDINGS: tuple[Padding, ...] = ("reflect", "replicate", "zeros", "wrap")
SHAPES = [(3, 1, 28, 28), (2, 3, 37, 45), (1, 1, 140, 500), (2, 2, 17, 16)]


def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(sum(shape)).uniform(low, high, shape))


def some_images(*shape: int) -> torch.Tensor:
    return uniform(0, 1, *shape).float()


def walk(n: int) -> DensePsf:
    weights = torch.zeros(n, 15, 15, dtype=torch.float64)
    for i, places in enumerate(np.random.default_rng(8).integers(0, 15, (n, 12, 2))):
        weights[i, places[:, 0], places[:, 1]] = 1 / len(np.unique(places, axis=0))
    return DensePsf(weights)


def points(n: int) -> TapsPsf:
    rng = np.random.default_rng(9)
    weights = rng.random((n, 7)) * [1, 1, 1, 1, 1, 0, 0]
    offsets = rng.integers(-6, 7, (n, 7, 2))
    offsets[:, 5:] = 90  # unused: they reach nowhere
    return TapsPsf(torch.from_numpy(offsets), torch.from_numpy(weights / weights.sum(1, keepdims=True)))


def product(n: int) -> DensePsf:
    return DensePsf(uniform(0, 0.2, n, 9, 1) * uniform(-0.1, 0.2, n, 1, 9))


PSFS: dict[str, Callable[[int], Psf]] = {
    "gaussian, 4 sigma": lambda n: GaussianPsf(uniform(0.05, 3.2, n)),
    "gaussian, 13 taps": lambda n: GaussianPsf(uniform(0.3, 9, n), 13),
    "gaussian, 1 tap": lambda n: GaussianPsf(uniform(0.3, 1, n), 1),
    "disc": lambda n: DiscPsf(uniform(0.2, 7.4, n)),
    "large disc": lambda n: DiscPsf(uniform(6, 12.4, n)),
    "points": points,
    "walk": walk,
    "product": product,
    "unstructured": lambda n: DensePsf(uniform(0, 0.02, n, 13, 13)),
    "discs as images": lambda n: DensePsf(dense(DiscPsf(uniform(1, 7, n))).weights.float().double()),
    "nothing": lambda n: DensePsf(torch.zeros(n, 3, 3, dtype=torch.float64)),
}


def in_torch(
    monkeypatch: pytest.MonkeyPatch, images: torch.Tensor, psf: Psf | torch.Tensor, padding: Padding
) -> torch.Tensor:
    with monkeypatch.context() as patched:
        patched.setenv("BLURBENCH_NATIVE", "0")
        return convolve(images, psf, padding)


def both_agree(
    monkeypatch: pytest.MonkeyPatch, images: torch.Tensor, psf: Psf | torch.Tensor, padding: Padding = "reflect"
) -> None:
    assert compiled.covers(images, psf)
    expected = in_torch(monkeypatch, images.double(), psf, padding)
    torch.testing.assert_close(convolve(images, psf, padding).double(), expected, rtol=0, atol=2e-6)
    torch.testing.assert_close(in_torch(monkeypatch, images, psf, padding).double(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("name", PSFS)
def test_compiled_and_torch_agree(
    name: str, padding: Padding, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    both_agree(monkeypatch, some_images(*shape), PSFS[name](shape[0]), padding)


@pytest.mark.parametrize("sides", [(1, 1), (2, 3), (4, 4), (8, 5), (1, 12), (15, 2)], ids=str)
@pytest.mark.parametrize("padding", PADDINGS)
def test_plain_kernels_of_odd_and_even_sides_agree(
    sides: tuple[int, int], padding: Padding, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_agree(monkeypatch, some_images(2, 3, 20, 33), uniform(-0.02, 0.05, 2, *sides), padding)
    column, row = uniform(0, 0.3, 2, sides[0], 1), uniform(0, 0.3, 2, 1, sides[1])
    both_agree(monkeypatch, some_images(2, 3, 20, 33), (column * row).float(), padding)


def maps() -> dict[str, SigmaMap]:
    any_map, ramp = uniform(0, 2.6, 2, 21, 40), torch.linspace(0.1, 2.6, 40, dtype=torch.float64)
    column = torch.linspace(0, 2.6, 21, dtype=torch.float64)[:, None]
    mixed = torch.stack([any_map[0], ramp.expand(21, 40)])
    return {
        "any map": SigmaMap(any_map),
        "any map, own radius": SigmaMap(any_map, torch.ceil(2 * any_map).long()),
        "one map for all": SigmaMap(any_map[:1].expand(2, 21, 40)),
        "over columns": SigmaMap(ramp.expand(2, 21, 40), torch.ceil(2 * ramp).long().expand(2, 21, 40)),
        "over rows": SigmaMap(column.expand(2, 21, 40).contiguous()),
        "over neither": SigmaMap(torch.full((2, 21, 40), 1.3)),
        "one of each": SigmaMap(mixed),
    }


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("name", maps())
def test_maps_of_sigma_agree(name: str, padding: Padding, monkeypatch: pytest.MonkeyPatch) -> None:
    both_agree(monkeypatch, some_images(2, 3, 21, 40), maps()[name], padding)


def test_maps_agree_where_torch_takes_a_few_images_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    images, sigma = some_images(5, 3, 150, 160), uniform(0, 1, 5, 150, 160)
    both_agree(monkeypatch, images, SigmaMap(sigma))
    both_agree(monkeypatch, images, SigmaMap(sigma[:1].expand(5, -1, -1)))


def test_wide_gaussians_of_a_map_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    sigma = uniform(10, 30, 1, 130, 16)
    both_agree(monkeypatch, some_images(1, 1, 130, 16), SigmaMap(sigma, torch.full((1, 130, 16), 100)), "replicate")


@pytest.mark.parametrize("name", PSFS)
def test_an_image_is_to_the_last_bit_what_it_is_alone(name: str) -> None:
    images, psf = some_images(40, 1, 28, 28), PSFS[name](40)
    values = {key: part[7:8] for key, part in vars(psf).items() if isinstance(part, torch.Tensor)}
    assert torch.equal(
        convolve(images, psf, "replicate")[7:8], convolve(images[7:8], replace(psf, **values), "replicate")
    )


@pytest.fixture
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("shape", [(60, 1, 28, 28), (3, 3, 224, 224)], ids=str)
@pytest.mark.parametrize("openmp", [True, False], ids=["threads of torch", "threads of its own"])
@pytest.mark.parametrize("name", PSFS)
def test_threads_do_not_change_a_bit(
    name: str, openmp: bool, shape: tuple[int, ...], three_threads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, psf = some_images(*shape), PSFS[name](shape[0])
    if not openmp:
        monkeypatch.setattr(compiled, "_openmp", lambda: None)
    together = convolve(images, psf)
    torch.set_num_threads(1)
    assert torch.equal(convolve(images, psf), together)


def test_several_callers_at_once_do_not_disturb_each_other(three_threads: None) -> None:
    images, psfs = some_images(60, 1, 28, 28), [make(60) for make in PSFS.values()]
    alone = [convolve(images, psf, "replicate") for psf in psfs]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            at_once = list(pool.map(lambda psf: convolve(images, psf, "replicate"), psfs))
            assert all(torch.equal(one, other) for one, other in zip(at_once, alone, strict=True))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_blurs_with_threads_of_its_own() -> None:
    """Those of torch's pool are not in it: whoever asked for them would wait for ever."""
    script = """
import os, signal, torch
from blurbench.imaging import convolve
from blurbench.contract import DiscPsf
torch.set_num_threads(2)
images, psf = torch.rand(60, 1, 28, 28), DiscPsf(torch.full((60,), 3.2))
expected = convolve(images, psf)
child = os.fork()
if child == 0:
    signal.alarm(30)
    same = (convolve(images, psf).numpy() == expected.numpy()).all()  # torch.equal would wait for ever
    os._exit(0 if same else 3)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=False).returncode == 0


def fourfold(quadrant: torch.Tensor) -> DensePsf:
    """From quadrants (N, a, b) around the centre pixel."""
    right = torch.cat([quadrant[..., 1:].flip(-1), quadrant], -1)
    return DensePsf(torch.cat([right[:, 1:].flip(1), right], 1))


def triangle(n: int) -> torch.Tensor:
    return torch.triu(torch.full((6, 6), 0.01, dtype=torch.float64)).expand(n, 6, 6)


def ring(n: int) -> torch.Tensor:
    y, x = torch.arange(7.0)[:, None], torch.arange(7.0)
    return 0.01 * (torch.hypot(y, x) > 5).expand(n, 7, 7)


SYMMETRIC: dict[str, Callable[[int], DensePsf]] = {
    "unequal": lambda n: fourfold(uniform(0, 0.01, n, 6, 6)),
    "signed": lambda n: fourfold(uniform(-0.01, 0.02, n, 6, 6)),
    "ring": lambda n: fourfold(ring(n)),
    "wide below": lambda n: fourfold(triangle(n)),
    "wide in the middle": lambda n: fourfold(triangle(n).flip(-1)),
    "wide beside": lambda n: fourfold(triangle(n).mT),
}


@pytest.mark.parametrize("name", SYMMETRIC)
def test_symmetric_kernels_of_any_shape_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    both_agree(monkeypatch, some_images(2, 3, 20, 33), SYMMETRIC[name](2))


def test_oblong_symmetric_kernels_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = fourfold(uniform(0, 0.02, 2, 3, 7)).weights
    both_agree(monkeypatch, some_images(2, 3, 20, 33), weights)
    both_agree(monkeypatch, some_images(2, 3, 20, 33), weights.mT)
    nearly = weights.clone()
    nearly[:, 0, 0] *= 1.01  # one corner of its own
    both_agree(monkeypatch, some_images(2, 3, 20, 33), nearly)


def test_many_taps_on_a_large_image_go_through_fourier_space_image_by_image(monkeypatch: pytest.MonkeyPatch) -> None:
    images, kernels = some_images(3, 1, 160, 160), uniform(0, 1e-3, 3, 29, 29)
    kernels[1] = 0
    kernels[1, 4, 20] = 1  # sparse: not transformed
    both_agree(monkeypatch, images, kernels)
    for i in range(3):
        one, of_many = convolve(images[i : i + 1], kernels[i : i + 1]), convolve(images, kernels)[i : i + 1]
        torch.testing.assert_close(one, of_many, rtol=1e-5, atol=1e-6)  # torch 2.8 transforms a batch otherwise


def test_channels_last_and_strided_images_give_the_same() -> None:
    images, psf = some_images(4, 3, 32, 40), GaussianPsf(uniform(1, 2, 2))
    expected = convolve(images[::2].contiguous(), psf)
    assert torch.equal(convolve(images[::2], psf), expected)
    assert torch.equal(convolve(images[::2].to(memory_format=torch.channels_last), psf), expected)


def test_doubles_small_images_and_gradients_are_left_to_torch() -> None:
    images, psf = some_images(1, 1, 20, 20), GaussianPsf(torch.tensor([1.0]))
    assert compiled.covers(images, psf)
    assert not compiled.covers(images.double(), psf)
    assert not compiled.covers(images[..., :15], psf)
    assert not compiled.covers(images.clone().requires_grad_(), psf)
    assert convolve(images.double(), psf).dtype == torch.float64


def test_gradients_reach_the_images_and_the_kernels() -> None:
    images, kernels = some_images(1, 1, 20, 20).requires_grad_(), uniform(0, 1, 1, 3, 3).requires_grad_()
    convolve(images, kernels, "zeros").sum().backward()
    assert float(images.grad[0, 0, 10, 10]) == pytest.approx(float(kernels.detach().sum()), rel=1e-5)
    assert float(kernels.grad[0, 1, 1]) == pytest.approx(float(images.detach().sum()), rel=1e-5)
    with torch.no_grad():
        assert compiled.covers(images, kernels)


def test_what_reaches_past_the_mirror_is_refused_in_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    images = some_images(1, 1, 16, 16)
    far = TapsPsf(torch.tensor([[[0, 16]]]), torch.ones(1, 1, dtype=torch.float64))
    wide = SigmaMap(torch.full((1, 16, 16), 4.0))
    for psf in (GaussianPsf(torch.tensor([4.0])), DiscPsf(torch.tensor([16.2])), far, wide, torch.ones(1, 3, 33)):
        with pytest.raises(UsageError, match=r"at most 15 pixels .* half-width of 16") as mine:
            convolve(images, psf)
        with pytest.raises(UsageError) as theirs:
            in_torch(monkeypatch, images, psf, "reflect")
        assert str(mine.value) == str(theirs.value)


def test_a_wrong_number_of_psfs_or_a_wrong_size_is_one_clear_line() -> None:
    images = some_images(2, 1, 20, 20)
    with pytest.raises(UsageError, match="2 images need as many PSFs, but sigma is"):
        convolve(images, GaussianPsf(torch.ones(3)))
    with pytest.raises(UsageError, match=r"kernels \(N, a, b\)"):
        convolve(images, torch.ones(2, 3))
    with pytest.raises(UsageError, match=r"maps must be as large as the images"):
        convolve(images, SigmaMap(torch.ones(2, 20, 21)))
    with pytest.raises(UsageError, match="unknown padding 'mirror'"):
        convolve(images, GaussianPsf(torch.ones(2)), "mirror")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"images must be \(N, C, H, W\)"):
        convolve(images[0], GaussianPsf(torch.ones(1)))


def test_an_empty_batch_stays_empty() -> None:
    assert convolve(torch.zeros(0, 3, 20, 20), GaussianPsf(torch.ones(0))).shape == (0, 3, 20, 20)


def test_weights_left_out_of_a_gaussian_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    images, sigma = some_images(1, 1, 64, 64), torch.tensor([0.5])
    taps = gaussian_taps(sigma, 61)
    both_agree(monkeypatch, images, GaussianPsf(sigma, 61))
    assert float(taps[0, :26].sum()) < 1e-8  # what lies beyond 6.07 sigma


@pytest.mark.slow  # parsing the digits takes seconds
def test_real_digits_are_blurred_alike_with_and_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """What records depend on: the same images up to 1e-5, so the same predictions."""
    from blurbench_blurs.defocus import Defocus
    from blurbench_blurs.diagonal_motion import DiagonalMotion
    from blurbench_blurs.gaussian import Gaussian
    from blurbench_blurs.random_walk_motion import RandomWalkMotion
    from blurbench_datasets.mnist_5k import Mnist5k

    from blurbench.imaging.draws import Draws

    images = torch.from_numpy(Mnist5k().load(()).test.images[:500]).float() / 255
    for blur in (Gaussian(Range(1, 2), 9), DiagonalMotion(), Defocus(Range(1, 4)), RandomWalkMotion(9.0)):
        psf = blur.psf(Draws(np.arange(len(images)), 0, ("test",)))
        both_agree(monkeypatch, images, psf, blur.padding)
