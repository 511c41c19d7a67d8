"""What holds for all networks that are fitted to restore."""

import math
from dataclasses import replace

import pytest
import torch
from blurbench_restorers.caessc import Caessc
from blurbench_restorers.ed_densenet import EdDensenet
from blurbench_restorers.red30 import Red30
from blurbench_restorers.resunet import Resunet
from blurbench_restorers.reverse_unet import ReverseUnet
from blurbench_restorers.srn import Srn

from blurbench.contract import Budget, Recipe, Shape
from blurbench.training import forward, seed_torch

SMALL = {
    "reverse-unet": ReverseUnet(channels=4),
    "resunet": Resunet(channels=4),
    "ed-densenet": EdDensenet(growth=4),
    "caessc": Caessc(depth=8, filters=8),
    "caessc, half": Caessc(depth=8, filters=8, downsample=True),
    "red30": Red30(filters=8),
    "srn, cifar": Srn(width=1 / 8),
    "srn, cifar, lstm": Srn(width=1 / 8, lstm=True),
    "srn, reds": Srn(form="reds", width=1 / 4),
    "srn, original, lstm": Srn(form="original", width=1 / 8, lstm=True),
}
ALL = pytest.mark.parametrize("restorer", SMALL.values(), ids=SMALL)


@ALL
@pytest.mark.parametrize("size", [(1, 28, 28), (3, 32, 32), (3, 27, 19), (1, 5, 3)])
def test_restored_images_have_the_shape_of_the_blurred_ones(restorer, size):
    network = restorer.build(Shape(*size)).eval()
    restored = forward(lambda images: restorer.restore(images, network), torch.rand(2, *size))
    assert restored.shape == (2, *size)
    assert restored.isfinite().all()


@ALL
def test_every_parameter_learns(restorer, digits):
    seed_torch(0, "weights")
    network = restorer.build(Shape(1, 12, 12)).train()
    outputs = network(digits.images)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    sum((images * torch.rand_like(images)).sum() for images in outputs).backward()
    idle = {name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()}
    # The first scale has no state to go on from; in `reds` no scale has.
    no_state = {
        "srn, cifar, lstm": {"recurrences.0.cell.of_state.weight"},
        "srn, reds": {"recurrences.0.cell.of_state.weight", "recurrences.1.cell.of_state.weight"},
    }
    assert idle == no_state.get(next(name for name, value in SMALL.items() if value is restorer), set())


@pytest.mark.parametrize(
    ("name", "rate", "batch", "patience"),
    [
        ("reverse-unet", 3e-4, 64, 5),
        ("resunet", 1e-3, 250, 7),
        ("ed-densenet", 1e-3, 65, 5),
        ("caessc", 1e-4, 250, 7),
        ("red30", 1e-4, 64, None),
        ("srn, cifar", 1e-3, 150, 15),
    ],
)
def test_the_paper_s_recipe_is_followed_where_the_budget_says_so(name, rate, batch, patience):
    recipe = SMALL[name].recipe(Budget("paper", restorer_epochs=50, recipes="paper"))
    assert recipe == Recipe(50, rate, batch, schedule="constant", patience=patience)
    assert SMALL[name].recipe(Budget("quick")).schedule == "one-cycle"


@pytest.mark.parametrize(
    "restorer", [Resunet(channels=2), EdDensenet(growth=2), Caessc(4, 2)], ids=lambda r: type(r).__name__
)
def test_flips_change_what_is_seen(restorer, job, digits):
    losses = set()
    for flips in (False, True):
        seed_torch(0, "weights")
        network = restorer.build(Shape(1, 12, 12))
        losses.add(replace(restorer, flips=flips).fit(network, job(1, digits))["train_loss"][0])
    assert len(losses) == 2


def psnr(images: torch.Tensor, clean: torch.Tensor) -> float:
    return -10 * math.log10((images - clean).square().mean().item())


# Large enough to learn a few images by heart. At half size `caessc` stops at 8 dB: it only adds light to the image
# before the last norm, and a ReLU that is off for all images learns no more.
LARGER = {
    "reverse-unet": ReverseUnet(channels=8),
    "resunet": Resunet(channels=8),
    "ed-densenet": EdDensenet(growth=8),
    "caessc": Caessc(depth=8, filters=16),
    "red30": Red30(filters=16),
    "srn, cifar": Srn(width=1 / 8),
    "srn, cifar, lstm": Srn(width=1 / 8, lstm=True),
    "srn, reds": Srn(form="reds", width=1 / 2),
    "srn, original, lstm": Srn(form="original", width=1 / 4, lstm=True),
}


@pytest.mark.slow
@pytest.mark.parametrize("restorer", LARGER.values(), ids=LARGER)
def test_sixteen_digits_are_learned_by_heart(restorer, digits, job):
    seed_torch(0, "weights")
    network = restorer.build(Shape(1, 12, 12))
    # 600 steps: the fast recipe makes half as many epochs, here each of one batch.
    fitting = job(1200, digits)
    restorer.fit(network, fitting)
    blurred = fitting.blur(digits, 0).images
    assert psnr(forward(network, blurred), digits.images) > psnr(blurred, digits.images) + 10
