"""A command from its first signal to its exit code: a mistake is one line, and nobody meets a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Command


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--suite", "mnist-famly"], "unknown suite 'mnist-famly'; did you mean 'mnist-family'?"),
        (["run", "--budget", "quik"], "unknown budget of suite mnist-family: 'quik'; did you mean 'quick'?"),
        (["run", "--dataset", "digitz"], "unknown dataset in this suite: 'digitz'; did you mean 'digits'?"),
        (
            ["run", "--dataset", "./mine"],
            ". A place is a parameter: imagefolder[path=./mine], paired-images[path=./mine]",
        ),
        (["run", "--device", "gpu"], "--device gpu: give auto, cpu, cuda, or one GPU of several, such as cuda:1"),
        (["run", "--suite", "nowhere.toml"], "suite file nowhere.toml does not exist"),
        (["run", "--max-seeds", "5"], "--max-seeds is for --until-separated; --seeds N measures N of them"),
        (["run", "--until-separated", "--slurm", "2"], "--until-separated looks at the board between rounds"),
        (["run", "--until-separated", "-s", "kernel-estimation"], "kernel-estimation does not"),
        (["ls", "blur"], "did you mean 'blurs'"),
        (["data", "fetch", "mnst"], "unknown dataset 'mnst'; did you mean 'mnist'?"),
        (["leaderboard", "nothing"], "no board 'nothing'"),
        (["leaderboard"], "`blurbench run` makes one"),
        (["submit"], "there is no board in "),
        (["verify", "nothing"], "no board 'nothing' in "),
        (["status"], "there is no results folder"),
        (["show", "abc"], "no record begins with 'abc'"),
        (["compare", "here"], "give two results folders, or one with --strategy twice"),
        (["compare", "here", "there"], "here is no results folder"),
        (["replay", "abc"], "no record begins with 'abc'"),
        (["verify"], "`blurbench run` makes one"),
        (["validate", "nowhere.zip"], "nowhere.zip does not exist"),
        (["submit"], "`blurbench run` makes one"),
        (["leaderboard", "merge", "nowhere.zip"], "nowhere.zip is no bundle"),
        (["advise", "--blur", "gaussian[sigma=2]"], "blurbench-results is no results folder"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(blurbench: Command, arguments: list[str], says: str) -> None:
    result = blurbench(*arguments)
    assert result.returncode == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""


def test_a_terminal_without_a_sign_and_a_file_for_a_folder_are_no_traceback(
    blurbench: Command, fresh: Command, smoked: Path, tmp_path: Path
) -> None:
    assert "(pixel ? disc)" in fresh("ls", "blurs", PYTHONIOENCODING="latin-1").stdout
    (tmp_path / "file").touch()
    refused = blurbench("leaderboard", "--out", str(smoked), "--publish", "file")
    assert refused.stderr == "blurbench: file: this is a file; a folder is wanted\n"


@pytest.mark.parametrize("arguments", [("ls",), ("ls", "blurs", "-v"), ("--version",), ("plugin", "list"), ("--help",)])
def test_a_reader_that_has_gone_ends_a_command_quietly(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "blurbench", *arguments]
        result = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (0, b"")
