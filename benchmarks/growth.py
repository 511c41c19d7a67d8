"""How cost grows: time and memory against images, image side, kernel side and planned cells.

    python benchmarks/growth.py > leaderboard/timing/growth.md

Claims: blurring takes time in proportion to images and pixels; a Gaussian, a line or a disc of k pixels costs at most k
times as much an image, never k^2; memory beside the images is about one copy of them; ten
thousand cells are planned in under a second; what a run does beside fitting, blurring, measuring and timing takes less
than 1% of it, start-up of the worker apart. One thread, about four minutes on a quiet core.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import torch

from benchmarks.timing.families import case_of
from benchmarks.timing.machine import Bystanders, description
from benchmarks.timing.rounds import Patience, take_turns
from benchmarks.timing.sizes import Size
from blurbench.contract import Dataset, Recipe, Shape
from blurbench.imaging.convolution import convolve
from blurbench.matrix.cell import Data
from blurbench.matrix.plan import Planner
from blurbench.matrix.suite import AccuracySuite
from blurbench.measurements import MEASUREMENTS
from blurbench.measurements.counting import peak_memory
from blurbench.registry.discovery import discover
from blurbench.running.session import Request, Session
from blurbench.running.slots import MALLOC
from blurbench.training import fit_classifier

CPU = torch.device("cpu")
FAMILIES = ("gaussian, sampled sigma", "diagonal line", "disc, sampled", "gaussian, varying")

IMAGES = (64, 256, 1024, 4096, 16384)
SIDES = (32, 64, 128, 256, 512, 1024)
KERNELS = (5, 9, 17, 31, 61)
CELLS = (10, 100, 1000, 10_000)
FITTED = (500, 1000, 2000, 4000)


# --- curves --------------------------------------------------------------------------------------------------------


def blurred(family: str, size: Size) -> tuple[float, int]:
    """Seconds and bytes beside the images that one call takes."""
    case = case_of(family, size, CPU)

    def call() -> torch.Tensor:
        return convolve(case.images, case.psf)

    with torch.inference_mode():
        (seconds,) = take_turns([call], CPU, Patience(0.3, least=3))
        memory = peak_memory(CPU, call)
    return min(seconds), memory or 0


def curve(what: str, points: Sequence[int], measure: Callable[[int], tuple[float, int]]) -> str:
    """One row: milliseconds and MiB at each point, and the power with which each grows from the first to the last."""
    found = [measure(point) for point in points]
    cells = [f"{seconds * 1e3:.3g} ms, {memory / 2**20:.3g} MiB" for seconds, memory in found]
    return f"| {what} | {' | '.join(cells)} | {power(points, [seconds for seconds, _ in found])} |"


def power(points: Sequence[int], values: Sequence[float]) -> str:
    """The slope between the last point and the one in the middle, in logarithms: small sizes are all overhead."""
    middle = len(points) // 2
    return f"{math.log(values[-1] / values[middle]) / math.log(points[-1] / points[middle]):.2f}"


def table(first: str, points: Sequence[object], last: str, rows: Iterator[str]) -> Iterator[str]:
    """A table of curves."""
    yield f"| {first} | {' | '.join(map(str, points))} | {last} |"
    yield "|---" * (len(points) + 2) + "|"
    yield from rows
    yield ""


# --- planning ------------------------------------------------------------------------------------------------------


def planned(cells: int) -> tuple[int, float, int]:
    """Cells, seconds and bytes of planning about so many: strategies with restorers among them, several seeds."""
    registry = discover()
    deblur = [f"deblur-then-classify[restorer={name}]" for name in ("wiener", "unet[kernel=3]", "unet[kernel=5]")]
    suite = AccuracySuite.model_validate(
        {
            "name": "growth",
            "version": 1,
            "title": "Growth",
            "datasets": ["digits"],
            "train_blurs": ["gaussian[sigma=2]"],
            "test_blurs": ["none", *(f"gaussian[sigma={0.5 + 0.1 * number:.1f}]" for number in range(9))],
            "matrix": [
                {
                    "classifiers": ["cnn3"],
                    "strategies": [
                        "plain",
                        *([] if cells < 100 else ["retrain", "first-n[n=1|2]", "blur-augment", *deblur]),
                    ],
                }
            ],
            "budgets": {"quick": {}},
        }
    ).under("quick")
    measurement = MEASUREMENTS[suite.measure]
    strategies = 1 if cells < 100 else 8
    seeds = max(1, round(cells / (10 * strategies)))

    def describe(dataset: Dataset) -> Data:
        return Data("key", "fingerprint", Shape(1, 16, 16), 10, 1000, 300)

    def plan() -> int:
        planner = Planner(registry, suite.budget("quick"), describe)
        measurement.plan(planner, suite, {}, range(seeds), {"cores": 1})
        return len(planner.plan.cells)

    rounds = []
    for _ in range(3):
        before = time.process_time()  # of the processor: planning waits for nothing
        plan()
        rounds.append(time.process_time() - before)
    tracemalloc.start()
    count = plan()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return count, min(rounds), peak


# --- a run ---------------------------------------------------------------------------------------------------------


def overhead() -> Iterator[str]:
    """A real run with one worker: where its time goes."""
    with tempfile.TemporaryDirectory() as folder, redirect_stderr(StringIO()):
        request = Request(
            "mnist-family",
            out=Path(folder),
            jobs=1,
            only={"dataset": ("digits",), "classifier": ("cnn3",), "train_blur": ("gaussian-2",)},
        )
        began = time.perf_counter()
        session = Session(request)
        tasks = len(session.plan.tasks)
        before = time.perf_counter()
        outcome = session.run()
        ended = time.perf_counter()
    assert set(outcome.status.values()) == {"ok"}, outcome.reasons
    wall, work = ended - began, sum(outcome.seconds.values())
    started = worker_start()
    rest = wall - work - started
    yield f"`mnist-family`, quick, `digits` only, one worker: {tasks} tasks in {wall:.1f} s, planning included."
    yield ""
    yield "| part | seconds | share |"
    yield "|---|---|---|"
    for name, seconds in sorted(outcome.seconds.items(), key=lambda item: -item[1]):
        yield f"| {name} | {seconds:.2f} | {seconds / wall:.1%} |"
    yield f"| start of the worker (Python, torch, plugins), measured apart | {started:.2f} | {started / wall:.1%} |"
    planning = before - began
    what = f"everything else: planning ({planning:.2f} s), keys, locks, records, messages"
    yield f"| {what} | {rest:.2f} | {rest / wall:.1%} |"
    yield ""


def worker_start() -> float:
    """Seconds until a fresh process has imported what a worker imports."""
    import subprocess

    script = (
        "import torch; from blurbench.registry.discovery import discover; discover();"
        "import blurbench.running.runtime, blurbench.measurements.accuracy.measure"
    )

    def start() -> None:
        subprocess.run([sys.executable, "-c", script], check=True)

    (seconds,) = take_turns([start], CPU, Patience(0.0, least=2))
    return min(seconds)


# --- the page ------------------------------------------------------------------------------------------------------


def fitted(images: int) -> tuple[float, int]:
    """Seconds and bytes of one epoch of a small classifier."""
    classifier = discover().resolve("classifiers", "cnn3[widths=[16, 32, 64]]")
    inputs, labels = torch.rand(images, 1, 28, 28), torch.randint(0, 10, (images,))
    recipe = Recipe(epochs=1, batch_size=64)

    def fit() -> object:
        return fit_classifier(classifier.build(Shape(1, 28, 28), 10), lambda epoch: inputs, labels, recipe, seed=0)

    (seconds,) = take_turns([fit], CPU, Patience(0.0, least=2))
    return min(seconds), peak_memory(CPU, fit) or 0


def page() -> Iterator[str]:
    """The whole table, line by line."""
    torch.set_num_threads(1)
    watch = Bystanders()
    yield "# How cost grows"
    yield ""
    yield "    python benchmarks/growth.py > leaderboard/timing/growth.md"
    yield ""
    yield "- " + ", ".join(f"{name} {value}" for name, value in description(CPU).items())
    yield "- Memory is kept by glibc once it was had, as in every worker: " + ", ".join(MALLOC)
    yield "- Time: the fastest of some rounds. Memory: the peak beside the input. Power p: time grows as n^p, from the"
    yield "  middle of the curve to its end."
    yield ""
    yield "## Blur: number of images, 1x28x28, kernels of 9x9 (varying: 19x19)"
    yield ""
    yield from table(
        "",
        IMAGES,
        "power",
        (
            curve(family, IMAGES, lambda n: blurred(family, Size("", n, Shape(1, 28, 28), 9)))  # noqa: B023
            for family in FAMILIES
        ),
    )
    yield "## Blur: side of the image, 4 images of one channel, kernels of 19x19"
    yield ""
    yield from table(
        "",
        SIDES,
        "power (pixels: 2)",
        (
            curve(family, SIDES, lambda side: blurred(family, Size("", 4, Shape(1, side, side), 19)))  # noqa: B023
            for family in FAMILIES
        ),
    )
    yield "## Blur: side of the kernel, 4 images of 3x224x224"
    yield ""
    yield from table(
        "",
        KERNELS,
        "power (taps: 2)",
        (
            curve(family, KERNELS, lambda k: blurred(family, Size("", 4, Shape(3, 224, 224), k)))  # noqa: B023
            for family in ("diagonal line", "random walk", "disc, sampled", "gaussian, sampled sigma")
        ),
    )
    yield "## Fitting: number of training images, one epoch of cnn3[widths=[16, 32, 64]]"
    yield ""
    yield from table("", FITTED, "power", iter([curve("cnn3", FITTED, fitted)]))
    yield "## Planning: number of cells"
    yield ""
    yield "| cells | processor seconds | ms a cell | MiB |"
    yield "|---|---|---|---|"
    for cells in CELLS:
        count, seconds, memory = planned(cells)
        yield f"| {count} | {seconds:.3f} | {seconds / count * 1e3:.3f} | {memory / 2**20:.1f} |"
    yield ""
    yield "## A run: what the framework itself takes"
    yield ""
    yield from overhead()
    if (others := watch.cores()) is not None:
        yield f"Other processes kept {others:.1f} cores busy meanwhile."


if __name__ == "__main__":
    if not os.environ.keys() >= MALLOC.keys():  # glibc reads them when a process starts
        os.execve(sys.executable, [sys.executable, __file__], {**os.environ, **MALLOC})
    for line in page():
        print(line, flush=True)
