"""Triton kernels for one PSF an image. `accelerated` chooses among them and starts them.

Each program makes one tile of one channel of one image, from images (N, C, H, W) in a row:

    out[y, x] = sum over o of psf[o] image[border(y + origin - o_y), border(x + origin - o_x)]

`border` is what `padding` says of places beyond the image. With `origin` 0 the output is as large as the image, with
minus the half-width it is all that the image's light reaches, which the adjoint needs. All sums are in float32.

Triton takes types from what it is given; it compiles annotations too, so only constants have one.
"""

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["blur_gaussian", "blur_taps", "blur_varying"]


@triton.jit
def _place(rows, columns, HIGH: tl.constexpr, WIDE: tl.constexpr):  # noqa: N803
    """The plane, the first row and the first column of this program's tile of planes of rows x columns."""
    across = tl.cdiv(columns, WIDE)
    tiles = across * tl.cdiv(rows, HIGH)
    program = tl.program_id(0)
    tile = program % tiles
    return (program // tiles).to(tl.int64), (tile // across) * HIGH, (tile % across) * WIDE


@triton.jit
def _border(index, length, padding: tl.constexpr):
    """Which of `length` pixels lies at `index`. Further out than the padding is defined there is none."""
    if padding == "reflect":
        index = length - 1 - tl.abs(length - 1 - tl.abs(index))
    if padding == "replicate":
        index = tl.minimum(tl.maximum(index, 0), length - 1)
    if padding == "wrap":
        index = tl.where(index < 0, index + length, index)
        index = tl.where(index >= length, index - length, index)
    return index


@triton.jit
def _pixels(plane, y, x, height, width, padding: tl.constexpr):
    """The pixels of rows `y` and columns `x`, black where there is none."""
    y, x = _border(y, height, padding), _border(x, width, padding)
    there = ((y >= 0) & (y < height))[:, None] & ((x >= 0) & (x < width))[None, :]
    return tl.load(plane + y[:, None] * width + x[None, :], mask=there, other=0.0)


@triton.jit
def _store(out, values, plane, y, x, rows, columns):
    within = (y < rows)[:, None] & (x < columns)[None, :]
    tl.store(out + plane * rows * columns + y[:, None] * columns + x[None, :], values, mask=within)


@triton.jit
def _gaussian(distance, radius, falling):
    """exp(-distance^2 / (2 sigma^2)) up to `radius`, not normalised."""
    far = distance.to(tl.float32)
    return tl.where(tl.abs(distance) <= radius, tl.exp(falling * far * far), 0.0)


@triton.jit
def _cut(sigma):
    """`psf.gaussian_radius`."""
    return tl.floor(4.0 * sigma.to(tl.float64) + 0.5).to(tl.int32)


@triton.jit
def _falling(sigma):
    sigma = tl.maximum(sigma.to(tl.float32), 1e-6)  # the limit sigma = 0 is a delta
    return -0.5 / (sigma * sigma)


@triton.jit
def blur_gaussian(
    images,
    out,
    sigmas,
    size,
    channels,
    height,
    width,
    rows,
    columns,
    origin,
    padding: tl.constexpr,
    SIDE: tl.constexpr,  # noqa: N803
    STEP: tl.constexpr,  # noqa: N803
    precision: tl.constexpr,
):
    """Both passes at once, as products with banded matrices from either side: the image between them stays on the chip.

    `sigmas` (N,); `size` taps a side, or cut at 4 sigma where 0. Tiles of SIDE x SIDE, in steps of STEP pixels.
    """
    plane, top, left = _place(rows, columns, SIDE, SIDE)
    sigma = tl.load(sigmas + plane // channels)
    falling = _falling(sigma)
    radius = _cut(sigma)
    if size > 0:
        radius = size // 2
    step = tl.arange(0, STEP)
    tile = tl.arange(0, SIDE)

    half_sum = 0.0
    for start in range(0, radius + 1, STEP):
        half_sum += tl.sum(_gaussian(start + step, radius, falling), 0)
    share = 1.0 / (2.0 * half_sum - 1.0)  # the centre's weight is 1

    image = images + plane * height * width
    blurred = tl.zeros((SIDE, SIDE), tl.float32)
    for y in range(0, tl.minimum(SIDE, rows - top) + 2 * radius, STEP):
        source_y = top + origin - radius + y + step
        along = tl.zeros((STEP, SIDE), tl.float32)
        for x in range(0, tl.minimum(SIDE, columns - left) + 2 * radius, STEP):
            source_x = left + origin - radius + x + step
            pixels = _pixels(image, source_y, source_x, height, width, padding)
            band = share * _gaussian(x + step[:, None] - radius - tile[None, :], radius, falling)
            along = tl.dot(pixels, band, along, input_precision=precision)
        band = share * _gaussian(y + step[None, :] - radius - tile[:, None], radius, falling)
        blurred = tl.dot(band, along, blurred, input_precision=precision)
    _store(out, blurred, plane, top + tile, left + tile, rows, columns)


@triton.jit
def blur_taps(
    images,
    out,
    offsets,
    weights,
    count,
    channels,
    height,
    width,
    rows,
    columns,
    origin,
    padding: tl.constexpr,
    SIDE: tl.constexpr,  # noqa: N803
    ADJOINT: tl.constexpr,  # noqa: N803
    HIGH: tl.constexpr,  # noqa: N803
    WIDE: tl.constexpr,  # noqa: N803
):
    """The taps of weights (N, count) that are not 0, one by one. `offsets` (N, count, 2), or, where SIDE is not 0, the
    places in a square of SIDE x SIDE weights. ADJOINT turns all offsets round. Tiles of HIGH x WIDE."""
    plane, top, left = _place(rows, columns, HIGH, WIDE)
    y, x = top + tl.arange(0, HIGH), left + tl.arange(0, WIDE)
    image = images + plane * height * width
    first = plane // channels * count
    blurred = tl.zeros((HIGH, WIDE), tl.float32)
    for tap in range(count):
        weight = tl.load(weights + first + tap).to(tl.float32)
        if weight != 0.0:
            if SIDE > 0:
                dy, dx = tap // SIDE - SIDE // 2, tap % SIDE - SIDE // 2
            else:
                dy = tl.load(offsets + 2 * (first + tap)).to(tl.int32)
                dx = tl.load(offsets + 2 * (first + tap) + 1).to(tl.int32)
            if ADJOINT:
                dy, dx = -dy, -dx
            blurred += weight * _pixels(image, y + origin - dy, x + origin - dx, height, width, padding)
    _store(out, blurred, plane, y, x, rows, columns)


@triton.jit
def blur_varying(
    images,
    out,
    sigmas,
    radii,
    map_stride,
    channels,
    height,
    width,
    padding: tl.constexpr,
    OWN_RADII: tl.constexpr,  # noqa: N803
    HIGH: tl.constexpr,  # noqa: N803
    WIDE: tl.constexpr,  # noqa: N803
):
    """A Gaussian of its own at every output pixel: `sigmas`, and `radii` where OWN_RADII, (N, H, W), the maps
    `map_stride` values apart. The four mirror images of an offset have one weight, so they are added first."""
    plane, top, left = _place(height, width, HIGH, WIDE)
    y, x = top + tl.arange(0, HIGH), left + tl.arange(0, WIDE)
    within = (y < height)[:, None] & (x < width)[None, :]
    place = plane // channels * map_stride + y[:, None] * width + x[None, :]
    sigma = tl.load(sigmas + place, mask=within, other=0.0)
    radius = _cut(sigma)
    if OWN_RADII:
        radius = tl.load(radii + place, mask=within, other=0).to(tl.int32)
    falling = _falling(sigma)
    furthest = tl.max(tl.max(radius, 1), 0)

    image = images + plane * height * width
    half_sum = tl.zeros((HIGH, WIDE), tl.float32)
    blurred = tl.zeros((HIGH, WIDE), tl.float32)
    for dy in range(furthest + 1):
        down = _gaussian(radius * 0 + dy, radius, falling)
        half_sum += down
        along = tl.zeros((HIGH, WIDE), tl.float32)
        for dx in range(furthest + 1):
            mirrored = _pixels(image, y - dy, x - dx, height, width, padding)
            if dy > 0:
                mirrored += _pixels(image, y + dy, x - dx, height, width, padding)
            if dx > 0:
                mirrored += _pixels(image, y - dy, x + dx, height, width, padding)
                if dy > 0:
                    mirrored += _pixels(image, y + dy, x + dx, height, width, padding)
            along += mirrored * _gaussian(radius * 0 + dx, radius, falling)
        blurred += down * along
    whole = 2.0 * half_sum - 1.0
    _store(out, blurred / (whole * whole), plane, y, x, height, width)
