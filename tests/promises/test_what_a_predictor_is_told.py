"""The true PSF reaches oracles alone, and the test blur of an image is a function of its id and the suite's seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import pytest

from tests.promises.conftest import Witnessed

CHUNK, MASK = 256, 2**64 - 1


@pytest.mark.parametrize("strategy", ["witness", "witness[offset=5]"])
def test_a_remedy_that_is_no_oracle_is_told_neither_psf_nor_noise(witnessed: Witnessed, strategy: str) -> None:
    for record in witnessed.records(strategy, "witness-blur").values():
        assert record["knows"] == "training blur"
        assert record["metrics"]["observations"]["told_psf"] == 0
        assert record["metrics"]["observations"]["told_noise"] == 0


def test_an_oracle_is_told_the_psf_and_the_noise_and_its_row_says_so(witnessed: Witnessed) -> None:
    for record in witnessed.records("witness[told=true]", "witness-blur").values():
        assert record["knows"] == "true PSF"
        assert record["metrics"]["observations"]["told_psf"] == 1
        assert record["metrics"]["observations"]["told_noise"] == 0.25


def test_a_row_says_whether_its_fit_had_seen_the_test_blur(witnessed: Witnessed) -> None:
    for strategy, exposure in (("plain", "unseen family"), ("retrain", "seen"), ("witness", "seen")):
        (zero, one) = witnessed.records(strategy, "witness-blur").values()
        assert zero["exposure"] == one["exposure"] == exposure
        assert witnessed.records(strategy, "none")[0]["exposure"] == "clean"


def test_test_blurs_are_drawn_in_a_scope_of_their_own_from_the_seed_of_the_suite(witnessed: Witnessed) -> None:
    drawn = [line for line in witnessed.said("blur") if line["scope"][0] not in ("train", "validation")]
    assert {(*line["scope"], line["seed"]) for line in drawn} == {("test", 5)}
    assert max(len(line["ids"]) for line in drawn) == CHUNK  # so the images came in several chunks
    assert len({number for line in drawn for number in line["ids"]}) == 280


def test_no_test_image_meets_a_number_that_any_fit_has_met(witnessed: Witnessed) -> None:
    met = {number for line in witnessed.said("blur") if line["scope"] != ["test"] for number in line["drawn"]}
    tested = {number for line in witnessed.said("blur", scope=["test"]) for number in line["drawn"]}
    assert not met & tested


def test_the_blur_of_an_image_depends_on_its_id_the_seed_and_the_scope_alone(witnessed: Witnessed) -> None:
    for line in witnessed.said("blur"):
        assert line["drawn"] == pytest.approx([_drawn(line["seed"], line["scope"], one) for one in line["ids"]])


def test_every_row_and_seed_is_tested_on_the_same_blurred_images(witnessed: Witnessed) -> None:
    ids = {number for line in witnessed.said("blur", scope=["test"]) for number in line["ids"]}
    wanted = sum(_drawn(5, ["test"], one) for one in ids) / len(ids)
    errors = set()
    for strategy in ("plain", "witness", "witness[told=true]", "retrain"):
        for record in witnessed.records(strategy, "witness-blur").values():
            errors.add(tuple(record["images"]["blurred_mse"]))
            if strategy.startswith("witness"):
                assert record["metrics"]["observations"]["drawn"] == pytest.approx(wanted, abs=1e-6)
    assert len(errors) == 1


# --- the published formula, in whole numbers -------------------------------------------------------------------------


def _drawn(seed: int, scope: Sequence[str | int], number: int) -> float:
    """The first number of an image under the name "shade": splitmix64 over the id and a hash of the rest."""
    text = json.dumps([seed, scope, [], "shade"])
    key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
    stream = _mix((_mix(number) + key) & MASK)
    return (_mix((stream + 0x9E3779B97F4A7C15) & MASK) >> 11) / 2**53


def _mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)
