"""The Triton kernels against scipy and against gradients in float64.

They run under Triton's interpreter, in a process of its own; with `-m gpu` and a GPU, on that GPU.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import torch

from blurbench.contract import DensePsf, DiscPsf, GaussianPsf, Padding, Psf, SigmaMap, TapsPsf
from blurbench.imaging import accelerated, convolve
from blurbench.imaging.psf import dense

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = "cpu" if INTERPRETED else "cuda"
PADDINGS: dict[Padding, str] = {"reflect": "mirror", "replicate": "nearest", "zeros": "constant", "wrap": "wrap"}

pytest.importorskip("triton")


def on_the_gpu(test: Callable[..., None]) -> Callable[..., None]:
    nowhere = not INTERPRETED and not torch.cuda.is_available()
    return pytest.mark.gpu(pytest.mark.skipif(nowhere, reason="there is no GPU")(test))


def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(sum(shape)).uniform(low, high, shape))


def points(n: int) -> TapsPsf:
    random = np.random.default_rng(9)
    weights = random.random((n, 7)) * [1, 1, 1, 1, 1, 0, 0]
    offsets = random.integers(-6, 7, (n, 7, 2))
    offsets[:, 5:] = 90  # unused: they reach nowhere
    return TapsPsf(torch.from_numpy(offsets), torch.from_numpy(weights / weights.sum(1, keepdims=True)))


PSFS: dict[str, Callable[[int], Psf]] = {
    "gaussian, 4 sigma": lambda n: GaussianPsf(uniform(0.05, 2.5, n)),
    "gaussian, 13 taps": lambda n: GaussianPsf(uniform(0.3, 9, n).float(), 13),
    "gaussian, 1 tap": lambda n: GaussianPsf(uniform(0.3, 1, n), 1),
    "points": points,
    "disc": lambda n: DiscPsf(uniform(0.2, 2.4, n)),
    "dense": lambda n: DensePsf(uniform(0, 0.3, n, 3, 3)),
}
CASES = [*product(PSFS, PADDINGS, [(2, 2, 14, 36)]), *product(PSFS, ["reflect"], [(3, 1, 28, 28)])]
"""What lies beyond the border does not depend on the shape; the interpreter takes its time for every plane and tap."""


def there(psf: Psf) -> Psf:
    values = {k: v.to(DEVICE) if isinstance(v, torch.Tensor) else v for k, v in vars(psf).items()}
    return type(psf)(**values)


def in_triton(
    x: torch.Tensor, psf: Psf | torch.Tensor, padding: Padding, monkeypatch: pytest.MonkeyPatch
) -> torch.Tensor:
    """What `convolve` gives, from a kernel and nothing else."""
    started = []
    run = accelerated.blur
    with monkeypatch.context() as patched:
        patched.setattr(accelerated, "blur", lambda *given: started.append(1) or run(*given))
        blurred = convolve(x.to(DEVICE), psf.to(DEVICE) if isinstance(psf, torch.Tensor) else there(psf), padding)
    assert started
    return blurred.cpu()


def in_scipy(x: torch.Tensor, kernels: torch.Tensor, padding: Padding) -> torch.Tensor:
    planes = [
        [scipy.ndimage.convolve(channel, kernel, mode=PADDINGS[padding]) for channel in image]
        for image, kernel in zip(x.double().numpy(), kernels.double().numpy(), strict=True)
    ]
    return torch.from_numpy(np.array(planes))


def in_double(
    x: torch.Tensor, psf: Psf | torch.Tensor, padding: Padding, monkeypatch: pytest.MonkeyPatch
) -> torch.Tensor:
    """What torch alone gives on the CPU, with gradients."""
    with monkeypatch.context() as patched:
        patched.setenv("BLURBENCH_NATIVE", "0")
        return convolve(x.double(), psf, padding)


@on_the_gpu
@pytest.mark.parametrize("precision", ["ieee"] if INTERPRETED else ["ieee", "tf32x3"])
@pytest.mark.parametrize(("name", "padding", "shape"), CASES, ids=str)
def test_every_psf_and_padding_agrees_with_scipy(
    name: str, padding: Padding, shape: tuple[int, ...], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accelerated, "PRECISION", precision)
    x, psf = uniform(0, 1, *shape).float(), PSFS[name](shape[0])
    expected = in_scipy(x, dense(psf).weights, padding)
    torch.testing.assert_close(in_triton(x, psf, padding, monkeypatch).double(), expected, rtol=0, atol=1e-5)


@on_the_gpu
@pytest.mark.parametrize("sides", [(1, 1), (2, 3), (4, 4), (1, 12)], ids=str)
def test_kernels_of_odd_and_even_sides_agree_with_scipy(
    sides: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, kernels = uniform(0, 1, 2, 2, 20, 33).float(), uniform(-0.02, 0.1, 2, *sides)
    expected = in_scipy(x, kernels, "reflect")
    torch.testing.assert_close(in_triton(x, kernels, "reflect", monkeypatch).double(), expected, rtol=0, atol=1e-5)


@on_the_gpu
@pytest.mark.parametrize("name", ["gaussian", "points"])
def test_images_of_several_tiles_agree_with_scipy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = uniform(0, 1, 1, 1, 70, 135).float()
    psf = points(1) if name == "points" else GaussianPsf(torch.tensor([7.3]))
    expected = in_scipy(x, dense(psf).weights, "reflect")
    torch.testing.assert_close(in_triton(x, psf, "reflect", monkeypatch).double(), expected, rtol=0, atol=1e-5)


@on_the_gpu
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("name", ["gaussian, 4 sigma", "points", "dense"])  # the adjoints that there are
def test_gradients_are_those_of_float64(name: str, padding: Padding, monkeypatch: pytest.MonkeyPatch) -> None:
    x, psf = uniform(0, 1, 2, 2, 17, 21).float(), PSFS[name](2)
    ours, theirs = (x.clone().requires_grad_() for _ in range(2))
    weight = uniform(-1, 1, 2, 2, 17, 21)
    (in_triton(ours, psf, padding, monkeypatch).double() * weight).sum().backward()
    (in_double(theirs, psf, padding, monkeypatch) * weight).sum().backward()
    assert ours.grad is not None
    assert theirs.grad is not None
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=1e-5)


def maps() -> dict[str, SigmaMap]:
    any_map = uniform(0, 0.8, 2, 19, 40)
    return {
        "any map": SigmaMap(any_map),
        "any map, own radius": SigmaMap(any_map.float(), torch.ceil(2 * any_map).long()),
        "one map for all": SigmaMap(any_map[:1].expand(2, 19, 40)),
    }


@on_the_gpu
@pytest.mark.parametrize(("name", "padding"), [*product(["any map"], PADDINGS), *product([*maps()][1:], ["reflect"])])
def test_maps_of_sigma_agree_with_float64(name: str, padding: Padding, monkeypatch: pytest.MonkeyPatch) -> None:
    x, psf = uniform(0, 1, 2, 1, 19, 40).float(), maps()[name]
    expected = in_double(x, psf, padding, monkeypatch)
    torch.testing.assert_close(in_triton(x, psf, padding, monkeypatch).double(), expected, rtol=0, atol=1e-5)


@on_the_gpu
def test_an_image_is_to_the_last_bit_what_it_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    x, sigma = uniform(0, 1, 5, 1, 28, 28).float(), uniform(0.3, 2.5, 5)
    together = in_triton(x, GaussianPsf(sigma), "replicate", monkeypatch)[2:3]
    assert torch.equal(together, in_triton(x[2:3], GaussianPsf(sigma[2:3]), "replicate", monkeypatch))


@on_the_gpu
def test_what_no_kernel_covers_takes_its_path_in_torch() -> None:
    x = uniform(0, 1, 2, 1, 28, 28).float().to(DEVICE)
    sigma = torch.full((2,), 1.0, device=DEVICE)
    covered = [
        (x, GaussianPsf(sigma), 4, True),
        (x.double(), GaussianPsf(sigma), 4, False),
        (x, GaussianPsf(sigma.clone().requires_grad_()), 4, False),
        (x.clone().requires_grad_(), SigmaMap(sigma[:, None, None].expand(2, 28, 28)), 4, False),
        (x, DiscPsf(sigma), accelerated.MOST_TAPS, False),
    ]
    for images, psf, reach, answer in covered:
        assert accelerated.covers(images, psf, reach) is answer
    with torch.no_grad():
        assert accelerated.covers(x.clone().requires_grad_(), SigmaMap(sigma[:, None, None].expand(2, 28, 28)), 4)


NUMBERS = ("size", "channels", "height", "width", "rows", "columns", "origin", "count", "map_stride")
IMAGES = {**dict.fromkeys(NUMBERS, "i32"), "images": "*fp32", "out": "*fp32"}
POINTS, WEIGHTS = {"offsets": "*i64", "weights": "*fp64"}, {"offsets": "*fp32", "weights": "*fp32"}
OF_1 = dict.fromkeys(NUMBERS, 1)  # Triton compiles arguments that are 1 into the code
COMPILED: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "gaussian": ("blur_gaussian", {"sigmas": "*fp64"}, {"SIDE": 64, "STEP": 32, "precision": "ieee"}),
    "gaussian, tf32x3": ("blur_gaussian", {"sigmas": "*fp32"}, {"SIDE": 64, "STEP": 32, "precision": "tf32x3"}),
    "gaussian, 1": ("blur_gaussian", {"sigmas": "*fp64"}, {"SIDE": 32, "STEP": 32, "precision": "ieee", **OF_1}),
    "points": ("blur_taps", POINTS, {"SIDE": 0, "ADJOINT": False, "HIGH": 16, "WIDE": 64}),
    "points, adjoint": ("blur_taps", POINTS, {"SIDE": 0, "ADJOINT": True, "HIGH": 32, "WIDE": 32}),
    "dense": ("blur_taps", WEIGHTS, {"SIDE": 9, "ADJOINT": False, "HIGH": 16, "WIDE": 64}),
    "dense, 1": ("blur_taps", WEIGHTS, {"SIDE": 1, "ADJOINT": True, "HIGH": 32, "WIDE": 32, **OF_1}),
    "map": ("blur_varying", {"sigmas": "*fp64", "radii": "*i64"}, {"OWN_RADII": True, "HIGH": 16, "WIDE": 64}),
    "map, 1": ("blur_varying", {"sigmas": "*fp32", "radii": "*fp32"}, {"OWN_RADII": False, "HIGH": 32, "WIDE": 32}),
}  # fmt: skip


@pytest.mark.skipif(INTERPRETED, reason="nothing is compiled")
@pytest.mark.parametrize("padding", ["reflect", "wrap"])
@pytest.mark.parametrize("name", COMPILED)
def test_every_kernel_compiles_for_a_gpu_that_is_not_here(
    name: str, padding: Padding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter takes more than the compiler does. Capability 9.0 is an H100."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from blurbench.imaging import triton_kernels

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    kernel, types, values = COMPILED[name]
    function = getattr(triton_kernels, kernel)
    constants = {key: value for key, value in {**values, "padding": padding}.items() if key in function.arg_names}
    signature = {key: "constexpr" if key in constants else {**IMAGES, **types}[key] for key in function.arg_names}
    binary = triton.compile(ASTSource(function, signature, constants), target=GPUTarget("cuda", 90, 32))
    assert binary.asm["cubin"]
    assert binary.metadata.shared <= 48 * 1024  # what any GPU has


@pytest.mark.processes
def test_the_kernels_are_right_under_tritons_interpreter() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", "gpu", "-p", "no:cacheprovider", __file__],
        env={**os.environ, "TRITON_INTERPRET": "1", "BLURBENCH_NATIVE": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
