"""The list of commands."""

from __future__ import annotations

import os

from tests.conftest import Command


def test_help_comes_at_once(fresh: Command) -> None:
    seconds = []
    for _ in range(3):
        before = os.times()
        result = fresh("--help")
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(seconds) < 1.0  # of the processor, whatever else it does; 0.4 s on a quiet machine
    commands = ("run", "plan", "status", "ls", "show", "leaderboard", "data", "plugin")
    for command in (*commands, "validate", "submit", "compare", "replay", "verify", "advise"):
        assert f"\n  {command} " in result.stdout


def test_the_group_leaderboard_shows_both_of_its_commands(blurbench: Command) -> None:
    text = blurbench("leaderboard", "--help").stdout
    assert "\n  render " in text
    assert "\n  merge " in text
