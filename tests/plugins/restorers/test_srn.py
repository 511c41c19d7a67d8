"""The restorer `srn`."""

import pytest
import torch
from blurbench_restorers.networks.lstm import BoundedLinear, LstmCell
from blurbench_restorers.networks.srn import error_at_all_scales
from blurbench_restorers.srn import Srn
from torch import nn
from torch.nn import functional as F

from blurbench.contract import Budget, Shape
from blurbench.errors import Skip
from tests.plugins.restorers.keras_reference import Layers, parameters, scrambled

COLOUR = Shape(3, 32, 32)


def count(**fields) -> int:
    return parameters(Srn(**fields).build(COLOUR))


def test_every_form_has_its_published_number_of_parameters():
    assert count() == 13_759_314
    assert count(deconv=5) == 13_943_634
    assert count(deconv=5, shared=True) == 6_971_817
    assert count(lstm=True) - count() == 1_657_088
    assert count(form="reds") == 2 * 2_509_947
    assert count(form="reds", shared=True) == 2_509_947
    assert count(form="original") == 6_881_251
    assert count(form="original", lstm=True) - count(form="original") == 1_180_160


# --- the network once more -----------------------------------------------------------------------------------------


def half(images):
    return images.unflatten(-1, (-1, 2)).mean(-1).unflatten(-2, (-1, 2)).mean(-2)


def quarter(images):
    middle = images.unflatten(-1, (-1, 4))[..., 1:3].mean(-1)
    return middle.unflatten(-2, (-1, 4))[..., 1:3, :].mean(-2)


def twice(images):
    return F.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)


def lstm_step(recurrence, x, state):
    """By torch's own LSTM cell; for convolutions, by an LSTM of all pixels of a neighbourhood at once."""
    cell, units = recurrence.cell, len(recurrence.cell.of_state.weight) // 4
    if isinstance(cell.of_input, nn.Conv2d):
        kernel, shape = cell.of_input.kernel_size[0], x.shape
        state = state or (torch.zeros_like(x), torch.zeros_like(x))
        x, shown = (F.unfold(maps, kernel, padding=kernel // 2).mT.flatten(0, 1) for maps in (x, state[0]))
        memory = state[1].flatten(2).mT.flatten(0, 1)
    else:
        shape, x = x.shape, x.flatten(1)
        shown, memory = state or (torch.zeros(len(x), units).double(), torch.zeros(len(x), units).double())
    # torch's cell wants as much state going in as coming out; gates by matrices take any amount.
    gates = x @ cell.of_input.weight.flatten(1).T + cell.of_input.bias + shown @ cell.of_state.weight.flatten(1).T
    write, keep, candidate, show = gates.split(units, dim=1)
    memory = keep.sigmoid() * memory + write.sigmoid() * candidate.tanh()
    shown = show.sigmoid() * memory.tanh()
    if isinstance(cell.of_input, nn.Conv2d):
        state = tuple(values.unflatten(0, (shape[0], -1)).mT.reshape(shape) for values in (shown, memory))
        return state[0], state
    back = shown @ recurrence.back.weight.T + recurrence.back.bias
    return back.reshape(shape), (shown, memory)


def scale(layers, form, x, recur, deconv, sigmoid_up=False):
    """One scale, by the table of each form; layers narrowed to 2, 4 and 8 channels."""
    cifar, bias = form == "cifar", form == "original"

    def act(x):
        return torch.where(x > 0, x, 0.3 * x) if cifar else x.relu()

    def cbl(x, channels, stride=1):
        x = layers.conv(x, channels, 5, stride, bias)
        return act(layers.norm(x) if cifar else x)

    def residuals(x):
        for _ in range(3):
            inner = cbl(x, x.shape[1])
            x = x + (cbl(inner, x.shape[1]) if cifar else layers.conv(inner, x.shape[1], 5, bias=bias))
        return x

    def up(x, channels):
        x = layers.up(x, channels, deconv)
        x = layers.norm(x) if cifar else x
        return x.sigmoid() if sigmoid_up else act(x)

    if form == "reds":
        first = cbl(x, 1)
        fine = residuals(torch.cat([first, cbl(first, 1)], dim=1))
    else:
        fine = residuals(cbl(x, 2))
    middle = residuals(cbl(fine, 4, stride=2))
    deepest = recur(residuals(cbl(middle, 8, stride=2)))
    middle = middle + up(residuals(deepest), 4)
    fine = residuals(fine + up(residuals(middle), 2))
    if cifar:
        return layers.norm(layers.conv(fine, 3, 1, bias=True)).sigmoid()
    return layers.conv(fine, 3, 5, bias=True)


@pytest.mark.parametrize(
    ("fields", "deconv"),
    [
        ({"form": "cifar"}, 4),
        ({"form": "cifar", "deconv": 5, "deconv_act": "sigmoid", "lstm": True}, 5),
        ({"form": "cifar", "shared": True}, 4),
        ({"form": "reds", "width": 1 / 8}, 2),
        ({"form": "original"}, 4),
        ({"form": "original", "lstm": True}, 4),
    ],
)
def test_every_form_is_the_published_network(fields, deconv):
    form, shape = fields["form"], Shape(3, 16, 32)
    network = scrambled(Srn(**{"width": 1 / 16, **fields}).build(shape))
    images = torch.rand(2, 3, 16, 32, dtype=torch.float64)
    pyramid = [quarter(images), half(images), images] if form == "original" else [half(images), images]
    restored = state = None
    for number, blurred in enumerate(pyramid):
        layers = Layers(network.networks[number % len(network.networks)])

        def recur(deepest, number=number):
            nonlocal state
            if not network.recurrences:
                return deepest
            if form == "reds":
                state = None
            if form == "original" and state:
                state = tuple(twice(values) for values in state)
            shown, state = lstm_step(network.recurrences[number % len(network.recurrences)], deepest, state)
            return shown

        coarser = None if restored is None else twice(restored)
        if form == "original":
            given = torch.cat([blurred, blurred if coarser is None else coarser], dim=1)
        else:
            given = blurred if coarser is None else blurred + coarser
        restored = scale(layers, form, given, recur, deconv, sigmoid_up="deconv_act" in fields)
        assert layers.rest == []
    assert restored.std() > 1e-3
    assert torch.allclose(network(images), restored)


def test_without_being_told_no_weights_are_shared_but_in_the_original():
    assert [len(Srn(form, width=1 / 16).build(COLOUR).networks) for form in ("cifar", "reds", "original")] == [2, 2, 1]


def test_only_the_original_keeps_the_fine_error_from_the_coarse_scale():
    for form, flows in (("cifar", True), ("original", False)):
        network = Srn(form, width=1 / 16, shared=False).build(COLOUR).train()
        network(torch.rand(2, 3, 32, 32))[-1].square().sum().backward()
        assert all((parameter.grad is not None) == flows for parameter in network.networks[0].parameters())


# --- all scales ----------------------------------------------------------------------------------------------------


def test_in_training_every_scale_gives_its_image():
    images = torch.rand(2, 3, 27, 30)
    sizes = {
        form: [tuple(scale.shape[-2:]) for scale in Srn(form, width=1 / 16).build(COLOUR).train()(images)]
        for form in ("cifar", "original")
    }
    assert sizes == {"cifar": [(13, 15), (27, 30)], "original": [(6, 7), (13, 15), (27, 30)]}


def test_the_errors_of_all_scales_are_added():
    clean = torch.zeros(2, 1, 4, 4)
    clean[..., ::2] = 1.0  # columns 1 0 1 0: one half everywhere at half the size
    nothing = [torch.zeros(2, 1, 2, 2), torch.zeros(2, 1, 4, 4)]
    assert error_at_all_scales(nothing, clean).item() == pytest.approx(0.25 + 0.5)
    assert error_at_all_scales([torch.full((2, 1, 2, 2), 0.5), clean], clean).item() == 0.0


def test_fitting_minimises_the_errors_of_all_scales(job, photographs):
    restorer = Srn(width=1 / 16)
    network = restorer.build(COLOUR)
    network.networks.apply(lambda layer: nn.init.zeros_(layer.weight) if isinstance(layer, nn.BatchNorm2d) else None)
    notes = restorer.fit(network, job(1, photographs))
    # Sixteen images are one batch. All norms give 0, so both scales first give sigmoid(0), everywhere.
    clean = photographs.images
    first = sum((part - 0.5).square().mean() for part in (half(clean), clean))
    assert notes["train_loss"] == [pytest.approx(first.item(), rel=1e-5)]
    assert len(notes["validation_loss"]) == 1


def test_the_paper_s_recipes():
    paper = Budget("paper", restorer_epochs=70, recipes="paper")
    recipes = [Srn(form).recipe(paper) for form in ("cifar", "reds", "original")]
    assert [(recipe.learning_rate, recipe.batch_size, recipe.patience) for recipe in recipes] == [
        (1e-3, 150, 15),
        (1e-4, 10, None),
        (1e-4, 16, None),
    ]


# --- LSTMs ---------------------------------------------------------------------------------------------------------


def test_the_lstm_is_torch_s():
    ours, theirs = LstmCell(nn.Linear(5, 12), nn.Linear(3, 12, bias=False)), nn.LSTMCell(5, 3)
    theirs.weight_ih.data, theirs.weight_hh.data = ours.of_input.weight.data, ours.of_state.weight.data
    theirs.bias_ih.data, theirs.bias_hh.data = ours.of_input.bias.data, torch.zeros(12)
    x, state = torch.randn(4, 5), (torch.randn(4, 3), torch.randn(4, 3))
    for before in (None, state):
        for our, their in zip(ours(x, before), theirs(x, before), strict=True):
            assert torch.allclose(our, their, atol=1e-6)


def test_an_lstm_starts_out_to_remember():
    cell = LstmCell(nn.Linear(5, 12), nn.Linear(3, 12, bias=False))
    assert cell.of_input.bias.tolist() == [0] * 3 + [1] * 3 + [0] * 6
    assert torch.allclose(cell.of_state.weight.T @ cell.of_state.weight, torch.eye(3), atol=1e-6)


def test_training_bounds_the_weights_of_the_dense_lstm():
    layer = BoundedLinear(4, 2)
    layer.weight.data = torch.tensor([[6.0, 0.0, 0.0, 8.0], [0.0, 1.0, 2.0, 0.0]])
    layer.eval()(torch.rand(1, 4))
    assert layer.weight[0].tolist() == [6, 0, 0, 8]
    layer.train()(torch.rand(1, 4)).sum().backward()
    assert layer.weight[0].tolist() == pytest.approx([1.8, 0, 0, 2.4], rel=1e-5)
    assert layer.weight[1].tolist() == [0, 1, 2, 0]


def test_a_dense_lstm_declines_images_of_another_size():
    network = Srn(width=1 / 16, lstm=True).build(Shape(1, 28, 28)).eval()
    assert network(torch.rand(1, 1, 32, 25)).shape == (1, 1, 32, 25)
    with pytest.raises(Skip, match="images of another size"):
        network(torch.rand(1, 1, 16, 16))
