"""The list of planted faults cannot rot, and the script tells a test that notices from one that does not."""

from __future__ import annotations

import ast
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.planted_faults import TREE, Fault, Verdict, bench, check_sound, judged, read, table

FAULTS = read()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.area}: {fault.name}")
def test_what_is_to_be_broken_stands_once_in_the_tree_and_breaks_into_python(fault: Fault) -> None:
    sound = (TREE / fault.file).read_text()
    broken = fault.planted_in(sound)
    assert broken != sound
    assert ast.dump(ast.parse(broken)) != ast.dump(ast.parse(sound))
    for test in fault.tests:
        assert (TREE / test).exists(), test


def test_every_fault_has_a_name_of_its_own() -> None:
    names = Counter((fault.area, fault.name) for fault in FAULTS)
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
    page = table([noticed, survived], "planted")
    assert "1 of 2 faults" in page
    assert "- sums: a - b (`sums.py`)" in page
    assert "| sums | a + b | `test_sums.py::test_adding` |" in page


def test_a_test_that_fails_anyway_is_refused(checkout: Path, tmp_path: Path) -> None:
    place = bench(checkout, tmp_path)
    with place.planted(_fault("a + b", "a * b")), pytest.raises(ValueError, match="without any fault pytest gave 1"):
        check_sound([_fault("a + b", "")], place)


def test_a_text_that_stands_twice_or_nowhere_is_refused() -> None:
    for line, count in (("a", 2), ("z", 0)):
        with pytest.raises(ValueError, match=f"holds the text {count} times, not once"):
            _fault(line, "b").planted_in("a a b")


def test_what_nobody_noticed_is_told_first() -> None:
    page = table([Verdict(_fault("a", "b"), "", 1.0)], "planted")
    assert page.index("## Survivors") < page.index("**nobody**")
