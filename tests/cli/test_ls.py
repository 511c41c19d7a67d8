"""`blurbench ls`: what stands below a plugin's parameters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Command


def test_ls_in_full_shows_the_notes(blurbench: Command) -> None:
    shown = blurbench("ls", "strategies", "-v").stdout
    line = "    share: number = 0.5, 0 to 1\n        The chance that an image is blurred.\n"
    assert line in shown
    entries = {entry["name"]: entry for entry in json.loads(blurbench("ls", "strategies", "--json").stdout)}
    notes = {one["name"]: one.get("note") for one in entries["blur-augment"]["parameters"]}
    assert notes["share"] == "The chance that an image is blurred."


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("blurs", "diagonal-motion"),
        ("restorers", "unet"),
        ("classifiers", "cnn3"),
        ("strategies", "deblur-then-classify"),
        ("datasets", "fashion-mnist"),
        ("estimators", "spectral"),
        ("suites", "mnist-family"),
        ("estimators", "cnn-sigma"),
    ],
)
def test_ls_shows_what_is_installed(blurbench: Command, kind: str, name: str) -> None:
    assert f"\n{name} " in "\n" + blurbench("ls", kind).stdout
    assert name in {entry["name"] for entry in json.loads(blurbench("ls", kind, "--json").stdout)}


def test_ls_says_what_a_strategy_does_and_in_full_what_else_is_to_know(blurbench: Command) -> None:
    entries = json.loads(blurbench("ls", "strategies", "--json").stdout)
    (first_n,) = [entry for entry in entries if entry["name"] == "first-n"]
    assert "its first n units, on blurred images" in first_n["summary"]
    assert first_n["note"].startswith("Frozen means")
    shown = blurbench("ls", "strategies").stdout
    assert first_n["summary"] in shown
    assert first_n["note"] not in shown
    assert f"\n    {first_n['note']}\n" in blurbench("ls", "strategies", "-v").stdout


def test_ls_in_full_gives_units_ranges_papers_origin_and_network_sizes(blurbench: Command) -> None:
    blurs = blurbench("ls", "blurs", "-v").stdout
    assert "sigma: number | Range | Choice = required, 0.05 to 30 pixels" in blurs
    assert "from blurbench 0.1.0" in blurs
    classifiers = blurbench("ls", "classifiers", "-v").stdout
    assert "network parameters: 269,002 (1x28x28, 10 classes)" in classifiers
    assert "paper: Shen" in classifiers


def test_ls_without_a_kind_counts_the_plugins_of_each(blurbench: Command) -> None:
    counts = dict(line.split() for line in blurbench("ls").stdout.splitlines())
    assert list(counts)[:2] == ["blurs", "restorers"]
    for kind in ("papers", "suites"):
        assert int(counts[kind]) == len(blurbench("ls", kind).stdout.splitlines())


def test_a_plugin_that_cannot_be_made_does_not_stop_the_listing(blurbench: Command, trouble: Path) -> None:
    result = blurbench("ls", "restorers", "-v", PYTHONPATH=str(trouble))
    assert result.returncode == 0, result.stderr
    names = [line.split()[0] for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert "with-options" in names
    assert names[-1] == "with-options"  # which the alphabet puts behind all others
    assert "    options: " in result.stdout
