"""Real files of weights: spandrel's own networks, small, and photographs that scikit-learn and scikit-image ship."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from skimage import data
from sklearn.datasets import load_sample_image
from spandrel.architectures.Compact import Compact
from spandrel.architectures.DnCNN import DnCNN
from spandrel.architectures.DRUNet import DRUNet
from spandrel.architectures.NAFNet import NAFNet
from spandrel_extra_arches.architectures.Restormer import Restormer
from torch import Tensor, nn

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "nafnet": lambda: NAFNet(img_channel=3, width=8, middle_blk_num=1, enc_blk_nums=[1, 1], dec_blk_nums=[1, 1]),
    "dncnn": lambda: DnCNN(in_nc=3, out_nc=3, nc=8, nb=9, act_mode="R"),
    "dncnn-grey": lambda: DnCNN(in_nc=1, out_nc=1, nc=8, nb=9, act_mode="R"),
    "drunet": lambda: DRUNet(in_nc=4, out_nc=3, nc=[4, 8, 8, 16], nb=2),
    "restormer": lambda: Restormer(
        inp_channels=3,
        out_channels=3,
        dim=8,
        num_blocks=[1, 1, 1, 1],
        num_refinement_blocks=1,
        heads=[1, 2, 4, 8],
        ffn_expansion_factor=2.66,
        bias=False,
        LayerNorm_type="WithBias",
        dual_pixel_task=False,
    ),
    "enlarging": lambda: Compact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=2),
}


def made(name: str) -> nn.Module:
    """A network with weights that all matter: NAFNet's begin with zeros where its blocks are added."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = NETWORKS[name]()
        for key, weight in network.named_parameters():
            if key.endswith(("beta", "gamma")):
                nn.init.normal_(weight, 0, 0.3)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def file_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The file of a network's weights, as its authors would publish it."""
    folder = tmp_path_factory.mktemp("weights")

    def file(name: str) -> Path:
        path = folder / f"{name}.safetensors"
        if not path.exists():
            save_file(made(name).state_dict(), path)
        return path

    return file


def photograph(name: str) -> Tensor:
    """A colour photograph (1, 3, H, W) in [0, 1]."""
    loaded: Any = load_sample_image(f"{name}.jpg") if name in ("china", "flower") else getattr(data, name)()
    return torch.from_numpy(np.array(loaded)).permute(2, 0, 1)[None].float().div(255)
