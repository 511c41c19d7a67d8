"""Which test images were right, as a short text: what a published board needs so that others can pair its rows anew.

One bit an image in the order of the test images, 1 for right; eight to a byte from the highest bit, the last byte
filled with 0; the bytes in base64.
"""

from __future__ import annotations

import base64
import binascii

import numpy as np
from numpy.typing import NDArray

from blurbench.errors import RecordError

__all__ = ["packed", "unpacked"]


def packed(hits: NDArray[np.bool_]) -> str:
    """The text of (images,)."""
    return base64.b64encode(np.packbits(hits).tobytes()).decode("ascii")


def unpacked(text: str, n: int) -> NDArray[np.bool_]:
    """The hits of `n` images, (n,). Raises RecordError where the text does not hold so many."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if n < 1 or len(found) != -(-n // 8):
        raise RecordError(f"the text of the hits does not hold {n} images")
    return np.unpackbits(np.frombuffer(found, np.uint8), count=n).astype(np.bool_)
