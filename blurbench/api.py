"""blurbench in Python: what the commands do, with values instead of text.

    import blurbench as bb

    run = bb.run("mnist-family", datasets=["digits"])
    run.results()                                     # a row a cell and seed, as a data frame
    run.board().overall()                             # the ranking
    run.predictor(strategy="blur-augment", train_blur="move")(images)

Importing `blurbench` imports none of this: each name is looked up when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from blurbench.errors import RecordError, UsageError
from blurbench.registry import Registry
from blurbench.registry.discovery import discover

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from numpy.typing import NDArray

    from blurbench.board.outcomes import Outcomes
    from blurbench.board.schema import Standings
    from blurbench.matrix.tasks import FitPredictor
    from blurbench.running.session import Rerun, Session
    from blurbench.store.record import Line, Record

    Images = torch.Tensor | NDArray[Any]

__all__ = [
    "Board",
    "Plan",
    "Prediction",
    "Run",
    "blur",
    "make",
    "open_board",
    "plan",
    "plugins",
    "restore",
    "run",
]

AXES = {
    "datasets": "dataset",
    "classifiers": "classifier",
    "strategies": "strategy",
    "train_blurs": "train_blur",
    "test_blurs": "test_blur",
}


# --- running -------------------------------------------------------------------------------------------------------


def run(
    suite: str = "mnist-family",
    *,
    budget: str = "quick",
    out: str | Path = "blurbench-results",
    seeds: int = 1,
    rerun: Rerun = "missing",
    **choices: Any,
) -> Run:
    """Measure what is missing of a suite of classifiers, as `blurbench run` does.

    Args:
        suite: a name, or the path of a TOML file.
        budget: how much data and training.
        out: the results folder; what is stored there is not measured again.
        seeds: number of replicates.
        rerun: what to do again beside what is missing.
        choices: `datasets`, `classifiers`, `strategies`, `train_blurs`, `test_blurs`: names or labels to keep; `limit`
            (training images), `minutes` (of each task), `data_dirs`, `device`, `jobs`, `threads`, `dask` (as
            `--dask`), `plugins` (files with plugins of your own).

    Returns:
        The run. Cells that failed are rows with a reason: see `Run.results`.

    Raises:
        UsageError: the request is wrong, in one line.
    """
    planned = plan(suite, budget=budget, out=out, seeds=seeds, **choices)
    planned.session.run(rerun)
    return Run(planned.session)


def plan(
    suite: str = "mnist-family",
    *,
    budget: str = "quick",
    out: str | Path = "blurbench-results",
    seeds: int = 1,
    **choices: Any,
) -> Plan:
    """What `run` would do with the same arguments."""
    from blurbench.running.session import Request, Session

    limits = {"limit": choices.pop("limit", None), "minutes": choices.pop("minutes", None)}
    only = {AXES[name]: tuple(choices.pop(name)) for name in AXES if choices.get(name)}
    folders, files = (tuple(map(Path, choices.pop(name, ()))) for name in ("data_dirs", "plugins"))
    known = {name: choices.pop(name) for name in ("device", "jobs", "threads", "dask") if name in choices}
    if choices:
        raise UsageError(f"unknown argument {next(iter(choices))!r}; known: {', '.join(_ARGUMENTS)}")
    request = Request.of(
        str(suite),
        only,
        **limits,
        budget=budget,
        out=Path(out),
        seeds=seeds,
        data_dirs=folders,
        plugins=files,
        **known,
    )
    return Plan(Session(request))


_ARGUMENTS = (*AXES, "limit", "minutes", "data_dirs", "device", "jobs", "threads", "dask", "plugins")


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    session: Session

    def cells(self) -> pd.DataFrame:
        """A row a cell: its labels, seed, key, and what there is of it."""
        import pandas as pd

        return pd.DataFrame(self._rows())

    def _rows(self) -> Iterator[dict[str, Any]]:
        for cell in self.session.plan.cells:
            record = self.session.records.get(cell.key)
            status = "skipped" if cell.skip else record.status if record else "missing"
            yield {**cell.labels, "seed": cell.seed, "status": status, "reason": cell.skip, "key": cell.key}


# --- results -------------------------------------------------------------------------------------------------------


class Run:
    """A suite as far as it is measured."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @cached_property
    def _outcomes(self) -> Outcomes:
        from blurbench.board.outcomes import stored_outcomes

        return stored_outcomes(self.session.store, self.session.board)

    def results(self, format: Literal["long", "wide"] = "long") -> pd.DataFrame:  # noqa: A002 - as pandas has it
        """A row a cell and seed, with metrics, cost and provenance; `wide`: top-1 with a column for each test blur.

        Cells without a measurement have a `status` and a `reason`.
        """
        frame = self._outcomes.frame()
        if format == "long":
            return frame
        index = ["dataset", "classifier", "strategy", "train_blur", "seed"]
        wide = frame.pivot(index=index, columns="test_blur", values="top1")
        order = [blur for blur in self._outcomes.heading.test_blurs if blur in wide.columns]
        return wide[order].reset_index()

    def images(self, **labels: str) -> pd.DataFrame:
        """A row a test image of every measured cell with these labels (`strategy="plain"`, `test_blur=...`): its
        label, the predicted one, confidence, and the errors of blurred and restored image."""
        import pandas as pd

        frames = [self._of_images(line, record) for line, record in self._measured(labels)]
        if not frames:
            raise UsageError(f"no measured cell has {_shown(labels)}; `results()` lists those that there are")
        return pd.concat(frames, ignore_index=True)

    def _of_images(self, line: Line, record: Record) -> pd.DataFrame:
        import pandas as pd

        images = record.accuracy.images
        columns = {name: values for name, values in images if values is not None}
        numbers = range(len(images.label))
        return pd.DataFrame({**line.labels, "seed": line.seed, "image": numbers, **columns})

    def _measured(self, labels: Mapping[str, Any]) -> Iterator[tuple[Line, Record]]:
        if wrong := labels.keys() - {*AXES.values(), "seed"}:
            raise UsageError(f"unknown axis {min(wrong)!r}; known: {', '.join((*AXES.values(), 'seed'))}")
        records = self.session.store.records
        manifest = records.board(self.session.board)
        for line in manifest.lines if manifest else ():
            record = records.get(line.key)
            fits = all({**line.labels, "seed": line.seed}[axis] == value for axis, value in labels.items())
            if fits and record is not None and record.status == "ok":
                yield line, record

    def board(self) -> Board:
        """Its leaderboard."""
        from blurbench.board.standings import standings

        return Board(standings(self._outcomes))

    def predictor(self, **labels: str) -> Prediction:
        """What was fitted for the one predictor with these labels, ready to use on images of your own.

        Raises UsageError where several fit the labels, or none is measured.
        """
        from blurbench.matrix.tasks import Evaluate, FitPredictor

        fits: dict[str, FitPredictor] = {}
        for line, _ in self._measured(labels):
            task = self.session.plan.tasks[line.key]
            if isinstance(task, Evaluate) and isinstance(task.fit, FitPredictor):
                fits[task.fit.key] = task.fit
        if len(fits) != 1:
            known = sorted({fit.title for fit in fits.values()})
            found = f"these have {_shown(labels)}: {'; '.join(known)}" if fits else f"none has {_shown(labels)}"
            raise UsageError(f"name one predictor by its labels; {found}")
        (fit,) = fits.values()
        return Prediction(self.session, fit)

    def _repr_html_(self) -> str:
        return self.board()._repr_html_()


def _shown(labels: Mapping[str, Any]) -> str:
    return ", ".join(f"{axis}={value!r}" for axis, value in labels.items()) or "no labels"


class Prediction:
    """A fitted predictor: images in, logits out, and restored images where a restorer goes first."""

    def __init__(self, session: Session, fit: FitPredictor) -> None:
        import torch

        from blurbench.running.runtime import WorkerRuntime

        runtime = WorkerRuntime(session.registry, session.store, torch.device("cpu"), lambda: None, session.folders)
        self.predictor = runtime.predictor(fit)
        self.shape = (fit.data.shape.channels, fit.data.shape.height, fit.data.shape.width)
        """Channels, rows, columns of the images that it was fitted to."""

    def __call__(self, images: Images) -> torch.Tensor:
        """Logits (N, classes) of images (N, C, H, W), float in [0, 1] or uint8, as tensor or array."""
        logits, _ = self._answers(images)
        return logits

    def restore(self, images: Images) -> torch.Tensor | None:
        """What its classifier is asked about, where a restorer goes first; else None."""
        _, restored = self._answers(images)
        return restored

    def _answers(self, images: Images) -> tuple[torch.Tensor, torch.Tensor | None]:
        import torch

        from blurbench.contract import Degraded

        given = _floats(images)
        if tuple(given.shape[1:]) != self.shape:
            raise UsageError(f"images are {tuple(given.shape[1:])}, and it was fitted to {self.shape}")
        self.predictor.start()
        size = self.predictor.batch or len(given)
        outputs = [self.predictor.predict(Degraded(part, None)) for part in torch.split(given, size)]
        restored = [output.restored for output in outputs if output.restored is not None]
        logits = torch.cat([output.logits for output in outputs]).clone()
        return logits, torch.cat(restored).clone() if restored else None


class Board:
    """A leaderboard."""

    def __init__(self, standings: Standings) -> None:
        self.standings = standings

    def overall(self, classifier: str | None = None) -> pd.DataFrame:
        """The ranking over all blurred blocks of each classifier, or of one: gains as fractions, with intervals."""
        import pandas as pd

        rankings = [one for one in self.standings.rankings if classifier in (None, one.classifier)]
        if not rankings:
            known = ", ".join(one.classifier for one in self.standings.rankings)
            raise UsageError(f"no classifier {classifier!r} on this board; known: {known}")
        return pd.DataFrame(
            {"classifier": ranking.classifier, **_flat(vars(row))}
            for ranking in rankings
            for row in (*ranking.rows, *ranking.oracles)
        )

    def block(self, dataset: str, classifier: str, test_blur: str) -> pd.DataFrame:
        """Every row of one block, best first; oracles last."""
        import pandas as pd

        for block in self.standings.blocks:
            if (block.dataset, block.classifier, block.test_blur) == (dataset, classifier, test_blur):
                rows = ({**_flat(vars(row)), **_flat(vars(row.cost))} for row in (*block.rows, *block.oracles))
                return pd.DataFrame(rows).drop(columns=["cost", "hits"], errors="ignore")
        raise UsageError(f"no block {dataset!r}, {classifier!r}, {test_blur!r} on this board")

    def to_markdown(self) -> str:
        """The whole board."""
        from blurbench.board.render.markdown import render

        return render(self.standings)

    def to_html(self) -> str:
        """The whole board as one page that needs nothing else."""
        from blurbench.board.render.page import render

        return render(self.standings)

    def _repr_html_(self) -> str:
        return str(self.overall().to_html())


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Intervals become three columns."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if hasattr(value, "estimate"):
            flat |= {name: value.estimate, f"{name}_low": value.low, f"{name}_high": value.high}
        else:
            flat[name] = value
    return flat


def open_board(path: str | Path) -> Board:
    """A leaderboard: of a results folder, of a board in one (FOLDER/boards/NAME.json), or a published JSON file."""
    from blurbench.board.locate import board_at
    from blurbench.board.outcomes import stored_outcomes
    from blurbench.board.render.export import parse
    from blurbench.board.standings import standings

    place = Path(path).expanduser()
    if place.is_file() and place.parent.name != "boards":
        try:
            return Board(parse(place.read_bytes(), place.name))
        except RecordError as error:
            raise UsageError(str(error)) from None
    return Board(standings(stored_outcomes(*board_at(place))))


# --- plugins as functions ------------------------------------------------------------------------------------------


def plugins(kind: str | None = None) -> pd.DataFrame:
    """What is installed: kind, name, package, version."""
    import pandas as pd

    registry = discover()
    kinds = registry.entries if kind is None else {kind: registry.entries[kind]} if kind in registry.entries else None
    if kinds is None:
        registry.get(str(kind), "")  # raises with the kinds that there are
        raise AssertionError
    rows = [
        {"kind": entry.kind, "name": entry.name, "package": entry.package, "version": entry.version}
        for entries in kinds.values()
        for entry in entries.values()
    ]
    return pd.DataFrame(rows)


def make(expression: str, kind: str | None = None) -> Any:
    """The plugin that an expression names: `make("gaussian[sigma=2]")`. `kind` where a name is of several kinds."""
    registry = discover()
    kinds = [kind] if kind else _kinds_of(registry, expression)
    return registry.resolve(kinds[0], expression)


def _kinds_of(registry: Registry, expression: str) -> list[str]:
    name = expression.partition("[")[0].strip()
    kinds = [kind for kind, entries in registry.entries.items() if name in entries and kind != "suites"]
    if len(kinds) > 1:
        raise UsageError(f"{name!r} is one of the {' and of the '.join(kinds)}: say kind=")
    if not kinds:
        everything = {name for entries in registry.entries.values() for name in entries}
        from blurbench.errors import UnknownName

        raise UnknownName("plugin", name, everything)
    return kinds


def blur(images: Images, expression: str, seed: int = 0) -> Any:
    """Images (N, C, H, W) blurred, or degraded otherwise, as in a suite with this test seed.

    Float in [0, 1] or uint8, tensor or array; what comes back is of the same kind. Image i is drawn as the test image
    of id i, whatever else is in the batch.
    """
    import torch

    from blurbench.contract import ImageSet
    from blurbench.imaging.draws import Draws

    given = _floats(images)
    ids = torch.arange(len(given))
    plugin = make(expression, "blurs")
    with torch.inference_mode():
        part = ImageSet(given, torch.zeros(len(given), dtype=torch.int64), ids)
        degraded = plugin.degrade_set(part, Draws(ids, seed, ("test",)))
    return _as_given(degraded.images, images)


def restore(images: Images, expression: str, psf: Images | None = None, noise_std: float = 0.0) -> Any:
    """Images (N, C, H, W) restored by a restorer that needs no fitting, or by a deconvolver that is given `psf`.

    Args:
        images: float in [0, 1] or uint8, tensor or array.
        expression: `unsharp-mask`, `wiener`, `richardson-lucy[iterations=50]` ...
        psf: for deconvolvers, kernels (k, k), one for all, or (N, k, k), k odd, each summing to 1.
        noise_std: of the noise in the images, on the 0..1 scale.
    """
    import torch

    from blurbench.contract import Deconvolver, Shape
    from blurbench.imaging.psf import from_kernel

    restorer, given = make(expression, "restorers"), _floats(images)
    if restorer.trainable:
        raise UsageError(f"{expression} has to be fitted: run a suite with it, then Run.predictor(...).restore")
    with torch.inference_mode():
        if not isinstance(restorer, Deconvolver):
            network = restorer.load(Shape(*given.shape[1:]))
            frozen = None if network is None else network.eval().requires_grad_(False).to(given.device)
            return _as_given(restorer.restore(given, frozen), images)
        if psf is None:
            raise UsageError(f"{expression} is given the PSF: say psf=")
        kernels = torch.as_tensor(psf, dtype=torch.float64)
        kernels = kernels.expand(len(given), *kernels.shape[-2:])
        return _as_given(restorer.deconvolve(given, from_kernel(kernels), noise_std), images)


def _floats(images: Images) -> torch.Tensor:
    import torch

    given = torch.as_tensor(images)
    if given.ndim != 4:
        raise UsageError(f"images must be (N, C, H, W), not {tuple(given.shape)}")
    if given.dtype == torch.uint8:
        return given.float() / 255
    if not given.is_floating_point():
        raise UsageError(f"images must be float in [0, 1] or uint8, not {given.dtype}")
    return given.float()


def _as_given(result: torch.Tensor, images: Any) -> Any:
    """Of the type and kind of `images`."""
    import numpy as np
    import torch

    result = result.clone()
    given = torch.as_tensor(images)
    if given.dtype == torch.uint8:
        result = result.mul(255).round().clamp(0, 255)
    result = result.to(given.dtype)
    return result.numpy() if isinstance(images, np.ndarray) else result
