"""Seeds for different purposes from one seed, so that no two draws of a run share their random numbers."""

from __future__ import annotations

from hashlib import blake2b

import torch

__all__ = ["derived_seed", "seed_torch"]


def derived_seed(seed: int, purpose: str) -> int:
    """A 63-bit seed that depends on `seed` and `purpose` alone, the same in every process."""
    digest = blake2b(f"{purpose}:{seed}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def seed_torch(seed: int, purpose: str) -> None:
    """Seed torch's global generators, from which weights and dropout masks are drawn."""
    torch.manual_seed(derived_seed(seed, purpose))
