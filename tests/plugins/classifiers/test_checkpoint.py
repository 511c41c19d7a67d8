"""A network of one's own is measured as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from blurbench.contract import Classifier, Shape
from blurbench.errors import BlurbenchError, Skip
from blurbench.registry import Registry, config
from tests.conftest import Command

CODE = """
import torch
from torch import nn

def small(classes):
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(4, classes))

def nothing(classes):
    return None

class Named(nn.Sequential):
    def forward(self, images):
        return {"logits": super().forward(images)}

def named(classes):
    return Named(*small(classes))
"""


@pytest.fixture
def own(tmp_path: Path) -> dict[str, torch.Tensor]:
    """A file with an architecture, and weights for three classes beside it, in every kind of file."""
    (tmp_path / "nets.py").write_text(CODE)
    scope: dict[str, Any] = {}
    exec(CODE, scope)
    torch.manual_seed(5)
    network: nn.Module = scope["small"](3)
    state = {name: value + 0.1 if name == "1.running_mean" else value for name, value in network.state_dict().items()}
    save_file(state, tmp_path / "w.safetensors")
    torch.save(state, tmp_path / "w.pt")
    torch.save(nn.Linear(2, 2), tmp_path / "whole.pt")
    torch.save(
        {"epoch": 3, "state_dict": {f"module.{name}": value for name, value in state.items()}}, tmp_path / "w.pth"
    )
    return state


def checkpoint(registry: Registry, folder: Path, weights: str, network: str = "nets.py:small") -> Classifier:
    source = network if ":" in network and "nets" not in network else str(folder / network)
    table = {"name": "checkpoint", "network": source, "weights": str(folder / weights)}
    classifier: Classifier = registry.resolve("classifiers", table | {"mean": [0.1, 0.2, 0.3], "deviation": [0.5] * 3})
    return classifier


@pytest.mark.parametrize("weights", ["w.safetensors", "w.pt", "w.pth"])
def test_its_logits_are_the_networks_behind_its_preprocessing(
    registry: Registry, own: dict[str, torch.Tensor], tmp_path: Path, weights: str
) -> None:
    module = checkpoint(registry, tmp_path, weights).build(Shape(3, 8, 8), 3).eval()
    images = torch.rand(5, 3, 8, 8)
    standardised = (images - torch.tensor([0.1, 0.2, 0.3])[:, None, None]) / 0.5
    seen = nn.functional.conv2d(standardised, own["0.weight"], own["0.bias"])
    norm = (own["1.running_mean"], own["1.running_var"], own["1.weight"], own["1.bias"])
    seen = nn.functional.batch_norm(seen, *norm).relu().mean((2, 3))
    torch.testing.assert_close(module(images), seen @ own["5.weight"].T + own["5.bias"], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: state.pop("0.bias"), "0.bias is missing"),
        (lambda state: state.update(extra=torch.ones(1)), "extra is none of its weights"),
        (lambda state: state.update({"0.weight": torch.ones(4, 3, 5, 5)}), "0.weight has another shape"),
    ],
)
def test_weights_of_another_network_are_refused_in_one_line(
    registry: Registry, own: dict[str, torch.Tensor], tmp_path: Path, change: Any, says: str
) -> None:
    change(own)
    save_file(own, tmp_path / "other.safetensors")
    with pytest.raises(BlurbenchError, match=f"other.safetensors: not the weights of .*: {says}$"):
        checkpoint(registry, tmp_path, "other.safetensors").build(Shape(3, 8, 8), 3)


def test_a_head_of_another_size_is_never_measured(
    registry: Registry, own: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    with pytest.raises(Skip, match=r"w.pt answers 3 classes and the data set has 10"):
        checkpoint(registry, tmp_path, "w.pt").build(Shape(3, 8, 8), 10)


@pytest.mark.parametrize(
    ("weights", "network", "says"),
    [
        ("nowhere.pt", "nets.py:small", "nowhere.pt: No such file or directory; name a file that is there"),
        ("w.pt", "nets.py:large", "nets.py has no function 'large'"),
        ("w.pt", "nets.py:named", "nets.py:named answers a dict, wanted logits, a tensor (images, classes)"),
        ("whole.pt", "nets.py:small", "no weights that can be read without running code; save model.state_dict()"),
        ("w.pt", "nets.py:nothing", "gave NoneType, wanted a torch.nn.Module"),
        ("w.pt", "resnet18", "give timm:NAME, torchvision:NAME or FILE.py:FUNCTION"),
        ("w.pt", "timm:resnet81", "unknown timm model 'resnet81'; did you mean"),
        ("nets.py", "nets.py:small", "no weights that can be read without running code"),
    ],
)
def test_what_cannot_be_loaded_is_one_line(
    registry: Registry, own: dict[str, torch.Tensor], tmp_path: Path, weights: str, network: str, says: str
) -> None:
    classifier = checkpoint(registry, tmp_path, weights, network)

    def planned_and_built() -> None:
        config(registry, classifier)
        classifier.build(Shape(3, 8, 8), 3)

    with pytest.raises(BlurbenchError) as caught:
        planned_and_built()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_changed_file_is_another_plugin_in_every_key(
    registry: Registry, own: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    classifier = checkpoint(registry, tmp_path, "w.safetensors")
    before = config(registry, classifier)
    assert registry.resolve("classifiers", before) == classifier
    own["0.bias"] += 1
    save_file(own, tmp_path / "w.safetensors")
    after = config(registry, classifier)
    assert after["files"] != before["files"]
    (tmp_path / "nets.py").write_text(CODE + "\n# changed\n")
    assert config(registry, classifier)["files"][1] != after["files"][1]


SUITE = """
name = "mine"
version = 1
title = "My own network on my own pictures"
datasets = ["imagefolder[path=./photos, side=16, test=1]"]
train_blurs = ["gaussian[sigma=1]"]
test_blurs = ["none", "gaussian[sigma=1]"]
[[matrix]]
classifiers = ["checkpoint[network='nets.py:small', weights=w.pt]"]
strategies = [
    "plain",
    "blur-augment",
    "bn-adapt[batch=6]",
    "deblur-then-classify[restorer=unsharp-mask, classifier=clean]",
]
[budgets.quick]
epochs = 1
"""


def test_a_test_folder_alone_is_enough_for_remedies_that_fit_nothing(
    own: dict[str, torch.Tensor], blurbench: Command, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    for label in ("a", "b", "c"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(4):
            Image.fromarray(random.integers(0, 255, (16, 16, 3), np.uint8)).save(
                tmp_path / "photos" / label / f"{number}.png"
            )
    (tmp_path / "mine.toml").write_text(SUITE)

    run = blurbench("run", "--suite", "./mine.toml", "-j", "0")

    records = [json.loads(path.read_bytes()) for path in (tmp_path / "blurbench-results").glob("records/*/*")]
    found = {(record["axes"]["strategy"]["name"], record["axes"]["test_blur"]["name"]): record for record in records}
    assert {record["reason"] for (name, _), record in found.items() if name == "blur-augment"} == {
        "there are no training images, and this remedy is fitted"
    }, run.stderr
    measured = {place for place, record in found.items() if record["status"] == "ok"}
    assert len(measured) == 6
    assert {record["result"]["metrics"]["n"] for place, record in found.items() if place in measured} == {12}
    scope: dict[str, Any] = {}
    exec(CODE, scope)
    network = scope["small"](3)
    network.load_state_dict(own)
    mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[:, :, None, None]
    plain = found["plain", "none"]["result"]["images"]
    right = 0
    for label, name in enumerate(("a", "b", "c")):
        for path in sorted((tmp_path / "photos" / name).iterdir()):
            pixels = torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)[None] / 255
            right += int(network.eval()((pixels - mean) / deviation).argmax()) == label
    assert sum(map(int.__eq__, plain["label"], plain["predicted"])) == right
