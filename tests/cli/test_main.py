"""Starting and ending: however blurbench is called, and whoever reads what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import blurbench as package
from tests.conftest import Command


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


def test_python_m_is_the_same_command() -> None:
    command = [sys.executable, "-m", "blurbench", "--version"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert shown == f"blurbench {package.__version__}\n"


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


@pytest.mark.parametrize(("number", "raised"), [("SIGINT", "KeyboardInterrupt"), ("SIGTERM", "Terminated")])
def test_a_signal_that_comes_inside_a_destructor_is_not_lost(number: str, raised: str) -> None:
    script = f"""
import os, signal, time
from blurbench.cli.stopping import Terminated, hear_signals

class Dying:
    def __del__(self):
        os.kill(os.getpid(), signal.{number})
        time.sleep(1)

signal.signal(signal.SIGINT, signal.default_int_handler)
hear_signals()
try:
    dying = Dying()
    del dying
    time.sleep(60)
    print("slept")
except {raised}:
    print("stopped")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (0, "stopped\n", "")


EARLY = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)

class Interrupting:
    def find_spec(name, path=None, target=None):
        if name == MOMENT:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting)
sys.argv = ["blurbench", "ls", "blurs"]
"""


@pytest.mark.parametrize(
    ("moment", "start"),
    [
        ("blurbench.cli.command", "from blurbench.cli import main; main()"),
        ("typer", "runpy.run_module('blurbench', alter_sys=True, run_name='__main__')"),
        ("blurbench.cli.app", "from blurbench.cli import main; main()"),
        ("pluggy", "from blurbench.cli import main; main()"),
    ],
)
def test_an_interrupt_while_a_command_still_starts_is_one_line(moment: str, start: str) -> None:
    script = EARLY.replace("MOMENT", repr(moment)) + f"import runpy\n{start}\nprint('not interrupted')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "blurbench: interrupted\n")


def test_nothing_else_is_imported_before_a_command_hears_an_interrupt() -> None:
    script = "import sys; old = {*sys.modules}; from blurbench.cli import main; print(*sorted({*sys.modules} - old))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout == "__future__ blurbench blurbench.cli\n"
