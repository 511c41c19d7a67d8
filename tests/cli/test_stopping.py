"""Ctrl-C and SIGTERM are heard, once, wherever they come."""

from __future__ import annotations

import subprocess
import sys

import pytest


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
