"""Starting and ending: however blurbench is called, and whoever reads what it says."""

from __future__ import annotations

import subprocess
import sys

import pytest

import blurbench as package


def test_python_m_is_the_same_command() -> None:
    command = [sys.executable, "-m", "blurbench", "--version"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert shown == f"blurbench {package.__version__}\n"


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
