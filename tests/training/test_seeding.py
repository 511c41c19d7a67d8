"""Random numbers by purpose."""

from blurbench.training import derived_seed


def test_purposes_have_seeds_of_their_own():
    assert len({derived_seed(seed, purpose) for seed in range(50) for purpose in ("weights", "shuffling")}) == 100
    assert derived_seed(0, "shuffling") == 5129319311807706979
