"""Random numbers that belong to images: drawn by hashing integers, so the batch and its order cannot change them.

    u(image, name, n) = mix(mix(key(seed, scope, place, name) + mix(image)) + n * golden) >> 11, over 2^53

`mix` is the finaliser of splitmix64 (Steele, Lea and Flood 2014), `key` a BLAKE2b hash.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from blurbench.imaging.precision import finest
from blurbench.parameters import Choice, Quantity, Range

__all__ = ["Draws"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_BLOCK = 1 << 15  # numbers made at a time: the temporaries then stay in the processor's cache


@dataclass
class _Record:
    """Whether anything random was consulted; shared by the draws of a whole chain."""

    drawn: bool = False


class Draws:
    """The draws of N images.

    A draw depends on the seed, the scope, the place in a chain, the parameter's name and the image's id, and on nothing
    else.

    Args:
        ids: int64 (N,), names of the images.
        seed: of the suite for test blurs, of the replicate for training blurs.
        scope: what the draws are for, such as `("test",)` or `("train", epoch)`.
        device: where the tensors that are returned lie.
    """

    def __init__(
        self,
        ids: NDArray[np.int64] | torch.Tensor | Sequence[int],
        seed: int,
        scope: tuple[str | int, ...],
        device: torch.device | str = "cpu",
    ) -> None:
        numbers = ids.cpu().numpy() if isinstance(ids, torch.Tensor) else ids
        self.ids: NDArray[np.int64] = np.asarray(numbers, dtype=np.int64)
        self.seed = seed
        self.scope = scope
        self.device = torch.device(device)
        self._place: tuple[int | str, ...] = ()
        self._record = _Record()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def drawn(self) -> bool:
        """Whether anything random was consulted, here or at any place of the same chain."""
        return self._record.drawn

    def at(self, step: int | str) -> Draws:
        """The draws of a step of a chain: other numbers under the same names."""
        child = Draws(self.ids, self.seed, self.scope, self.device)
        child._place = (*self._place, step)
        child._record = self._record
        return child

    def part(self, rows: NDArray[np.int64]) -> Draws:
        """The draws of some of the images, the same numbers for each."""
        child = Draws(self.ids[rows], self.seed, self.scope, self.device)
        child._place, child._record = self._place, self._record
        return child

    def __call__(self, name: str, quantity: Quantity) -> torch.Tensor:
        """float64 (N,), on a device without it float32: the number itself, a value uniform on a `Range`, or one of a
        `Choice` with equal chances."""
        match quantity:
            case Range(low=low, high=high):
                values = low + (high - low) * self.uniform(name)[:, 0]
            case Choice(choice=choice):
                values = np.asarray(choice, dtype=np.float64)[self.integers(name, 0, len(choice) - 1)]
            case number:
                values = np.full(len(self.ids), number, dtype=np.float64)
        return self.tensor(values)

    def tensor(self, values: NDArray[Any]) -> torch.Tensor:
        """An array as a tensor on the device; float64 becomes float32 where the device has no float64, as mps."""
        tensor = torch.from_numpy(values)
        return tensor.to(self.device, finest(self.device) if tensor.dtype == torch.float64 else None)

    def uniform(self, name: str, count: int = 1) -> NDArray[np.float64]:
        """float64 (N, count), uniform on [0, 1) with all 53 bits."""
        out = np.empty((len(self.ids), count))
        for rows in self._blocks(count):
            out[rows] = _fractions(self._bits(name, count, rows))
        return out

    def integers(self, name: str, low: int, high_inclusive: int) -> NDArray[np.int64]:
        """int64 (N,), uniform on low..high_inclusive."""
        return low + np.floor(self.uniform(name)[:, 0] * (high_inclusive - low + 1)).astype(np.int64)

    def normal(self, name: str, count: int = 1) -> NDArray[np.float64]:
        """float64 (N, count), standard normal: each pair of uniforms gives two (Box and Muller 1958)."""
        out = np.empty((len(self.ids), count))
        half = (count + 1) // 2
        for rows in self._blocks(2 * half):
            fractions = _fractions(self._bits(name, 2 * half, rows))
            # 1 - u lies in (0, 1]: no logarithm of zero.
            length = np.sqrt(-2.0 * np.log1p(-fractions[:, :half]))
            angle = 2.0 * math.pi * fractions[:, half:]
            out[rows, :half] = length * np.cos(angle)
            out[rows, half:] = (length * np.sin(angle))[:, : count - half]
        return out

    def _blocks(self, count: int) -> list[slice]:
        step = max(1, _BLOCK // max(1, count))
        return [slice(start, start + step) for start in range(0, len(self.ids), step)]

    def _bits(self, name: str, count: int, rows: slice) -> NDArray[np.uint64]:
        """64 random bits (rows, count) from a counter-based stream an image."""
        self._record.drawn = True
        text = json.dumps([self.seed, self.scope, self._place, name])
        key = np.frombuffer(hashlib.blake2b(text.encode(), digest_size=8).digest(), dtype="<u8")
        stream = _mix(_mix(self.ids[rows].astype(np.uint64)) + key)
        counter = np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN
        return _mix(stream[:, None] + counter)


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble in place; a bijection of the 64-bit integers."""
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def _fractions(bits: NDArray[np.uint64]) -> NDArray[np.float64]:
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
