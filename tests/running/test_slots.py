"""Workers that are processes of this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_signals_are_held_back_while_the_first_worker_of_a_process_starts(tmp_path: Path) -> None:
    script = """
import os, signal
from pathlib import Path
from blurbench.running.slots import _signals_held_back, _start, _stop
from blurbench.running.worker import STOPPING, Options

with _signals_held_back():
    worker = _start(0, Options(Path("results"), "cpu", 1))
    os.kill(os.getpid(), signal.SIGTERM)  # ends a process that does not hold it back
    held = set(STOPPING) <= signal.sigpending() | signal.pthread_sigmask(signal.SIG_BLOCK, [])
    _stop(worker)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(held)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
