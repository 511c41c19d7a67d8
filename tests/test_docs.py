"""Every example on the pages of docs/ works as it stands, and prints what the page shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

import blurbench as bb
from tests.forked import command

DOCS = Path(__file__).parent.parent / "docs"

BLOCK = re.compile(r"^```(?:\{code-block\} )?(python|toml|console)\n(?::caption: (\S+)\n+)?(.*?)^```$", re.M | re.S)
"""A language, the file that the block is to be, if it is one, and the text."""


@pytest.mark.processes
@pytest.mark.parametrize("page", ["start", "own", "plugins", "clusters"])
def test_what_a_page_shows_works_in_its_order(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.syspath_prepend(tmp_path)
    names: dict[str, Any] = {}
    for language, file, text in BLOCK.findall((DOCS / f"{page}.md").read_text()):
        if file:
            Path(file).write_text(text)
        elif language == "python":
            exec(text, names)
        else:
            converse(text)


def converse(text: str) -> None:
    """Type what follows each `$ `, and see that the lines below it come out, whatever the numbers are."""
    for exchange in re.split(r"^\$ ", text, flags=re.M)[1:]:
        line, _, wanted = exchange.partition("\n")
        done = typed(line)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        same = OutputChecker().check_output(form(wanted), form(done.stdout), ELLIPSIS | NORMALIZE_WHITESPACE)
        assert same, f"{line}\n{done.stdout}"


def typed(line: str) -> subprocess.CompletedProcess[str]:
    """What a shell does with a line, which needs no shell where it is a single command of ours."""
    words = shlex.split(line)
    if words[0] == "blurbench" and not set("&;|") & set(line):
        return command(words[1:], Path.cwd(), os.environ)
    return subprocess.run(line, shell=True, capture_output=True, text=True, timeout=240, check=False)


def form(text: str) -> str:
    """The text with 0 for every number and range, with lines of any length as one dash, and a table's rows by name:
    another processor rounds otherwise, and then rows that cannot be told apart change places."""
    lines = re.sub(r"[-+~]*\d[\d.,]*(?:-\d+)?", "0", re.sub(r"-{2,}(?=\|)", "-", text)).split("\n")
    parts = groupby(lines, lambda line: line.startswith("| "))
    return "\n".join(line for is_table, part in parts for line in (sorted(part, key=_named) if is_table else part))


def _named(row: str) -> str:
    return row.split("|")[2].strip()


def test_every_name_of_the_package_is_on_the_page_of_the_python_api() -> None:
    page = (DOCS / "api.md").read_text()
    named = set(re.findall(r"^\.\. (?:autofunction|autoclass|data):: (\w+)$", page, re.M))
    assert named == set(bb.__all__) - {"__version__"}
