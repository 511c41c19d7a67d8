"""Options that several commands share, and the request that they make up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from blurbench.running.session import Request

__all__ = [
    "Budget",
    "Classifiers",
    "DataDirs",
    "Datasets",
    "Device",
    "Jobs",
    "Limit",
    "Minutes",
    "Out",
    "Seeds",
    "Strategies",
    "Suite",
    "TestBlurs",
    "Threads",
    "TrainBlurs",
    "request",
]

Suite: TypeAlias = Annotated[str, typer.Option("--suite", "-s", help="Name or TOML file; see `blurbench ls suites`.")]
Budget: TypeAlias = Annotated[
    str, typer.Option("--budget", "-b", help="How much data and training: quick, standard ...")
]
Out: TypeAlias = Annotated[Path, typer.Option("--out", "-o", help="Results folder.")]
Seeds: TypeAlias = Annotated[int, typer.Option("--seeds", min=1, help="Number of replicates.")]
Datasets: TypeAlias = Annotated[list[str] | None, typer.Option("--dataset", help="Only this data set (repeatable).")]
Classifiers: TypeAlias = Annotated[list[str] | None, typer.Option("--classifier", help="Only this classifier.")]
Strategies: TypeAlias = Annotated[
    list[str] | None, typer.Option("--strategy", help="Only this strategy, by name or label; the baseline stays.")
]
TrainBlurs: TypeAlias = Annotated[list[str] | None, typer.Option("--train-blur", help="Only this training blur.")]
TestBlurs: TypeAlias = Annotated[
    list[str] | None, typer.Option("--test-blur", help="Only this test blur; `none` stays.")
]
Limit: TypeAlias = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many training images.")]
Minutes: TypeAlias = Annotated[float | None, typer.Option("--minutes", min=0.001, help="Time limit of each task.")]
DataDirs: TypeAlias = Annotated[
    list[Path] | None, typer.Option("--data-dir", help="Where real data sets lie; also BLURBENCH_DATA.")
]
Device: TypeAlias = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1.")]
Jobs: TypeAlias = Annotated[int | None, typer.Option("-j", "--jobs", min=1, help="Workers [one a core, or one a GPU].")]
Threads: TypeAlias = Annotated[int, typer.Option("--threads", min=1, help="Threads a worker.")]


def request(
    suite: str,
    budget: str,
    out: Path,
    seeds: int,
    datasets: list[str] | None,
    classifiers: list[str] | None,
    strategies: list[str] | None,
    train_blurs: list[str] | None,
    test_blurs: list[str] | None,
    limit: int | None,
    minutes: float | None,
    data_dirs: list[Path] | None,
    device: str = "auto",
    jobs: int | None = None,
    threads: int = 1,
) -> Request:
    """The options as one request."""
    axes = ("dataset", "classifier", "strategy", "train_blur", "test_blur")
    chosen = (datasets, classifiers, strategies, train_blurs, test_blurs)
    changes = {"train_images": limit, "minutes_per_job": minutes}
    return Request(
        suite=suite,
        budget=budget,
        out=out,
        seeds=seeds,
        only={axis: tuple(values) for axis, values in zip(axes, chosen, strict=True) if values},
        changes={name: value for name, value in changes.items() if value is not None},
        data_dirs=tuple(data_dirs or ()),
        device=device,
        jobs=jobs,
        threads=threads,
    )
