import pytest

from blurbench.registry.discovery import discover
from blurbench.registry.units import units


@pytest.mark.parametrize(
    ("blur", "expected"),
    [
        ("gaussian[sigma=2]", {"sigma": "pixels"}),
        ("none", {}),
        (
            "chain[steps=[gaussian[sigma=2], gaussian-noise[std=2]]]",
            {"steps.0.sigma": "pixels", "steps.1.std": "of 255"},
        ),
    ],
)
def test_units_are_named_by_the_place_of_the_parameter(blur, expected):
    found = units(discover().resolve("blurs", blur))
    assert {name: found[name] for name in expected} == expected
    assert set(found.values()) <= {"pixels", "degrees", "of 255"}
