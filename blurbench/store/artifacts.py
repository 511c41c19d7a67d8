"""What was fitted: a network's tensors with what is known about the fit, one folder a fit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from blurbench.store.files import building, is_regular

__all__ = ["METADATA", "STATE", "ArtifactStore"]

STATE, METADATA = "state.safetensors", "artifact.json"

FIELDS: dict[str, type | tuple[type, ...]] = {
    "kind": str,
    "config": dict,
    "notes": dict,
    "seconds": (int, float),
    "images_seen": int,
    "sha256": str,
}
"""What the metadata hold, and of which type."""


class ArtifactStore:
    """Artifacts by key."""

    def __init__(self, root: Path) -> None:
        self.root = root / "artifacts"

    def path(self, key: str) -> Path:
        """The folder of an artifact."""
        return self.root / key

    def get(self, key: str) -> dict[str, Any] | None:
        """The metadata of an artifact, if it is there and undamaged."""
        folder = self.path(key)
        if folder.is_symlink() or not (is_regular(folder / METADATA) and is_regular(folder / STATE)):
            return None
        try:
            metadata = json.loads((folder / METADATA).read_bytes())
            whole = _is_whole(metadata) and metadata["sha256"] == _sha256(folder / STATE)
        except (OSError, ValueError, RecursionError):
            return None
        return metadata if whole else None

    def has(self, key: str) -> bool:
        """Whether it is there; cheap, its content is checked when it is loaded."""
        return is_regular(self.path(key) / METADATA)

    def put(self, key: str, metadata: Mapping[str, Any], save: Callable[[Path], None], replacing: bool = False) -> None:
        """Store an artifact, unless a sound one is there that is not to be replaced; `save` writes its tensors into the
        folder that it is given, as `STATE`."""
        with building(self.path(key), lambda: not replacing and self.get(key) is not None) as folder:
            save(folder)
            metadata = {**metadata, "sha256": _sha256(folder / STATE)}
            metadata["seal"] = _seal(metadata)
            (folder / METADATA).write_text(json.dumps(metadata, indent=1) + "\n", encoding="utf-8")

    def all(self) -> Iterator[dict[str, Any]]:
        """The metadata of all sound artifacts."""
        for path in sorted(self.root.glob("[0-9a-f]*")):
            if (metadata := self.get(path.name)) is not None:
                yield metadata


def _is_whole(metadata: Any) -> bool:
    """Whether every field is there, as it was written. Takes the seal out; the first artifacts had none."""
    if not (isinstance(metadata, dict) and all(isinstance(metadata.get(name), kind) for name, kind in FIELDS.items())):
        return False
    seal = metadata.pop("seal", None)
    return seal is None or seal == _seal(metadata)


def _seal(metadata: Mapping[str, Any]) -> str:
    """Of the content as it is read back; notes may hold what is not finite."""
    text = json.dumps(json.loads(json.dumps(metadata)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
