"""Vision transformers of timm and torchvision whose patches can be left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from blurbench_classifiers.cnn3 import Cnn3
from blurbench_classifiers.masked_patches import MaskedPatches
from blurbench_classifiers.networks.adapted import Adapted
from blurbench_classifiers.networks.tokens import Masked
from blurbench_classifiers.timm import Timm
from blurbench_strategies.patch_mask import MaskingPredictor, PatchMask
from PIL import Image
from safetensors.torch import save_file
from timm.models.deit import VisionTransformerDistilled
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torchvision.models.vision_transformer import VisionTransformer as TorchvisionTransformer

from blurbench.contract import Degraded, PatchClassifier, Shape
from blurbench.errors import Skip, UsageError
from blurbench.registry import Registry
from blurbench.running.session import Request, Session
from blurbench.training import seed_torch

SMALL = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2, "num_classes": 5}
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "class token": lambda: VisionTransformer(**SMALL),
    "registers": lambda: VisionTransformer(**SMALL, reg_tokens=3),
    "registers, positions of patches alone": lambda: VisionTransformer(**SMALL, reg_tokens=3, no_embed_class=True),
    "mean of the patches": lambda: VisionTransformer(**SMALL, class_token=False, global_pool="avg"),
    "attention pooling": lambda: VisionTransformer(**SMALL, class_token=False, global_pool="map"),
    "any size": lambda: VisionTransformer(**SMALL, dynamic_img_size=True, pre_norm=True),
    "distilled": lambda: VisionTransformerDistilled(**SMALL),
    "torchvision": lambda: TorchvisionTransformer(32, 8, 2, 2, 24, 48, num_classes=5),
}
EACH = pytest.mark.parametrize("name", NETWORKS)


def masked(name: str) -> Masked:
    seed_torch(0, "weights")
    network = NETWORKS[name]()
    for value in network.parameters():  # what starts at 0 would hide a mistake
        if not value.any():
            nn.init.normal_(value, std=0.5)
    return Masked(Adapted(network, 32, True, (0.5,) * 3, (0.25,) * 3)).eval()


def blocks(module: Masked) -> list[nn.Module]:
    network = module.adapted.network
    return list(network.encoder.layers if isinstance(network, TorchvisionTransformer) else network.blocks)  # type: ignore[union-attr, arg-type]


def lengths(module: Masked, images: torch.Tensor, keep: torch.Tensor | None) -> int:
    """How many tokens the last block is given, all images together."""
    met: list[int] = []
    hook = blocks(module)[-1].register_forward_pre_hook(lambda block, given: met.append(given[0].shape[:2].numel()))
    module(images, keep)
    hook.remove()
    return sum(met)


@EACH
def test_keeping_every_patch_changes_no_bit(name: str) -> None:
    module, images = masked(name), torch.rand(4, 3, 32, 32)
    assert torch.equal(module(images, torch.ones(4, 16, dtype=torch.bool)), module.adapted(images))
    assert torch.equal(module(images), module.adapted(images))


@EACH
def test_masked_patches_leave_the_sequence(name: str) -> None:
    module, images, keep = masked(name), torch.rand(4, 3, 32, 32), torch.zeros(4, 16, dtype=torch.bool)
    keep[:, 0] = keep[0, :5] = keep[1, 8:] = True
    whole = lengths(module, images, None)
    assert whole - lengths(module, images, keep) == 4 * 16 - int(keep.sum())


@EACH
def test_a_patch_that_is_left_out_cannot_be_seen_and_one_that_is_kept_can(name: str) -> None:
    module, images = masked(name), torch.rand(3, 3, 32, 32)
    keep = torch.rand(3, 16, generator=torch.Generator().manual_seed(0)) < 0.5
    keep[:, 6], keep[:, 9] = True, False
    painted, changed = images.clone(), images.clone()
    painted[:, :, 16:24, 8:16] = 0  # patch 9: third row, second column
    changed[:, :, 8:16, 16:24] = 0  # patch 6: second row, third column
    logits = module(images, keep)
    assert torch.equal(module(painted, keep), logits)
    assert ((module(changed, keep) - logits).abs().amax(1) > 1e-6).all()


@EACH
def test_each_image_is_classified_as_it_would_be_alone(name: str) -> None:
    module, images = masked(name), torch.rand(6, 3, 32, 32)
    keep = torch.rand(6, 16, generator=torch.Generator().manual_seed(1)) < 0.6
    keep[:, 0] = True
    alone = torch.cat([module(images[i : i + 1], keep[i : i + 1]) for i in range(6)])
    torch.testing.assert_close(module(images, keep), alone, atol=1e-5, rtol=1e-4)


def test_networks_that_are_no_plain_sequence_are_declined() -> None:
    for name in ("resnet18", "swin_tiny_patch4_window7_224", "vit_small_r26_s32_224"):
        network = timm.create_model(name, num_classes=5)
        with pytest.raises(Skip, match=r"cannot be left out|none can"):
            Masked(Adapted(network, 224, True, (0.5,) * 3, (0.25,) * 3))
    padding = VisionTransformer(**SMALL, dynamic_img_size=True, dynamic_img_pad=True)
    with pytest.raises(Skip, match="not patches of pixels"):
        Masked(Adapted(padding, 32, False, (0.5,) * 3, (0.25,) * 3))


def test_a_network_that_follows_its_own_way_is_declined() -> None:
    class Odd(VisionTransformer):
        def forward_features(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward_features(x).flip(1)

    with pytest.raises(Skip, match="in its own way"):
        Masked(Adapted(Odd(**SMALL), 32, True, (0.5,) * 3, (0.25,) * 3))


# --- the plugin ----------------------------------------------------------------------------------------------------


def test_a_network_of_timm_becomes_a_patch_classifier(registry: Registry) -> None:
    classifier = registry.resolve("classifiers", "masked-patches[network=timm[model=test_vit]]")
    assert isinstance(classifier, PatchClassifier)
    assert classifier.patch == 16
    module = classifier.build(Shape(3, 160, 160), 7).eval()
    keep = torch.ones(2, 100, dtype=torch.bool)
    keep[0, 30:] = False
    assert module(torch.rand(2, 3, 160, 160), keep).shape == (2, 7)
    assert len(classifier.units(module)) == len(Timm("test_vit").units(module.adapted))


def test_patches_of_enlarged_images_are_counted_in_the_data_set_s_pixels() -> None:
    enlarged = MaskedPatches(Timm("test_vit"), side=4)
    module = enlarged.build(Shape(1, 40, 40), 7).eval()
    assert module(torch.rand(2, 1, 40, 40), torch.rand(2, 100) < 0.9).shape == (2, 7)
    with pytest.raises(UsageError, match="set side=4"):
        MaskedPatches(Timm("test_vit")).build(Shape(1, 40, 40), 7)
    with pytest.raises(Skip, match="no squares of whole pixels"):
        MaskedPatches(Timm("test_vit")).build(Shape(3, 32, 32), 7)
    with pytest.raises(Skip, match="no squares of whole pixels"):
        MaskedPatches(Timm("test_vit")).build(Shape(3, 160, 80), 7)


def test_patch_mask_drops_the_blurry_patches_of_such_a_network() -> None:
    seed_torch(0, "weights")
    classifier = MaskedPatches(Timm("test_vit"), side=4)
    module = classifier.build(Shape(1, 40, 40), 7).eval()
    images = torch.rand(3, 1, 40, 40)
    images[:, :, :, 20:] = 0.5
    predictor = MaskingPredictor(PatchMask(how="drop"), module, classifier.patch, 100.0, [0.5])
    output = predictor.predict(Degraded(images, None))
    keep = ~predictor.masked(images)
    assert keep.view(3, 10, 10)[:, :, 6:].sum() == 0 < keep.sum()
    torch.testing.assert_close(output.logits, module(images, keep))
    assert lengths(module, images, keep) == int(keep.sum()) + 3


def test_a_classifier_of_another_kind_is_declined() -> None:
    with pytest.raises(Skip, match="neither timm's nor torchvision's"):
        MaskedPatches(Cnn3((4, 4, 4))).build(Shape(1, 32, 32), 10)


# --- around a network that is given, on test images alone ------------------------------------------------------------

SUITE = """
name = "masked"
version = 1
title = "A transformer of one's own"
datasets = ["imagefolder[path=PICTURES, side=160, test=1]"]
train_blurs = ["gaussian[sigma=3]"]
test_blurs = ["none", "gaussian[sigma=3]"]

[[matrix]]
classifiers = ["masked-patches[network=checkpoint[network='timm:test_vit', weights=WEIGHTS, mean=[0.4, 0.5, 0.6]]]"]
strategies = ["plain", "patch-mask[threshold=1000]", "patch-mask[how=drop]", "patch-mask[threshold=validation]"]
"""


def test_a_network_that_is_given_is_masked_as_it_is_on_test_images_alone(tmp_path: Path) -> None:
    network, weights = timm.create_model("test_vit", num_classes=2), tmp_path / "weights.safetensors"
    save_file(network.state_dict(), weights)
    for number, name in enumerate(("cats", "dogs")):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        pixels = np.random.default_rng(number).integers(0, 256, (160, 160, 3), np.uint8)
        pixels[:, 80:] = 128  # which has no edges, so that it is masked
        Image.fromarray(pixels).save(tmp_path / "pictures" / name / "1.png")
    suite = tmp_path / "suite.toml"
    suite.write_text(SUITE.replace("PICTURES", f"'{tmp_path / 'pictures'}'").replace("WEIGHTS", f"'{weights}'"))
    session = Session(Request(str(suite), out=tmp_path / "out", jobs=0, timing=False))
    outcome = session.run()
    assert sorted(outcome.status.values()) == ["ok"] * 9 + ["skipped"] * 3, "three fits, that of each row"
    (reason,) = set(outcome.reasons.values())
    assert reason == "there are no validation images to choose the threshold by: give one, as threshold=100"
    masks = [artifact for artifact in session.store.artifacts.all() if "threshold" in artifact["notes"]]
    assert len(masks) == 2
    for artifact in masks:
        assert artifact["notes"]["mean"] == pytest.approx([0.4, 0.5, 0.6])
