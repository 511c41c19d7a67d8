"""Suites changed at random: each is planned, or refused in one line, within seconds."""

from __future__ import annotations

import os
import random
import re
import time
from pathlib import Path

from blurbench.errors import BlurbenchError
from blurbench.running.session import Request, Session

SUITE = """
name = "tiny"
version = 1
title = "Tiny"
datasets = ["digits"]
train_blurs = ["soft", "gaussian[sigma={low=1, high=2}]"]
test_blurs = ["none", "soft", "gaussian[sigma=1|3]", "chain[steps=[gaussian[sigma=1], round-8bit]]"]
[labels]
soft = "gaussian[sigma=2]"
[[matrix]]
classifiers = ["cnn3[widths=[4, 8, 8]]"]
strategies = ["plain", "first-n[n=1|2]", "deblur-then-classify[restorer=wiener]"]
[budgets.quick]
train_images = 100
epochs = 1
"""

PIECES = [
    *("nan", "inf", "-1", "0", "1e999", "99999999999999999999", "true", '""', "[]", "{}", "[[", "]]", "\\u001b", "|"),
    *('"x"', "none", "gaussian", "chain", "sigma", "[sigma=", "=", ",", "'", '"', "\n", "#", "\x00", "\u202e"),
    *("a" * 5000, "1|2|3|4|5|6|7|8|9", "[" * 200, "low=2, high=1", "../../etc/passwd", "~", "1979-05-27", "0x10"),
    *("labels", "quick"),
]

COUNT = int(os.environ.get("BLURBENCH_MUTATIONS", "400"))
"""How many are tried; a thousand take a minute."""


ALIKE = [
    ["0", "1", "2", "0.5", "3", "4", "7", "12", "100", "1000000", "-1", "1e-3"],
    ["gaussian", "defocus", "none", "soft", "round-8bit", "box"],
    ["digits", "glyphs", "mnist-5k", "mnist"],
    ["plain", "retrain", "first-n", "blur-augment", "standardise"],
    ["wiener", "identity", "unsharp-mask", "unet"],
    ["sigma", "radius", "low", "high", "n", "widths", "epochs", "train_images", "test_images", "version", "title"],
]
"""Words of which one may stand in another's place."""


def reworded(text: str, dice: random.Random) -> str:
    """With one word or number exchanged for one of its kind, so that what comes out is often a suite still."""
    places = [found.span() for found in re.finditer(r"[a-z0-9][a-z0-9_.-]*", text)]
    start, end = dice.choice(places or [(0, 0)])
    kind = next((words for words in ALIKE if text[start:end] in words), [text[start:end]])
    return text[:start] + dice.choice(kind) + text[end:]


def mutated(text: str, dice: random.Random) -> str:
    """With one to three places changed: a word exchanged, or something put in, taken out, doubled or exchanged."""
    for _ in range(dice.randint(1, 3)):
        if dice.random() < 0.7:
            text = reworded(text, dice)
            continue
        start = dice.randrange(len(text))
        end = min(len(text), start + dice.choice([0, 1, 3, 10, 40]))
        piece = dice.choice([*PIECES, text[start:end] * 2, "", text[dice.randrange(len(text)) :][:20]])
        text = text[:start] + piece + text[end:] or "x"
    return text


def test_a_suite_changed_at_random_is_planned_or_refused_in_one_line_within_seconds(tmp_path: Path) -> None:
    seed = int(os.environ.get("BLURBENCH_SEED", random.randrange(10**9)))
    print(f"BLURBENCH_SEED={seed}")
    dice = random.Random(seed)
    path = tmp_path / "tiny.toml"
    for number in range(COUNT):
        text = mutated(SUITE, dice)
        path.write_text(text, encoding="utf-8", errors="replace")
        began = time.monotonic()
        try:
            assert Session(Request(str(path), out=tmp_path / "results")).plan.cells
        except BlurbenchError as error:
            line = str(error)
            assert "\n" not in line, (seed, number, text)
            assert len(line) < 2000, (seed, number, text)
            assert "Traceback" not in line, (seed, number, text)
            assert "pydantic" not in line, (seed, number, text)
        except Exception as error:
            raise AssertionError((seed, number, text)) from error
        assert time.monotonic() - began < 10, (seed, number, text)
