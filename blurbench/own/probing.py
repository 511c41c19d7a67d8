"""What is read off pictures, one by one: sigma, motion, and what a person should know before they trust it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from blurbench.errors import BlurbenchError, PluginError, UsageError, shortened

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from blurbench.contract import Estimator
    from blurbench.imaging.files import Picture
    from blurbench.running.probing import Reading

__all__ = ["COARSER_STRIDE", "FINER_STRIDE", "Row", "answers", "files", "frame_of", "images", "reader_of"]

SHARPEST = 0.3
"""A Gaussian of less than this leaves 98 per cent of the light in its pixel, so that nobody can tell it from none."""
NEAR_LIMIT = 0.05
FEW_WINDOWS = 10
MUCH_NOISE = 3.0
LOW_QUALITY = 60
"""What the shipped estimators were fitted to ends here."""
WIDE_SPREAD = 1.5
FINER_STRIDE, COARSER_STRIDE = 8, 16
DARK = 32.0
"""Of 255: a picture that ends below it, but is not even, was not stored over the full range."""
LITTLE_CONTRAST = 0.15
"""Of the full range: below it the steps of 8 bits are as large as what there is to read."""


@dataclass(frozen=True)
class Row:
    """One picture of the answer."""

    path: Path
    picture: Picture
    reading: Reading
    limits: tuple[float, float]
    map: Path | None = None
    at_side: Reading | None = None
    """Of the picture reduced as a suite reduces it; None where not asked for."""

    @property
    def sigma(self) -> str:
        shown = _sigma(self.reading.sigma, self.limits)
        return f"({shown})" if self.directed and self.reading.sigma is not None else shown

    @property
    def sigma_at_side(self) -> str:
        return "" if self.at_side is None else _sigma(self.at_side.sigma, self.limits)

    @property
    def moved(self) -> bool:
        """Whether the length of a motion was read."""
        return self.reading.motion is not None and self.reading.motion.length is not None

    @property
    def directed(self) -> bool:
        """Whether it is blurred, or striped, so much more in one direction than in others that no sigma says it."""
        from blurbench.running.motion import STRIPES

        return self.moved or (self.reading.motion is not None and self.reading.motion.directed > STRIPES)

    @property
    def at_limit(self) -> bool:
        return _at_limit(self.reading.sigma, self.limits)

    @property
    def hints(self) -> tuple[str, ...]:
        return tuple(_hints(self.picture, self.reading))

    def facts(self) -> dict[str, Any]:
        reading, picture = self.reading, self.picture
        low, high = reading.spread or (None, None)
        return {
            "file": str(self.path),
            "width": picture.width,
            "height": picture.height,
            "format": picture.format,
            "mode": picture.mode,
            "sigma_px": _rounded(reading.sigma),
            "at_limit": self.at_limit,
            "motion_px": _rounded(reading.motion.length) if reading.motion else None,
            "motion_degrees": _rounded(reading.motion.angle) if reading.motion else None,
            "directed": _rounded(reading.motion.directed) if reading.motion else None,
            "contrast": _rounded(reading.view.span) if math.isfinite(reading.view.span) else None,
            "frame": {**vars(reading.view.frame)},
            "sigma_p10": _rounded(low),
            "sigma_p90": _rounded(high),
            "windows": int(reading.sigmas.size),
            "windows_read": reading.textured,
            "window": reading.window,
            "stride": reading.stride,
            "noise_255": _rounded(reading.noise),
            "jpeg_quality": picture.jpeg_quality,
            "hints": list(self.hints),
            "map": None if self.map is None else str(self.map),
            **({} if self.at_side is None else self._facts_at_side(self.at_side)),
        }

    def _facts_at_side(self, reading: Reading) -> dict[str, Any]:
        sigma = reading.sigma
        limit = _at_limit(sigma, self.limits)
        return {"side": reading.view.picture.width, "side_sigma_px": _rounded(sigma), "side_at_limit": limit}


def reader_of(request: str, window: int | None) -> Estimator:
    """The estimator of an expression, with windows of `window` pixels. Raises UsageError where it has to be fitted."""
    from blurbench.registry import parse
    from blurbench.registry.discovery import discover

    table = parse(request) if window is None else {**parse(request), "window": window}
    estimator: Estimator = discover().resolve("estimators", table)
    if estimator.trainable:
        raise UsageError(f"estimator {request}: it has to be fitted first; take one that has not, such as spectral")
    return estimator


# --- which pictures ------------------------------------------------------------------------------------------------

Source: TypeAlias = tuple[Path, Callable[[], "Picture"]]
"""What a picture is called, and what opens it."""


def files(paths: Iterable[Path]) -> Iterator[Source]:
    """Pictures in files."""
    from blurbench.imaging.files import open_picture

    for path in paths:
        yield path, partial(open_picture, path)


def images(given: NDArray[Any]) -> Iterator[Source]:
    """Images (N, C, H, W), float in [0, 1] or uint8; what is more exact than 8 bits is read with 16."""
    for number, image in enumerate(given):
        yield Path(f"image {number}"), partial(_picture, image)


def _picture(image: NDArray[Any]) -> Picture:
    import numpy as np
    from PIL import Image

    from blurbench.imaging.files import LUMA, Picture

    if len(image) not in (1, 3):
        raise UsageError(f"an image has {len(image)} channels, wanted 1 or 3")
    if image.dtype == np.uint8:
        picture = Image.fromarray(np.ascontiguousarray(image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)))
    else:
        grey = image[0] if len(image) == 1 else np.tensordot(LUMA, image, 1)
        picture = Image.fromarray((np.clip(grey, 0, 1) * 65535).round().astype(np.uint16))
    return Picture(picture.height, picture.width, "array", picture.mode, 1, None, picture)


# --- reading -------------------------------------------------------------------------------------------------------


def answers(
    pictures: Iterable[Source], estimator: Estimator, request: str, stride: int, side: int | None
) -> Iterator[tuple[Path, Row | BlurbenchError]]:
    """What is read off each picture, or why nothing is."""
    if side is not None and side < estimator.window:
        raise UsageError(f"side {side}: the estimator needs windows of {estimator.window} pixels")
    for path, opened in pictures:
        try:
            yield path, _answer(path, opened(), estimator, request, stride, side)
        except BlurbenchError as error:
            yield path, error


def _answer(path: Path, picture: Picture, estimator: Estimator, request: str, stride: int, side: int | None) -> Row:
    from blurbench.imaging.files import central_square

    least = estimator.window
    if min(picture.width, picture.height) < least:
        raise UsageError(f"{path}: {picture.width}x{picture.height} pixels, at least {least}x{least} are needed")
    row = _read(path, picture, estimator, request, stride)
    if side is None:
        return row
    return replace(row, at_side=_read(path, central_square(picture, side), estimator, request, stride).reading)


def _read(path: Path, picture: Picture, estimator: Estimator, request: str, stride: int) -> Row:
    from blurbench.running.probing import probe as read

    try:
        return Row(path, picture, read(picture, estimator, stride), estimator.limits)
    except BlurbenchError as error:
        raise PluginError(f"{path}: {error}") from None
    except Exception as error:  # whatever a stranger's estimator raises
        reason = f"{type(error).__name__}: {shortened(str(error))}"
        raise PluginError(f"{path}: estimator {request} failed: {reason}") from None


def _hints(picture: Picture, reading: Reading) -> Iterator[str]:
    if reading.textured < FEW_WINDOWS and reading.darkest < reading.brightest < DARK:
        yield f"dark: values only reach {reading.brightest:.0f}/255; stretch them to the full range first"
    elif reading.sigma is None:
        what = "flat or transparent" if picture.image.mode in ("LA", "RGBA") else "flat"
        yield f"{what}: there is nothing in it to read blur from"
    elif reading.textured < FEW_WINDOWS:
        yield f"unsure: only {reading.textured} of {reading.sigmas.size} windows have texture"
    yield from _motion_hints(reading)
    yield from _view_hints(picture, reading)
    if reading.spread and reading.spread[1] - reading.spread[0] > WIDE_SPREAD:
        yield f"varies: {reading.spread[0]:.1f} to {reading.spread[1]:.1f}"
    if reading.noise > MUCH_NOISE:
        yield f"unsure: noise, or texture as fine as noise, of {reading.noise:.0f}/255"
    if picture.jpeg_quality is not None and picture.jpeg_quality < LOW_QUALITY:
        yield f"unsure: JPEG of quality {picture.jpeg_quality}, whose blocks look sharp"
    if picture.mode in ("1", "P", "PA"):
        yield "unsure: few tones, and dots for those between (dither) look sharp"
    if picture.frames > 1:
        yield f"first of {picture.frames} frames"


def _motion_hints(reading: Reading) -> Iterator[str]:
    from blurbench.running.motion import STRIPES

    motion = reading.motion
    if motion is None:
        return
    if motion.length is not None:
        yield f"motion of {motion.length:.0f} px at {motion.angle:.0f} degrees, or strokes or stripes as wide as that"
    elif motion.directed > STRIPES:
        yield "motion, or stripes: much finer in one direction than in others"


def _view_hints(picture: Picture, reading: Reading) -> Iterator[str]:
    frame, span = reading.view.frame, reading.view.span
    if frame:
        sides = ", ".join(f"{depth} {name}" for name, depth in vars(frame).items() if depth)
        yield f"frame left out (pixels: {sides})"
    if reading.sigma is not None and span < LITTLE_CONTRAST and not picture.mode.startswith("I"):
        yield f"unsure: contrast of {100 * span:.0f}%, the steps of 8 bits look like detail"


def _sigma(sigma: float | None, limits: tuple[float, float]) -> str:
    if sigma is None:
        return "-"
    if _at_limit(sigma, limits):
        return f">= {limits[1]:.1f}"
    return f"<= {SHARPEST}" if sigma < SHARPEST else f"{sigma:.2f}"


def _at_limit(sigma: float | None, limits: tuple[float, float]) -> bool:
    return sigma is not None and sigma >= limits[1] - NEAR_LIMIT


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def frame_of(found: Iterable[tuple[Path, Row | BlurbenchError]]) -> pd.DataFrame:
    """A row a picture; those that cannot be read have a `reason`."""
    import pandas as pd

    return pd.DataFrame([_columns(path, answer) for path, answer in found])


def _columns(path: Path, answer: Row | BlurbenchError) -> dict[str, Any]:
    if isinstance(answer, BlurbenchError):
        return {"file": str(path), "reason": str(answer)}
    facts = answer.facts()
    frame = {f"frame_{side}": depth for side, depth in facts.pop("frame").items()}
    return {**facts, **frame, "hints": "; ".join(facts["hints"])}
