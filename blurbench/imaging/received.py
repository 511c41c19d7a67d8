"""What a plugin gave, checked where it is received: one line names the plugin, what it gave and what is wanted."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, get_args

import torch
from torch import Tensor

from blurbench.errors import NotFinite, PluginError
from blurbench.imaging.precision import finely
from blurbench.imaging.values import Degraded, DensePsf, DiscPsf, GaussianPsf, Padding, SigmaMap, TapsPsf

__all__ = ["check_degraded", "check_images", "check_metric", "check_psf", "check_shape", "check_sigmas", "shown"]

FURTHEST = 20.0
"""No pixel lies further from 0: with the strongest noise values stay within 7, on a scale of 0..255 they do not."""
LIGHT_LOST = 0.01
"""Up to so much the light of a PSF may differ from 1."""
SLACK = 1e-4
"""Beyond an estimator's limits, for rounding."""


def shown(given: Any) -> str:
    """A value that is not what was wanted, in a few words."""
    if given is None:
        return "None"
    if isinstance(given, Tensor):
        return f"a tensor of the shape {tuple(given.shape)}"
    if isinstance(given, tuple | list):
        return f"a {type(given).__name__} of {len(given)}"
    return f"a value of the type {type(given).__name__}"


def check_shape(who: str, what: str, given: Any, wanted: tuple[int | str, ...]) -> None:
    """Refuse what is no tensor of the shape `wanted`, in which a letter stands for any length."""
    sizes = f"({', '.join(map(str, wanted))}{',' if len(wanted) == 1 else ''})"
    if not isinstance(given, Tensor):
        raise PluginError(f"{who} gave {shown(given)} as {what}, wanted a tensor {sizes}")
    fits = len(wanted) == given.ndim and all(
        isinstance(side, str) or side == length for side, length in zip(wanted, given.shape, strict=True)
    )
    if not fits:
        raise PluginError(f"{who} gave {what} of the shape {tuple(given.shape)}, wanted {sizes}")


def check_images(who: str, given: Any, images: Tensor) -> None:
    """Refuse what are no images of the shape of `images` (N, C, H, W), which they were made from."""
    if not isinstance(given, Tensor):
        raise PluginError(f"{who} gave {shown(given)}, wanted images, a tensor of the shape {tuple(images.shape)}")
    if given.shape != images.shape:
        raise PluginError(f"{who} turned {tuple(images.shape)} into {tuple(given.shape)}")
    if not given.is_floating_point() or given.device != images.device:
        wanted = f"floating-point numbers on {images.device}"
        raise PluginError(f"{who} gave images of {given.dtype} on {given.device}, wanted {wanted}")


def check_degraded(who: str, given: Any, images: Tensor) -> None:
    """Refuse what does not say how `images` (N, C, H, W) look blurred. Raises NotFinite for NaN or infinity."""
    if not isinstance(given, Degraded):
        raise PluginError(f"{who} gave {shown(given)}, wanted blurbench.contract.Degraded(images, psf or None)")
    if given.psf is not None:
        check_psf(who, given.psf, images)
    check_images(who, given.images, images)
    if given.images.numel():
        low, high = (float(end) for end in given.images.aminmax())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise NotFinite(f"{who} gave NaN or infinity")
        if max(-low, high) > FURTHEST:
            raise PluginError(f"{who} gave values from {low:g} to {high:g}; images are on the scale of 0..1")
    if not (isinstance(given.noise_std, Real) and 0 <= given.noise_std < math.inf):
        raise PluginError(f"{who} gave noise_std {given.noise_std!r:.60}, wanted a number on the 0..1 scale")
    if given.padding not in get_args(Padding):
        raise PluginError(f"{who} gave padding {given.padding!r:.60}, wanted one of {', '.join(get_args(Padding))}")


def check_psf(who: str, psf: Any, images: Tensor) -> None:
    """Refuse what are no PSFs, one for each of `images` (N, C, H, W), none of which adds light or takes any away."""
    count = len(images)
    match psf:
        case DensePsf(weights=weights):
            check_shape(who, "the weights of a DensePsf", weights, (count, "k", "k"))
            if weights.shape[1] != weights.shape[2] or weights.shape[1] % 2 == 0:
                raise PluginError(
                    f"{who} gave a DensePsf of {weights.shape[1]}x{weights.shape[2]}; it must be k x k, k odd, as its "
                    "centre pixel is offset 0 (blurbench.imaging.psf.from_kernel makes one of any kernel)"
                )
            _check_light(who, weights.flatten(1))
        case TapsPsf(offsets=offsets, weights=weights):
            check_shape(who, "the weights of a TapsPsf", weights, (count, "T"))
            check_shape(who, "the offsets of a TapsPsf", offsets, (*weights.shape, 2))
            _check_light(who, weights)
        case GaussianPsf(sigma=sigma):
            check_shape(who, "the sigma of a GaussianPsf", sigma, (count,))
            _check_lengths(who, "sigma", sigma)
        case DiscPsf(radius=radius):
            check_shape(who, "the radius of a DiscPsf", radius, (count,))
            _check_lengths(who, "radius", radius)
        case SigmaMap(sigma=sigma):
            check_shape(who, "the sigma of a SigmaMap", sigma, (count, *images.shape[2:]))
            _check_lengths(who, "sigma", sigma)
        case _:
            kinds = "a GaussianPsf, TapsPsf, DiscPsf, DensePsf or SigmaMap of blurbench.contract"
            raise PluginError(f"{who} gave {shown(psf)} as PSF, wanted {kinds}")


def check_sigmas(who: str, given: Any, wanted: tuple[int, ...], limits: tuple[float, float]) -> None:
    """Refuse what are no readings of the shape `wanted` within an estimator's limits. Raises NotFinite for NaN."""
    check_shape(who, "sigma", given, wanted)
    if not torch.isfinite(given).all():
        raise NotFinite(f"{who} gave NaN or infinity")
    if given.numel():
        low, high = (float(end) for end in given.aminmax())
        if low < limits[0] - SLACK or high > limits[1] + SLACK:
            raise PluginError(f"{who} gave {low:g} to {high:g}, beyond its limits {limits[0]:g} to {limits[1]:g}")


def check_metric(who: str, given: Any, images: int, limits: tuple[float, float]) -> None:
    """Refuse what is no number an image, within a metric's limits or NaN. Raises NotFinite for infinity."""
    check_shape(who, "numbers", given, (images,))
    if not given.is_floating_point():
        raise PluginError(f"{who} gave numbers of {given.dtype}, wanted floating-point numbers")
    if torch.isinf(given).any():
        raise NotFinite(f"{who} gave infinity; what it cannot say of an image is NaN")
    if (beyond := (given < limits[0] - SLACK) | (given > limits[1] + SLACK)).any():
        raise PluginError(f"{who} gave {float(given[beyond][0]):g}, beyond its limits {limits[0]:g} to {limits[1]:g}")


def _check_light(who: str, weights: Tensor) -> None:
    """Weights (N, T) of PSFs."""
    light = finely(weights).sum(1)
    off = (light - 1).abs()
    if weights.numel() and not float(off.max()) <= LIGHT_LOST:  # so that NaN is caught, too
        worst = float(light[off.nan_to_num(torch.inf).argmax()])
        raise PluginError(f"{who} gave a PSF whose weights sum to {worst:g}; each must sum to 1")


def _check_lengths(who: str, name: str, values: Tensor) -> None:
    if values.numel() and not (float(values.min()) >= 0 and math.isfinite(float(values.max()))):
        raise PluginError(f"{who} gave a PSF whose {name} is negative or not finite")
