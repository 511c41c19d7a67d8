"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from blurbench.cli import options
from blurbench.registry.discovery import discover
from blurbench.running.session import Request

BLUR = """
from dataclasses import dataclass
from blurbench.contract import Blur

@dataclass(frozen=True)
class Mine(Blur):
    def psf(self, draws):
        raise NotImplementedError
"""


@pytest.mark.parametrize(
    ("arguments", "says"), [(["7"], "first 7\n"), (["first", "7"], "first 7\n"), (["second", "7"], "second 7\n")]
)
def test_a_group_means_its_first_command_where_it_names_none(arguments: list[str], says: str) -> None:
    group = typer.Typer(cls=options.WithDefault)
    group.command("first")(lambda number: typer.echo(f"first {number}"))
    group.command("second")(lambda number: typer.echo(f"second {number}"))
    assert CliRunner().invoke(group, arguments).stdout == says


def test_a_command_is_given_a_request_made_of_the_shared_options_ahead_of_its_own() -> None:
    given: list[tuple[Request, int]] = []

    def count(request: Request, times: int = 1) -> None:
        given.append((request, times))

    app = typer.Typer()
    app.command()(options.selecting(count, without=("seeds",)))
    words = ["--suite", "smoke", "--memory", "2GB", "--strategy", "plain", "--strategy", "retrain", "--times", "3"]
    assert CliRunner().invoke(app, words).exit_code == 0
    ((request, times),) = given
    assert (request.suite, request.memory, request.seeds, times) == ("smoke", 2 * 10**9, 1, 3)
    assert request.only["strategy"] == ("plain", "retrain")
    assert "No such option: --seeds" in CliRunner().invoke(app, ["--seeds", "2"]).output


@pytest.mark.usefixtures("plugins_of_before")
def test_files_of_plugins_are_loaded_before_a_command_begins(tmp_path: Path) -> None:
    def names(kind: str) -> None:
        typer.echo("mine" in {entry.name for entry in discover() if entry.kind == kind})

    app = typer.Typer()
    app.command()(options.with_plugins(names))
    (tmp_path / "own.py").write_text(BLUR)
    assert CliRunner().invoke(app, ["blurs"]).stdout == "False\n"
    assert CliRunner().invoke(app, ["blurs", "--plugins", str(tmp_path / "own.py")]).stdout == "True\n"
