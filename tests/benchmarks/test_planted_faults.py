"""The list of planted faults cannot rot, and the script tells a test that notices from one that does not."""

from __future__ import annotations

import ast
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.planted_faults import (
    TREE,
    Fault,
    Verdict,
    bench,
    brought_up_to_date,
    check_sound,
    judged,
    page,
    read,
    row,
)


def test_what_is_to_be_broken_stands_once_in_the_tree_and_breaks_into_python() -> None:
    assert [problem for fault in read() if (problem := _problem(fault))] == []


def _problem(fault: Fault) -> str:
    """What keeps a fault from being planted; empty if nothing."""
    if missing := [test for test in (fault.file, *fault.tests) if not (TREE / test).exists()]:
        return f"{fault.area}: {fault.name}: there is no {missing[0]}"
    try:
        ast.parse(fault.planted_in((TREE / fault.file).read_text()))
    except (SyntaxError, ValueError) as error:
        return str(error)
    return "" if fault.line != fault.becomes else f"{fault.area}: {fault.name}: changes nothing"


def test_every_fault_has_a_name_of_its_own() -> None:
    names = Counter((fault.area, fault.name) for fault in read())
    assert [name for name, count in names.items() if count > 1] == []
    assert len(names) > 200


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny one, in which a test looks at one of two functions."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (folder / "sums.py").write_text("def add(a, b):\n    return a + b\n\n\ndef less(a, b):\n    return a - b\n")
    (folder / "test_sums.py").write_text("from sums import add\n\n\ndef test_adding():\n    assert add(2, 3) == 5\n")
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def _fault(line: str, becomes: str) -> Fault:
    return Fault("sums", line, "sums.py", line, becomes, ("test_sums.py",))


def test_a_fault_is_noticed_or_survives_and_the_checkout_stays_as_it_is(checkout: Path, tmp_path: Path) -> None:
    before = (checkout / "sums.py").read_text()
    place = bench(checkout, tmp_path)
    check_sound([_fault("a + b", "")], place)
    noticed, survived = judged(_fault("a + b", "a * b"), place), judged(_fault("a - b", "a / b"), place)
    assert noticed.killer == "test_sums.py::test_adding"
    assert survived.killer == ""
    assert (checkout / "sums.py").read_text() == (place.tree / "sums.py").read_text() == before
    told = page([row(noticed), row(survived)])
    assert "1 of 2 faults" in told
    assert "\n- sums: a - b\n" in told
    assert "| sums | a + b | `test_sums.py::test_adding` |" in told


def test_a_test_that_fails_anyway_is_refused(checkout: Path, tmp_path: Path) -> None:
    place = bench(checkout, tmp_path)
    with place.planted(_fault("a + b", "a * b")), pytest.raises(ValueError, match="without any fault pytest gave 1"):
        check_sound([_fault("a + b", "")], place)


def test_a_text_that_stands_twice_or_nowhere_is_refused() -> None:
    for line, count in (("a", 2), ("z", 0)):
        with pytest.raises(ValueError, match=f"holds the text {count} times, not once"):
            _fault(line, "b").planted_in("a a b")


def test_a_new_run_replaces_its_own_rows_and_leaves_the_others() -> None:
    first, second = _fault("a + b", "x"), _fault("a - b", "x")
    before = page([row(Verdict(first, "", 1.0)), row(Verdict(second, "old.py::test", 1.0))])
    rows = brought_up_to_date(before, [row(Verdict(first, "new.py::test", 2.0))], [second, first])
    assert [line.split(" | ")[2] for line in rows] == ["`old.py::test`", "`new.py::test`"]
    assert "2 of 2 faults" in page(rows)
    assert "None." in page(rows)
