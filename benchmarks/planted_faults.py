"""Plants the faults of `benchmarks/faults` one at a time in a copy of this checkout, and tells which test notices.

    python benchmarks/planted_faults.py                          # all of them
    python benchmarks/planted_faults.py metrics training         # two areas
    python benchmarks/planted_faults.py --only "weight decay"    # by words of their names

A test that passes whatever is broken protects nothing. A fault is a piece of text that occurs once in a file, what is
to stand there instead, and the tests that should notice; `tests/benchmarks/test_planted_faults.py` holds the list to
that. Survivors are what to write tests for.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

TREE = Path(__file__).parent.parent
FAULTS = Path(__file__).with_name("faults")
LONGEST = 600
"""Seconds after which tests that do not end count as having noticed."""


# --- what is planted -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """One change of the product that a test should notice."""

    area: str
    name: str
    file: str
    """Relative to the checkout."""
    line: str
    """A piece of text that occurs there once; it may go over several lines."""
    becomes: str
    tests: tuple[str, ...]
    """What pytest is asked for."""

    def planted_in(self, text: str) -> str:
        """The file's text with the fault. Raises ValueError where the piece does not occur exactly once."""
        if (count := text.count(self.line)) != 1:
            raise ValueError(f"{self.area}: {self.name}: {self.file} holds the text {count} times, not once")
        return text.replace(self.line, self.becomes)


def read(folder: Path = FAULTS) -> list[Fault]:
    """All faults, a file an area."""
    return [fault for path in sorted(folder.glob("*.toml")) for fault in _area(path)]


def _area(path: Path) -> list[Fault]:
    content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Fault(path.stem, **{**one, "tests": tuple(one.get("tests", content["tests"]))}) for one in content["fault"]]


# --- where it is planted ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bench:
    """A copy of a checkout and a Python that imports it, from anywhere."""

    tree: Path
    python: Path

    def test(self, tests: Sequence[str]) -> tuple[int, str]:
        """Exit code and output of pytest, which stops at the first failure; one core, no caches."""
        command = [str(self.python), "-m", "pytest", "-n", "0", "-x", "-q", "-rfE", "-p", "no:cacheprovider"]
        command += ["-m", "not slow and not data and not gpu", *tests]
        own = {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}  # a stale .pyc would hide a fault
        done = subprocess.run(
            command,
            cwd=self.tree,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    @contextmanager
    def planted(self, fault: Fault) -> Iterator[None]:
        """The copy with the fault in it."""
        path = self.tree / fault.file
        sound = path.read_text(encoding="utf-8")
        path.write_text(fault.planted_in(sound), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(sound, encoding="utf-8")


def bench(tree: Path, folder: Path) -> Bench:
    """A copy of `tree` in `folder`: what git knows, and what it does not ignore."""
    copy = folder / "tree"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=tree, capture_output=True, text=True, check=True).stdout.splitlines():
        if (tree / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(tree / name, copy / name)
    return Bench(copy, _python(copy, tree, folder / "python"))


def _python(copy: Path, tree: Path, folder: Path) -> Path:
    """A virtual environment of the packages that are here, with the copy in the place of the checkout."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    own = {str(place) for place in (tree, tree / "plugins", tree / "benchmarks")}
    there = [path for path in sys.path if Path(path).is_dir() and path not in own]
    (site,) = (folder / "lib").glob("python*/site-packages")
    lines = [str(copy), str(copy / "plugins"), *there]
    (site / "planted.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "bin" / "python"


# --- who notices -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What became of a fault; `killer` is the first test that failed, empty where it survived."""

    fault: Fault
    killer: str
    seconds: float


def judged(fault: Fault, place: Bench) -> Verdict:
    """Plant it, run its tests, take it out again."""
    before = time.perf_counter()
    with place.planted(fault):
        try:
            code, output = place.test(fault.tests)
        except subprocess.TimeoutExpired:
            code, output = 1, "FAILED (the tests do not end)"
    killer = _first_failure(output) if code == 1 else ""
    if code not in (0, 1):
        raise ValueError(f"{fault.area}: {fault.name}: pytest gave {code}\n{output[-2000:]}")
    return Verdict(fault, killer, time.perf_counter() - before)


def _first_failure(output: str) -> str:
    found = re.search(r"^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$", output, re.MULTILINE)
    return found.group(1) if found else "(pytest says not which test)"


def check_sound(faults: Sequence[Fault], place: Bench) -> None:
    """Raise ValueError where a test fails with nothing planted: it would kill everything."""
    tests = sorted({test for fault in faults for test in fault.tests})
    code, output = place.test(tests)
    if code:
        raise ValueError(f"without any fault pytest gave {code}: {_first_failure(output)}\n{output[-2000:]}")


def all_judged(faults: Sequence[Fault], tree: Path, jobs: int, checked: bool = True) -> Iterator[Verdict]:
    """Every fault, in order, on `jobs` copies at a time; `checked`: after the tests have passed without any."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        free: SimpleQueue[Bench] = SimpleQueue()
        for number in range(jobs):
            free.put(bench(tree, Path(folder) / str(number)))
        if checked:
            check_sound(faults, place := free.get())
            free.put(place)

        def one(fault: Fault) -> Verdict:
            place = free.get()
            try:
                return judged(fault, place)
            finally:
                free.put(place)

        yield from pool.map(one, faults)


# --- what is told ----------------------------------------------------------------------------------------------------

HEAD = """# Planted faults

{dead} of {total} faults, planted one at a time, were noticed by the tests named for them ({share:.0f}%). What was
planted stands in `benchmarks/faults`; `python benchmarks/planted_faults.py --write benchmarks/planted_faults.md` plants
all of them, with names of areas those alone. Seconds are of one core, beside other work.

## Survivors

{alive}

## Who noticed

| area | fault | noticed by | s | on |
|---|---|---|---|---|
"""
NOBODY = "**nobody**"


def row(verdict: Verdict) -> str:
    """A line of the table."""
    killer = f"`{verdict.killer}`" if verdict.killer else NOBODY
    place = (verdict.fault.area, verdict.fault.name, killer.replace("|", "\\|"))
    return f"| {' | '.join((*place, f'{verdict.seconds:.0f}', time.strftime('%Y-%m-%d')))} |"


def page(rows: Sequence[str]) -> str:
    """How many died, the survivors, and who killed each."""
    alive = [line for line in rows if NOBODY in line]
    listed = "\n".join("- " + ": ".join(line.split(" | ")[:2]).removeprefix("| ") for line in alive)
    dead, total = len(rows) - len(alive), len(rows)
    head = HEAD.format(dead=dead, total=total, share=100 * dead / total, alive=listed or "None.")
    return head + "\n".join(rows) + "\n"


def brought_up_to_date(before: str, rows: Sequence[str], faults: Sequence[Fault]) -> list[str]:
    """The rows of a page that stands already with those of a new run in their place, in the order of `faults`."""
    known = {_place(line): line for line in [*before.splitlines(), *rows] if line.startswith("| ")}
    return [known[place] for fault in faults if (place := (fault.area, fault.name)) in known]


def _place(line: str) -> tuple[str, ...]:
    return tuple(line.removeprefix("| ").split(" | ")[:2])


def _chosen(arguments: argparse.Namespace) -> list[Fault]:
    faults = read()
    if unknown := set(arguments.areas) - {fault.area for fault in faults}:
        raise SystemExit(f"unknown area {min(unknown)!r}; known: {', '.join(sorted({one.area for one in faults}))}")
    areas = set(arguments.areas) or {fault.area for fault in faults}
    chosen = [fault for fault in faults if fault.area in areas and arguments.only in fault.name]
    if not arguments.survivors:
        return chosen
    alive = {_place(line) for line in arguments.survivors.read_text(encoding="utf-8").splitlines() if NOBODY in line}
    return [fault for fault in chosen if (fault.area, fault.name) in alive]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("areas", nargs="*", help="files of benchmarks/faults, without .toml")
    parser.add_argument("--only", default="", help="faults whose name holds these words")
    parser.add_argument("--survivors", type=Path, help="faults that nobody noticed in this table")
    parser.add_argument("--jobs", type=int, default=1, help="copies at a time")
    parser.add_argument("--unchecked", action="store_true", help="do not first run all these tests without any fault")
    parser.add_argument("--write", type=Path, help="keep the table in this file; rows of other faults stay as they are")
    arguments = parser.parse_args()
    rows = []
    for verdict in all_judged(_chosen(arguments), TREE, arguments.jobs, not arguments.unchecked):
        rows.append(row(verdict))
        print(rows[-1], flush=True)
        if path := arguments.write:
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            path.write_text(page(brought_up_to_date(before, rows, read())), encoding="utf-8")
    print(page(rows).partition("## Who noticed")[0])


if __name__ == "__main__":
    main()
