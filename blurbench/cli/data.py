"""`blurbench data`: which data sets are here, which are missing, and how to get them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blurbench.cli import options
from blurbench.discovery import discover
from blurbench.errors import Unavailable, shortened
from blurbench.running.session import cache_folder, data_folders

__all__ = ["app"]

app = typer.Typer(
    help="Data sets: what is where, what is missing, how to get it.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("ls")
def ls(data_dir: options.DataDirs = None) -> None:
    """List every data set with its place, or with what to do to get it."""
    menu = discover()
    for name, entry in sorted(menu.entries["datasets"].items()):
        dataset = menu.resolve("datasets", name) if not isinstance(entry.target, Path) else None
        assert dataset is not None
        try:
            files = dataset.sources(data_folders(tuple(data_dir or ())))
        except Unavailable as reason:
            typer.echo(f"{name:18} missing  {shortened(str(reason))}")
        except Exception as error:  # a broken plugin: the others are listed all the same
            typer.echo(f"{name:18} broken   {type(error).__name__}: {shortened(str(error))}")
        else:
            typer.echo(f"{name:18} here     {_place(files)}")
        typer.echo(f"{'':27}{dataset.about}. Licence: {dataset.licence}")


def _place(files: tuple[Path, ...]) -> str:
    return ", ".join(sorted({str(path.parent) for path in files})) or "made by the plugin"


@app.command("fetch")
def fetch(
    names: Annotated[list[str], typer.Argument(help="Data sets to download.")],
    to: Annotated[Path | None, typer.Option(help="Folder [blurbench's cache, where runs look].")] = None,
) -> None:
    """Download data sets, checking their checksums."""
    menu = discover()
    folder = to or cache_folder()
    datasets = {name: menu.resolve("datasets", name) for name in names}
    for name, dataset in datasets.items():
        try:
            dataset.sources((folder, *data_folders()))
            typer.echo(f"{name}: already here")
            continue
        except Unavailable:
            pass
        folder.mkdir(parents=True, exist_ok=True)
        dataset.fetch(folder)
        typer.echo(f"{name}: fetched into {folder}")
