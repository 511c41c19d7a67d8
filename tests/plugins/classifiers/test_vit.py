"""The classifier `vit`."""

import pytest
import torch
from blurbench_classifiers.vit import Vit
from torch import nn

from blurbench.contract import Shape
from blurbench.errors import Skip, UsageError
from blurbench.training import seed_torch
from tests.plugins.classifiers.measured import DIGITS, MNIST, parameters


@pytest.fixture(scope="module")
def transformer() -> nn.Module:
    seed_torch(0, "weights")
    return Vit(width=16, depth=2, heads=2).build(DIGITS, 10).eval()


def test_the_default_vit_has_the_parameters_of_its_layers():
    width, tokens = 96, 50
    block = 4 * width * width + 4 * width + 8 * width * width + 5 * width + 4 * width
    expected = 17 * width + (tokens + 1) * width + 4 * block + 2 * width + 10 * (width + 1)
    assert parameters(Vit().build(MNIST, 10)) == expected == 455_050


def test_keeping_every_patch_changes_nothing(transformer):
    images = torch.rand(3, 1, 16, 16)
    torch.testing.assert_close(transformer(images, torch.ones(3, 16, dtype=torch.bool)), transformer(images))


def test_an_image_is_classified_as_if_only_its_kept_tokens_existed(transformer):
    images, keep = torch.rand(9, 1, 16, 16), torch.rand(9, 16) < 0.5
    expected = []
    for image, kept in zip(images, keep, strict=True):
        patches = image.unfold(1, 4, 4).unfold(2, 4, 4).reshape(16, 16)  # row by row, one channel
        projection = transformer.patch_embed.proj
        tokens = patches @ projection.weight.view(16, 16).T + projection.bias + transformer.pos_embed[0, 1:]
        first = transformer.cls_token[0] + transformer.pos_embed[0, :1]
        sequence = torch.cat([first, tokens[kept]])[None]
        for block in transformer.blocks:
            sequence = block(sequence)
        expected.append(transformer.head(transformer.norm(sequence)[:, 0]))
    torch.testing.assert_close(transformer(images, keep), torch.cat(expected), atol=1e-5, rtol=1e-4)


def test_dropped_tokens_are_not_computed(transformer):
    met = []
    hook = transformer.blocks[0].register_forward_pre_hook(lambda block, given: met.append(given[0].shape[:2].numel()))
    keep = torch.zeros(4, 16, dtype=torch.bool)
    keep[0, :3] = keep[1, 5:8] = keep[2, 0] = True
    transformer(torch.rand(4, 1, 16, 16), keep)
    hook.remove()
    assert sum(met) == (1 + 3) + (1 + 3) + (1 + 1) + (1 + 0)


def test_without_any_patch_all_images_look_the_same(transformer):
    logits = transformer(torch.rand(2, 1, 16, 16), torch.zeros(2, 16, dtype=torch.bool))
    assert torch.equal(logits[0], logits[1])


def test_prepare_standardises_by_the_training_images_channel_by_channel():
    classifier = Vit(width=16, depth=1, heads=2)
    network = classifier.build(Shape(3, 8, 8), 10).eval()
    train = torch.rand(50, 3, 8, 8) * torch.tensor([0.2, 0.5, 1.0])[:, None, None]
    mean, deviation = train.mean((0, 2, 3), keepdim=True), train.std((0, 2, 3), keepdim=True)
    expected = network((train - mean) / deviation)
    classifier.prepare(network, train)
    torch.testing.assert_close(network(train), expected)
    assert {"mean", "deviation"} <= set(network.state_dict())


def test_vit_s_units_are_its_patches_its_blocks_and_its_head(transformer):
    units = Vit(width=16, depth=2, heads=2).units(transformer)
    first, second = transformer.blocks
    assert units == [[transformer.patch_embed], [first], [second, transformer.norm], [transformer.head]]


def test_vit_declines_images_that_its_patches_do_not_tile():
    with pytest.raises(Skip, match="patches of 5 pixels do not tile images of 16x16"):
        Vit(patch=5).build(DIGITS, 10)


def test_a_width_that_heads_do_not_divide_is_refused(registry):
    with pytest.raises(UsageError, match="multiple of 4 and of heads"):
        registry.resolve("classifiers", "vit[width=20, heads=3]")
