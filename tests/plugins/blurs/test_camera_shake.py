"""Random paths with inertia."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from blurbench_blurs.camera_shake import CameraShake

from blurbench.contract import Range
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import dense


def draws(n: int = 40) -> Draws:
    return Draws(range(n), 1, ("test",))


def test_a_path_has_its_length_and_constant_speed() -> None:
    strides = CameraShake(20).path(draws()).diff(dim=1).norm(dim=-1)
    torch.testing.assert_close(strides, torch.full_like(strides, 20 / 1999))


def test_without_anxiety_the_path_is_straight_and_in_any_direction() -> None:
    path = CameraShake(20, anxiety=0).path(draws(400))
    ends = path[:, -1] - path[:, 0]
    torch.testing.assert_close(ends.norm(dim=-1), torch.full((400,), 20.0).double())
    angle = torch.atan2(ends[:, 0], ends[:, 1])
    assert [float(angle.sin().mean()), float(angle.cos().mean())] == pytest.approx([0, 0], abs=0.1)


def test_direction_has_inertia_which_anxiety_takes_away() -> None:
    def straightness(anxiety: float) -> float:
        path = CameraShake(20, anxiety).path(draws())
        return float((path[:, -1] - path[:, 0]).norm(dim=-1).mean()) / 20

    calm, usual, shaky = (straightness(anxiety) for anxiety in (1e-4, 0.005, 0.1))
    assert 0.9 < calm <= 1
    assert 0.1 < usual < 0.9
    assert shaky < 0.2
    first, second = CameraShake(20).path(draws()).diff(dim=1)[:, :-1], CameraShake(20).path(draws()).diff(dim=1)[:, 1:]
    cosine = (first * second).sum(-1) / (20 / 1999) ** 2
    assert float(cosine.median()) > 0.99


def test_a_path_is_that_of_the_recurrence_written_out_for_one_image() -> None:
    one = Draws([7], 1, ("test",))
    u = lambda name, count=1: one.uniform(name, count)[0]  # noqa: E731
    pull, often, strength = 0.7 * u("pull")[0], 0.2 * u("often thrown")[0], 10 * u("jolt strength")[0]
    across, down = one.normal("jolts", 2 * 1999)[0].reshape(1999, 2).T
    step, anxiety, place = 12 / 1999, 0.05, 0j
    v, places = step * np.exp(2j * np.pi * u("first direction")[0]), [0j]
    thrown, thrown_to = u("thrown", 1999), u("thrown to", 1999)
    for t in range(1999):
        back = 2 * v * np.exp(1j * (np.pi + thrown_to[t] - 0.5)) if thrown[t] < often * anxiety else 0
        v = v + back + anxiety * (strength * (across[t] + 1j * down[t]) - pull * place) * step
        v = v / abs(v) * step
        place = place + v
        places.append(place)
    expected = np.array(places) - np.mean(places)
    found = CameraShake(12, anxiety).path(one)[0].numpy()
    np.testing.assert_allclose(found[:, 1] + 1j * found[:, 0], expected, atol=1e-9)


def test_psfs_are_centred_sum_to_one_and_reach_no_further_than_the_path() -> None:
    psfs = dense(CameraShake(Range(0, 15)).psf(draws())).weights
    place = torch.arange(psfs.shape[-1]).double() - psfs.shape[-1] // 2
    torch.testing.assert_close(psfs.sum((1, 2)), torch.ones(40).double())
    assert float((psfs.sum(1) * place).sum(1).abs().max()) < 1e-9
    assert psfs.shape[-1] // 2 <= 16


def test_no_length_changes_nothing_and_a_batch_changes_no_image() -> None:
    x = torch.rand(4, 1, 20, 20, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(CameraShake(0).degrade(x, draws(4)).images, x)
    together = CameraShake(9).degrade(x, draws(4)).images
    alone = CameraShake(9).degrade(x[2:3], Draws([2], 1, ("test",))).images
    torch.testing.assert_close(together[2:3], alone, rtol=0, atol=1e-6)


def test_the_psfs_of_many_images_are_drawn_a_few_at_a_time_and_are_those_of_each_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blur, many = CameraShake(Range(2, 30)), draws(10)
    whole = dense(blur.psf(many)).weights
    sizes: list[int] = []
    path = CameraShake.path

    def counted(self: CameraShake, some: Draws) -> torch.Tensor:
        sizes.append(len(some))
        return path(self, some)

    monkeypatch.setattr(CameraShake, "path", counted)
    monkeypatch.setattr("blurbench_blurs.camera_shake._PATHS", 4)
    assert torch.equal(dense(blur.psf(many)).weights, whole)
    assert sizes == [4, 4, 2]
