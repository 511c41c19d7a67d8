"""Pictures that both train and test: who has seen a test image before is not tested by it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from blurbench.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


Mark: TypeAlias = tuple[str, bytes | None]
"""The name of a file and the digest of its pixels; None where they show nothing."""


def mark(name: str, image: NDArray[np.uint8]) -> Mark:
    """Of pixels (C, H, W). Those of one colour are left out: they are equal without being the same picture."""
    import numpy as np

    if not np.ptp(image, axis=(1, 2)).any():
        return name, None
    found = hashlib.blake2b(str(image.shape).encode(), digest_size=16)
    found.update(np.ascontiguousarray(image).data)
    return name, found.digest()


def check_repeats(place: Path, train: Iterable[Mark], test: Iterable[Mark], most: float) -> None:
    """Raises UsageError where more than the share `most` of the test images are training images, too."""
    seen = {digest: name for name, digest in train if digest}
    tested = list(test)
    again = [f"{name} and {seen[digest]}" for name, digest in tested if digest in seen]
    if len(again) > most * len(tested):
        images = "image is a training image" if len(again) == 1 else "images are training images"
        raise UsageError(
            f"{place}: {len(again):,} of {len(tested):,} test {images}, too, pixel for pixel, such as {again[0]}; keep "
            "each in one part, or allow a share of them as repeated="
        )
