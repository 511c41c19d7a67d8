"""The list of commands."""

from __future__ import annotations

import typer

import blurbench
from blurbench.cli import (
    advise,
    compare,
    data,
    diagnose,
    export,
    leaderboard,
    ls,
    merge,
    options,
    plan,
    plugin,
    predict,
    probe,
    replay,
    reproduce,
    run,
    show,
    status,
    submit,
    timing,
    validate,
    verify,
)

__all__ = ["app"]

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Settings of a command that hands its arguments to another programme's."""

app = typer.Typer(
    help="What does blur cost an image classifier, which remedy wins it back, and at what price?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("run")(run.run)
app.command("plan")(plan.plan)
app.command("status")(status.status)
app.command("ls")(ls.ls)
app.command("show")(show.show)
boards = typer.Typer(cls=options.WithDefault, help="Boards from stored records.", rich_markup_mode=None)
boards.command("render")(leaderboard.leaderboard)
boards.command("merge")(merge.merge)
app.add_typer(boards, name="leaderboard")
app.command("time", add_help_option=False, context_settings=PASSED_ON)(timing.time)
app.command("gpu", add_help_option=False, context_settings=PASSED_ON)(timing.gpu)
app.command("validate")(validate.validate)
app.command("submit")(submit.submit)
app.command("advise")(advise.advise)
app.command("compare")(compare.compare)
app.command("replay")(replay.replay)
app.command("reproduce")(reproduce.reproduce)
app.command("verify")(verify.verify)
app.command("probe")(probe.probe)
app.command("diagnose")(diagnose.diagnose)
app.command("predict")(predict.predict)
app.command("export")(export.export)
app.add_typer(data.app, name="data")
app.add_typer(plugin.app, name="plugin")


@app.callback(invoke_without_command=True)
def version_option(
    version: bool = typer.Option(False, "--version", help="Show the version and stop.", is_eager=True),
) -> None:
    if version:
        typer.echo(f"blurbench {blurbench.__version__}")
        raise typer.Exit
