"""Networks with blurbench's layers for large kernels beside the same ones with torch's."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmarks.timing import networks
from benchmarks.timing.fitting import classifier_fit, restorer_fit
from benchmarks.timing.plain_layers import has_large_kernels, torch_layers
from benchmarks.timing.rounds import Patience
from blurbench.imaging import large_kernels
from blurbench.registry import Registry

CPU = torch.device("cpu")
SHORT = Patience(0.01, least=2)


def small() -> nn.Module:
    return nn.Sequential(
        large_kernels.Conv2d(1, 8, 5, padding=2),
        nn.ReLU(),
        large_kernels.Conv2d(8, 8, 5, padding=2),
        nn.Conv2d(8, 1, 1),
    )


def test_torch_layers_are_torchs_inside_the_block_and_ours_again_after_it() -> None:
    ours = large_kernels.Conv2d.forward, large_kernels.ConvTranspose2d.forward
    with torch_layers():
        assert large_kernels.Conv2d.forward is nn.Conv2d.forward
        assert large_kernels.ConvTranspose2d.forward is nn.ConvTranspose2d.forward
    assert (large_kernels.Conv2d.forward, large_kernels.ConvTranspose2d.forward) == ours
    with pytest.raises(ZeroDivisionError), torch_layers():
        _ = 1 / 0
    assert (large_kernels.Conv2d.forward, large_kernels.ConvTranspose2d.forward) == ours


def test_only_kernels_of_five_and_more_have_a_peer() -> None:
    assert has_large_kernels(small())
    assert not has_large_kernels(large_kernels.Conv2d(8, 8, 3))
    assert not has_large_kernels(nn.Conv2d(8, 8, 9))


@pytest.mark.parametrize("make", [networks.forward_group, networks.step_group])
def test_a_network_is_timed_with_both_kinds_of_layers_and_they_agree(make) -> None:  # type: ignore[no-untyped-def]
    group = make("restorers", ("small", small()), 4, CPU, SHORT)
    assert [row.name for row in group.rows] == ["blurbench", "torch layers"]
    assert group.rows[1].remark == ""
    assert group.rows[1].difference < 1e-4
    assert group.ratio > 0
    # Two operations a multiply-accumulate, plain convolution: 28^2 pixels, (25 + 25 * 8 + 1) * 8 of them each.
    forward = 2 * 4 * 28**2 * (25 + 25 * 8 + 1) * 8
    assert group.operations == forward or 2 * forward < group.operations <= 3 * forward


def test_a_layer_that_computes_something_else_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_kernels.Conv2d, "forward", lambda self, x: 1.1 * nn.Conv2d.forward(self, x))
    group = networks.step_group("restorers", ("small", small()), 4, CPU, SHORT)
    assert group.rows[1].remark == "another result"
    assert group.ratio is None


def test_every_network_on_the_menu_is_timed_or_the_reason_is_noted(registry: Registry) -> None:
    notes: list[str] = []
    named = {name for name, _ in networks.classifiers(registry, notes.append)}
    assert {"cnn3", "vit"} <= named
    for name in registry.entries["classifiers"]:
        assert name in named or any(f"classifier {name} was left out" in note for note in notes)


def test_fits_run_both_ways(registry: Registry) -> None:
    classifier = registry.resolve("classifiers", "cnn3[widths=[2, 2, 2]]")
    restorer = registry.resolve("restorers", "unet[kernel=5, widths=[8, 8, 8]]")
    for group in (
        classifier_fit("cnn3", classifier, 16, 8, CPU, SHORT),
        restorer_fit("unet", restorer, 8, 4, CPU, SHORT),
    ):
        assert [row.name for row in group.rows] == ["blurbench", "DataLoader and PIL"]
        assert all(row.seconds > 0 for row in group.rows)
