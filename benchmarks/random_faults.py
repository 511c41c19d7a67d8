"""Runs that are disturbed at random: killed, interrupted, short of disk, with clocks that jump and files that rot.

    python benchmarks/random_faults.py --minutes 60 [--seed N] [--keep FOLDER]

Each round starts a small matrix in a new folder, disturbs it a few times, lets it go on each time, and then checks that
its records are those of an undisturbed run, that nothing is left half-written, and that no traceback was seen. The
seed is printed: the same seed gives the same faults, though not at the same moments of the work. What a round that went
wrong leaves is copied to --keep.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

SUITE = """
name = "tiny"
version = 1
title = "Tiny"
datasets = ["digits"]
train_blurs = ["gaussian[sigma=2]"]
test_blurs = ["none", "gaussian[sigma=2]"]
[[matrix]]
classifiers = ["cnn3[widths=[4, 8, 8]]"]
strategies = ["plain", "retrain", "first-n[n=1]"]
[budgets.quick]
train_images = 100
validation_images = 20
test_images = 60
epochs = 1
finetune_epochs = 1
"""

# Imported by every Python process of a run: what it asks for by its environment goes wrong once in so many times.
SABOTAGE = """
import errno, os, random, time

dice = random.Random(os.urandom(8))
share = float(os.environ.get("DISK_FULL", 0))

def failing(original):
    def call(source, target, *rest, **named):
        if share and "results" in str(target) and dice.random() < share:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        return original(source, target, *rest, **named)
    return call

if share:
    os.rename, os.replace = failing(os.rename), failing(os.replace)
if os.environ.get("CLOCK"):
    now = time.time
    time.time = lambda: now() + float(os.environ["CLOCK"])
"""


OPTIONS = ("-j", "2", "--rerun", "failed", "-o", "results")


def started(folder: Path, **environment: str) -> subprocess.Popen[str]:
    """A run in that folder, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "blurbench", "run", "--suite", "./tiny.toml", *OPTIONS],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "sabotage"), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def prepared(folder: Path) -> Path:
    """A folder with the suite and what sabotages its runs."""
    (folder / "sabotage").mkdir(parents=True)
    (folder / "sabotage" / "sitecustomize.py").write_text(SABOTAGE)
    (folder / "tiny.toml").write_text(SUITE)
    return folder


# --- faults --------------------------------------------------------------------------------------------------------


def killed(folder: Path, dice: random.Random) -> str:
    """The run, or one of its workers, is killed."""
    process = started(folder)
    time.sleep(dice.uniform(0.1, 9))
    victims = [process.pid, *children(process.pid)] if dice.random() < 0.5 else [process.pid]
    with suppress(ProcessLookupError):
        os.kill(dice.choice(victims), signal.SIGKILL)
    return process.communicate(timeout=300)[1]


def interrupted(folder: Path, dice: random.Random) -> str:
    """Ctrl-C or SIGTERM, once or again and again."""
    process = started(folder)
    time.sleep(dice.uniform(0.5, 9))
    for _ in range(dice.choice([1, 1, 2, 5])):
        if process.poll() is None:
            os.killpg(process.pid, dice.choice([signal.SIGINT, signal.SIGTERM]))
        time.sleep(dice.uniform(0, 0.2))
    return process.communicate(timeout=300)[1]


def without_room(folder: Path, dice: random.Random) -> str:
    """Some writes find the disk full."""
    return started(folder, DISK_FULL=str(dice.choice([0.05, 0.3]))).communicate(timeout=300)[1]


def in_another_time(folder: Path, dice: random.Random) -> str:
    """The clock is a year early or late."""
    return started(folder, CLOCK=str(dice.choice([-1, 1]) * 365 * 86400)).communicate(timeout=300)[1]


def beside_another(folder: Path, dice: random.Random) -> str:
    """Two runs at once, of which one is killed."""
    both = [started(folder), started(folder)]
    time.sleep(dice.uniform(1, 9))
    dice.choice(both).kill()
    return "".join(process.communicate(timeout=300)[1] for process in both)


def rotten(folder: Path, dice: random.Random) -> str:
    """A stored file is torn, emptied, replaced by a folder, or gone."""
    files = [path for path in (folder / "results").glob("[radt]*/**/*") if path.is_file() and "locks" not in path.parts]
    if not files:
        return ""
    path = dice.choice(sorted(files))
    content = path.read_bytes()
    match dice.choice(["torn", "empty", "gone", "flipped"]):
        case "torn":
            path.write_bytes(content[: len(content) // 2])
        case "empty":
            path.write_bytes(b"")
        case "gone":
            path.unlink()
        case "flipped" if content and "artifacts" in path.parts:  # nothing vouches for each digit of a record
            place = dice.randrange(len(content))
            path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
    return ""


FAULTS: dict[str, Callable[[Path, random.Random], str]] = {
    "killed": killed,
    "interrupted": interrupted,
    "no room": without_room,
    "another time": in_another_time,
    "beside another": beside_another,
    "rotten": rotten,
}


def children(process: int) -> list[int]:
    """Of a process, if it is still there."""
    try:
        return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


# --- rounds --------------------------------------------------------------------------------------------------------


def records(folder: Path) -> dict[str, Any]:
    """What was measured, without times."""
    found = {}
    for path in (folder / "results").glob("records/*/*.json"):
        content = json.loads(path.read_bytes())
        cost = (content.get("result") or {}).get("cost", {})
        for name in ("fit_seconds", "evaluate_seconds"):
            cost.pop(name, None)
        content.pop("provenance", None)
        found[path.stem] = content
    return found


def disturbed(folder: Path, dice: random.Random, faults: list[str], wanted: dict[str, Any]) -> str:
    """One round; what is wrong, or nothing. `faults` gets what was done."""
    prepared(folder)
    for _ in range(dice.randint(1, 4)):
        faults.append(dice.choice(list(FAULTS)))
        said = FAULTS[faults[-1]](folder, dice)
        if "Traceback" in said:
            return f"a traceback: {said[-2000:]}"
    for _ in range(2):  # what rotted is found by the first, and made again by it or the second
        last = started(folder)
        said = last.communicate(timeout=300)[1]
    if last.returncode:
        return f"the last run ended with {last.returncode}: {said[-2000:]}"
    leftovers = [path for path in (folder / "results").rglob(".*") if path.name != ".gitignore"]
    if leftovers:
        return f"half-written: {leftovers}"
    found = records(folder)
    return "; ".join(
        f"{key}: {found.get(key)} instead of {one}" for key, one in wanted.items() if found.get(key) != one
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    dice, seen, wrongs = random.Random(options.seed), Counter[str](), 0
    print(f"seed {options.seed}", flush=True)
    end = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory(prefix="blurbench-faults-") as name:
        undisturbed = prepared(Path(name) / "undisturbed")
        assert started(undisturbed).wait(timeout=600) == 0
        wanted, rounds = records(undisturbed), 0
        while time.monotonic() < end or not rounds:
            folder = Path(name) / f"round-{rounds}"
            faults: list[str] = []
            if wrong := disturbed(folder, dice, faults, wanted):
                print(f"round {rounds}, seed {options.seed}, after {', '.join(faults)}: {wrong}", flush=True)
                if options.keep:
                    shutil.copytree(folder, options.keep / folder.name, symlinks=True)
            wrongs, rounds = wrongs + bool(wrong), rounds + 1
            seen.update(faults)
            shutil.rmtree(folder)
    print(f"{rounds} rounds, {wrongs} wrong: {', '.join(f'{count} {fault}' for fault, count in seen.items())}")
    sys.exit(bool(wrongs))


if __name__ == "__main__":
    main()
