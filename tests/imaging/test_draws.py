"""Draws are exact, and belong to images."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from blurbench.contract import Choice, Range
from blurbench.imaging.draws import Draws

MASK = 2**64 - 1


def splitmix(z: int) -> int:
    """The finaliser of splitmix64, on Python's integers."""
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def one_uniform(text: str, image: int, counter: int) -> float:
    key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
    stream = splitmix((splitmix(image) + key) & MASK)
    return (splitmix((stream + counter * 0x9E3779B97F4A7C15) & MASK) >> 11) / 2**53


def test_a_draw_is_the_documented_hash() -> None:
    draws = Draws([0, 1, 2**40], 7, ("test",)).uniform("sigma", 2)
    for row, image in enumerate([0, 1, 2**40]):
        for column in range(2):
            assert draws[row, column] == one_uniform('[7, ["test"], [], "sigma"]', image, column + 1)


def test_golden_draws() -> None:
    draws = Draws([0, 1, 2**40], 7, ("test",))
    assert draws.uniform("sigma", 2).tolist() == [
        [0.3240533132492538, 0.8112245353561984],
        [0.8303590205122109, 0.2001159796083073],
        [0.03829263512962722, 0.11288412860644514],
    ]
    assert draws.integers("box", 0, 52).tolist() == [15, 41, 45]
    assert draws.at(1).uniform("sigma")[:, 0].tolist() == [0.3848980726733856, 0.3595250025224397, 0.5502235994594656]
    assert draws.at("a").at(0).uniform("sigma")[0, 0] == 0.7599499482943723
    assert Draws([0], 8, ("train", 3)).uniform("sigma")[0, 0] == 0.39129501722279525
    np.testing.assert_allclose(
        draws.normal("noise", 3)[0], [0.2018856821898904, -1.0521611119540037, 0.5605295757069011], rtol=1e-12
    )


def test_golden_hash_of_many_draws() -> None:
    raw = Draws(np.arange(1000), 1, ("train", 2)).at(3).uniform("sigma", 7).astype("<f8").tobytes()
    assert hashlib.blake2b(raw, digest_size=8).hexdigest() == "b30d34f096af0643"


@pytest.mark.parametrize("count", [1, 7, 784])
def test_a_draw_depends_neither_on_the_batch_nor_on_its_order(count: int) -> None:
    ids = np.arange(300)
    order = np.random.default_rng(0).permutation(ids)
    together = Draws(ids, 1, ("test",))
    shuffled = Draws(torch.from_numpy(order), 1, ("test",))
    np.testing.assert_array_equal(together.uniform("x", count)[order], shuffled.uniform("x", count))
    np.testing.assert_array_equal(together.normal("x", count)[order], shuffled.normal("x", count))
    np.testing.assert_array_equal(together.normal("x", count)[17:18], Draws([17], 1, ("test",)).normal("x", count))


def test_seed_scope_place_and_name_each_give_other_numbers() -> None:
    draws = Draws(range(4), 1, ("train", 1))
    others = [
        draws.uniform("x"),
        draws.uniform("y"),
        draws.at(0).uniform("x"),
        draws.at(1).uniform("x"),
        draws.at("1").uniform("x"),
        draws.at(0).at(1).uniform("x"),
        Draws(range(4), 2, ("train", 1)).uniform("x"),
        Draws(range(4), 1, ("train", 2)).uniform("x"),
        Draws(range(4), 1, ("test",)).uniform("x"),
    ]
    assert len(np.unique(np.stack(others))) == 4 * len(others)


def test_uniforms_fill_the_unit_interval_evenly() -> None:
    u = Draws(np.arange(20_000), 3, ("test",)).uniform("x", 5)
    assert 0 <= u.min() < 1e-4
    assert 1 - 1e-4 < u.max() < 1
    counts = np.histogram(u, bins=50, range=(0, 1))[0]
    # Chi-squared with 49 degrees of freedom: beyond 95 with probability 1e-4.
    assert ((counts - 2000) ** 2 / 2000).sum() < 95
    assert abs(np.corrcoef(u[:-1, 0], u[1:, 0])[0, 1]) < 0.03
    assert np.abs(np.corrcoef(u.T) - np.eye(5)).max() < 0.03


def test_normals_have_the_moments_of_the_normal_distribution() -> None:
    z = Draws(np.arange(500), 3, ("test",)).normal("noise", 785)
    assert z.shape == (500, 785)
    assert z.mean() == pytest.approx(0, abs=0.01)
    assert z.std() == pytest.approx(1, abs=0.01)
    assert (z**4).mean() == pytest.approx(3, abs=0.05)
    assert abs((z[:, :392] * z[:, 393:]).mean()) < 0.01


def test_integers_reach_both_ends_with_equal_chances() -> None:
    values, counts = np.unique(Draws(np.arange(6000), 3, ("test",)).integers("a", -2, 3), return_counts=True)
    assert values.tolist() == [-2, -1, 0, 1, 2, 3]
    assert np.abs(counts - 1000).max() < 130


def test_a_range_is_uniform_and_a_choice_has_equal_chances() -> None:
    draws = Draws(np.arange(6000), 3, ("test",))
    sigma = draws("sigma", Range(1, 2))
    assert sigma.dtype == torch.float64
    assert sigma.shape == (6000,)
    assert float(sigma.min()) == pytest.approx(1, abs=1e-3)
    assert float(sigma.max()) == pytest.approx(2, abs=1e-3)
    counts = torch.bincount(draws("sigma", Choice((1, 2, 3))).long(), minlength=4)
    assert counts[0] == 0
    assert int((counts[1:] - 2000).abs().max()) < 150


def test_a_plain_number_is_not_a_draw() -> None:
    draws = Draws(range(3), 1, ("test",))
    assert draws("sigma", 2).tolist() == [2.0, 2.0, 2.0]
    assert not draws.drawn


def test_a_draw_deep_in_a_chain_is_known_to_all_of_it() -> None:
    draws = Draws(range(3), 1, ("test",))
    child, sibling = draws.at(0).at(1), draws.at(1)
    assert not draws.drawn
    child("sigma", Range(1, 2))
    assert child.drawn
    assert draws.drawn
    assert sibling.drawn


def test_no_images_give_no_draws() -> None:
    draws = Draws([], 1, ("test",))
    assert draws.normal("noise", 5).shape == (0, 5)
    assert draws("sigma", Range(1, 2)).shape == (0,)
