"""Options that several commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_type_hints

import typer
from typer.core import TyperGroup

from blurbench.registry.discovery import use
from blurbench.running.session import Request, bytes_of

__all__ = [
    "DataDirs",
    "Device",
    "Jobs",
    "Memory",
    "Out",
    "Plugins",
    "Threads",
    "Timing",
    "WithDefault",
    "selecting",
    "with_plugins",
]

Out: TypeAlias = Annotated[Path, typer.Option("--out", "-o", help="Results folder.")]
DataDirs: TypeAlias = Annotated[
    list[Path] | None, typer.Option("--data-dir", help="Where real data sets lie; also BLURBENCH_DATA.")
]
Device: TypeAlias = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")]
Jobs: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "-j", "--jobs", min=0, help="Workers [one a core, or one a GPU]; 0: do it in this process, with no time limit."
    ),
]
Threads: TypeAlias = Annotated[int, typer.Option(min=1, help="Threads a worker.")]
Memory: TypeAlias = Annotated[
    str, typer.Option(metavar="SIZE", help="What images may take, such as 2GB; more are read from disk in batches.")
]
Timing: TypeAlias = Annotated[
    bool, typer.Option("--timing/--no-timing", help="Measure milliseconds an image, one pipeline at a time.")
]

Plugins: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(help="A Python file with plugins of your own (repeatable); also BLURBENCH_PLUGINS."),
]


class WithDefault(TyperGroup):
    """A group of commands, of which the first is meant where none is named: `leaderboard` is `leaderboard render`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = args and (args[0] in self.commands or args[0] in self.get_help_option_names(ctx))
        return super().parse_args(ctx, args if named else [next(iter(self.commands)), *args])


def _request(
    suite: Annotated[
        str, typer.Option("--suite", "-s", help="Name or file; see `blurbench ls suites`.")
    ] = "mnist-family",
    budget: Annotated[
        str,
        typer.Option(
            "--budget", "-b", help="How much data and training: quick, standard ...; see `blurbench ls suites -v`."
        ),
    ] = "quick",
    out: Out = Path("blurbench-results"),
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Number of replicates.")] = 1,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only this data set, by name or label (repeatable).")
    ] = None,
    classifier: Annotated[list[str] | None, typer.Option(help="Only this classifier.")] = None,
    strategy: Annotated[list[str] | None, typer.Option(help="Only this strategy; the baseline stays.")] = None,
    train_blur: Annotated[list[str] | None, typer.Option(help="Only this training blur.")] = None,
    test_blur: Annotated[list[str] | None, typer.Option(help="Only this test blur; `none` stays.")] = None,
    estimator: Annotated[list[str] | None, typer.Option(help="In suites of estimators: only this one.")] = None,
    fitted_on: Annotated[
        list[str] | None, typer.Option(help="In suites of estimators: only fitted on this data set.")
    ] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(
            metavar="picture|patch",
            help="In suites of estimators: only fitted on other pictures than the test's, or on patches of all.",
        ),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="Also measure this metric of every cell; see `blurbench ls metrics`.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=1_000_000, help="At most so many training images.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.001, help="Time limit of each fit or cell.")] = None,
    data_dir: DataDirs = None,
    device: Device = "auto",
    jobs: Jobs = None,
    threads: Threads = 1,
    memory: Memory = "",
    timing: Timing = True,
    plugins: Plugins = None,
) -> Request:
    """The part of a matrix that the user wants, and how to run it."""
    axes = {
        "dataset": dataset,
        "classifier": classifier,
        "strategy": strategy,
        "train_blur": train_blur,
        "test_blur": test_blur,
        "estimator": estimator,
        "fitted_on": fitted_on,
        "split": split,
    }
    return Request.of(
        suite,
        axes,
        limit,
        minutes,
        budget=budget,
        out=out,
        seeds=seeds,
        data_dirs=tuple(data_dir or ()),
        device=device,
        jobs=jobs,
        threads=threads,
        memory=bytes_of(memory) if memory else None,
        timing=timing,
        plugins=tuple(plugins or ()),
        metrics=tuple(metric or ()),
    )


def selecting(command: Callable[..., None], without: Collection[str] = ()) -> Callable[..., None]:
    """Give a command `(request, **own options)` the options that make up a request ahead of its own, but for some."""
    shared = {name: option for name, option in inspect.signature(_request).parameters.items() if name not in without}
    own = list(inspect.signature(command).parameters.values())[1:]

    @functools.wraps(command)
    def call(**given: Any) -> None:
        request = _request(**{name: given.pop(name) for name in shared})
        command(request, **given)

    hints = {**get_type_hints(_request, include_extras=True), **get_type_hints(command, include_extras=True)}
    return _told(call, [*shared.values(), *own], hints)


def with_plugins(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option --plugins, whose files are loaded before it begins."""
    own = list(inspect.signature(command).parameters.values())

    @functools.wraps(command)
    def call(*given: Any, plugins: list[Path] | None = None, **named: Any) -> None:
        use(plugins or ())
        command(*given, **named)

    option = inspect.Parameter("plugins", inspect.Parameter.KEYWORD_ONLY, default=None)
    return _told(call, [*own, option], {**get_type_hints(command, include_extras=True), "plugins": Plugins})


def _told(
    call: Callable[..., None], parameters: Sequence[inspect.Parameter], hints: Mapping[str, Any]
) -> Callable[..., None]:
    """A command that typer takes to have these parameters."""
    call.__annotations__ = {name: hint for name, hint in hints.items() if name != "return"}
    keywords = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
        for parameter in parameters
    ]
    call.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined] # read by inspect, and so by typer
    del call.__wrapped__  # type: ignore[attr-defined] # or typer would read the signature of `command`
    return call
