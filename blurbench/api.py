"""blurbench in Python: what the commands do, with values instead of text.

    import blurbench as bb

    run = bb.run("mnist-family", datasets=["digits"])
    run.results()                                     # a row a cell and seed, as a data frame
    run.board().overall()                             # the ranking
    run.predictor(strategy="blur-augment", train_blur="move")(images)

Importing `blurbench` imports none of this: each name is looked up when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from blurbench.errors import RecordError, UnknownName, UsageError
from blurbench.registry import Registry
from blurbench.registry.discovery import discover
from blurbench.takeaway.prediction import Prediction, Restoration, checked_images, float_images

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from numpy.typing import NDArray

    from blurbench.board.outcomes import Outcomes
    from blurbench.board.render.chart import Chart
    from blurbench.board.schema import Standings
    from blurbench.board.sides import Side
    from blurbench.running.runtime import WorkerRuntime
    from blurbench.running.session import Rerun, Session
    from blurbench.store.record import Line, Record
    from blurbench.takeaway.exporting import Exported
    from blurbench.takeaway.rows import Row

    Images = torch.Tensor | NDArray[Any]

__all__ = [
    "Board",
    "Plan",
    "Prediction",
    "Restoration",
    "Run",
    "blur",
    "compare",
    "evaluate",
    "make",
    "open_board",
    "plan",
    "plugins",
    "probe",
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

CURVES = ("train_loss", "validation_loss", "validation_accuracy")
"""What fits note of every epoch."""


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
            (training images), `minutes` (of each task), `data_dirs`, `device`, `jobs` (0: in this process), `threads`,
            `memory` (that images may take, as "2GB"), `timing` (False: no milliseconds), `dask` (as `--dask`),
            `plugins` (files with plugins of your own), `metrics` (to measure of every cell, too).

    Returns:
        The run. Cells that failed are rows of `Run.results`, with a reason.

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
    from blurbench.running.session import Request, Session, bytes_of

    if wrong := [name for name in choices if name not in _ARGUMENTS]:
        raise UsageError(f"unknown argument {wrong[0]!r}; known: {', '.join(_ARGUMENTS)}")
    only = {AXES[name]: tuple(choices.pop(name) or ()) for name in AXES if name in choices}
    choices |= {name: tuple(map(Path, choices[name])) for name in ("data_dirs", "plugins") if name in choices}
    choices["metrics"] = tuple(map(str, _listed(choices.get("metrics", ()))))
    choices["memory"] = None if choices.get("memory") is None else bytes_of(choices["memory"])
    request = Request.of(str(suite), only, budget=budget, out=Path(out), seeds=seeds, **choices)
    return Plan(Session(request))


_OTHERS = (
    *("limit", "minutes", "data_dirs", "device", "jobs", "threads", "memory", "timing", "dask", "plugins", "metrics"),
)
_ARGUMENTS = (*AXES, *_OTHERS)


def evaluate(
    model: Any,
    data: Any,
    *,
    blurs: str | Iterable[str] = (),
    strategies: str | Iterable[str] = (),
    class_names: Iterable[Any] = (),
    mean: float | Iterable[float] = (),
    deviation: float | Iterable[float] = (),
    side: int = 224,
    batch: int = 256,
    test_images: int | None = None,
    train_blurs: str | Iterable[str] = (),
    metrics: str | Iterable[str] = (),
    seeds: int = 1,
    test_seed: int = 0,
    name: str = "",
    version: str = "",
    device: str = "auto",
    threads: int | None = None,
    timing: bool = False,
    out: str | Path | None = None,
    rerun: Rerun = "failed",
    data_dirs: Iterable[str | Path] = (),
    plugins: Iterable[str | Path] = (),
) -> Run:
    """Measure a network as it is: nothing of it is fitted, and it is left as it was.

    Args:
        model: an `nn.Module`, or anything that is called with images (N, C, H, W), float in [0, 1], and gives logits
            (N, classes); or an expression: `checkpoint[network='timm:resnet18', weights=mine.safetensors]`.
        data: a folder with a folder for each class; `(images, labels)`, arrays or tensors (N, C, H, W), float in
            [0, 1] or uint8, and (N,); a torch data set of such pairs of one image and one label; or an expression of a
            data set. Images are measured with 8 bits.
        blurs: what to blur the images with, beside not at all: `"gaussian[sigma=1|2|3]"`.
        strategies: what to do about it, beside nothing: `"bn-adapt"`,
            `"deblur-then-classify[restorer=wiener]"`. One that has to be fitted says so in its rows where there
            are no training images.
        class_names: of all the network's classes, in its order; a folder's are found among them by name.
        mean, deviation: a number a channel, or one for all: what the network's images are standardised by.
        side: pixels that the pictures of a folder are reduced to.
        batch: images that the network is asked about at once, at the most; it changes no result.
        test_images: at most so many, of all classes.
        train_blurs: what a strategy may be fitted to, where there are training images.
        metrics: what to measure of every image, too: `"margin"`; columns of the results.
        seeds: number of replicates, for strategies that draw.
        test_seed: of the blurs.
        name: what tables call the network.
        version: stands for the content of a function or network in the keys; where that cannot be compared it is
            measured anew each time.
        device: `auto`, `cpu`, `cuda` ...; a function is given images on the processor unless this says otherwise.
        threads: of torch; those that it has.
        timing: also measure milliseconds an image.
        out: the results folder. What is stored there is not measured again: equal weights, code and images are known
            by their content. Default: one that goes when the run goes.
        rerun: what to do again beside what is missing.
        data_dirs, plugins: as for `run`.

    Returns:
        The run, measured in this process.

    Raises:
        UsageError: in one line, for a network that gives no logits, labels that are none of its classes, and the like.
    """
    import torch

    from blurbench.own.evaluating import Evaluation, check_measured, session_of

    asked = Evaluation(
        model=model,
        data=data,
        blurs=_listed(blurs),
        strategies=_listed(strategies),
        train_blurs=_listed(train_blurs),
        metrics=_listed(metrics),
        class_names=tuple(map(str, class_names)),
        mean=_numbers(mean),
        deviation=_numbers(deviation),
        name=name,
        version=version,
        side=side,
        batch=batch,
        seeds=seeds,
        test_seed=test_seed,
        test_images=test_images,
        device=device,
        threads=threads or torch.get_num_threads(),
        timing=timing,
        out=None if out is None else Path(out),
        data_dirs=tuple(map(Path, data_dirs)),
        plugins=tuple(map(Path, plugins)),
    )
    session, kept = session_of(asked)
    session.run(rerun)
    check_measured(session)
    return Run(session, kept)


def _listed(values: Any) -> tuple[Any, ...]:
    """One value is a list of one."""
    return (values,) if isinstance(values, str) or not isinstance(values, Iterable) else tuple(values)


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in _listed(values))


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    session: Session

    def cells(self) -> pd.DataFrame:
        """A row a cell: its labels, seed, key, and what there is of it."""
        import pandas as pd

        return pd.DataFrame(self._rows())

    def _repr_html_(self) -> str:
        return str(self.cells().to_html(max_rows=20))

    def _rows(self) -> Iterator[dict[str, Any]]:
        for cell in self.session.plan.cells:
            record = self.session.records.get(cell.key)
            status = "skipped" if cell.skip else record.status if record else "missing"
            yield {**cell.labels, "seed": cell.seed, "status": status, "reason": cell.skip, "key": cell.key}


# --- results -------------------------------------------------------------------------------------------------------


class Run:
    """A suite as far as it is measured."""

    def __init__(self, session: Session, kept: object = None) -> None:
        self.session = session
        self._kept = kept  # what was given in Python, and a folder that goes with it

    @cached_property
    def _outcomes(self) -> Outcomes:
        from blurbench.board.outcomes import stored_outcomes

        return stored_outcomes(self.session.store, self.session.board)

    @property
    def side(self) -> Side:
        """What `compare` compares."""
        return self._outcomes

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

    def classes(self) -> pd.DataFrame:
        """A row a cell, seed and class: its label, how many test images it has, and the top-1 over them."""
        return self._outcomes.by_class()

    def curves(self) -> pd.DataFrame:
        """A row a fit and epoch: the training loss, and loss and accuracy on the validation images after it.

        Of the networks that answer; one that several rows share stands at the first of them."""
        import pandas as pd

        first: dict[str, Line] = {}
        for line, _ in self._measured({}):
            first.setdefault(line.artifact or "", line)
        return pd.DataFrame([row for key, line in first.items() for row in self._epochs(key, line)])

    def _epochs(self, key: str, line: Line) -> Iterator[dict[str, Any]]:
        notes = (self.session.store.artifact(key) or {}).get("notes", {})
        columns = {name: notes[name] for name in CURVES if name in notes}
        labels = {axis: label for axis, label in line.labels.items() if axis != "test_blur"}
        for epoch, values in enumerate(zip(*columns.values(), strict=True)):
            yield {**labels, "seed": line.seed, "epoch": epoch + 1, **dict(zip(columns, values, strict=True))}

    def images(self, **labels: str) -> pd.DataFrame:
        """A row a test image of every measured cell with these labels (`strategy="plain"`, `test_blur=...`): its
        label, the predicted one, confidence, and the errors of blurred and restored image."""
        import pandas as pd

        from blurbench.takeaway.rows import labels_shown

        frames = [self._of_images(line, record) for line, record in self._measured(labels)]
        if not frames:
            raise UsageError(f"no measured cell has {labels_shown(labels)}; `results()` lists those that there are")
        return pd.concat(frames, ignore_index=True)

    def _of_images(self, line: Line, record: Record) -> pd.DataFrame:
        import pandas as pd

        images = record.accuracy.images
        columns = {name: values for name, values in images if values is not None and name != "own"} | images.own
        numbers = range(len(images.label))
        return pd.DataFrame({**line.labels, "seed": line.seed, "image": numbers, **columns})

    def _measured(self, labels: Mapping[str, Any]) -> Iterator[tuple[Line, Record]]:
        from blurbench.takeaway.rows import check_axes, measured

        check_axes(labels, (*AXES.values(), "seed"))
        for line, record in measured(self.session.store, self.session.board):
            if all({**line.labels, "seed": line.seed}[axis] == value for axis, value in labels.items()):
                yield line, record

    def test_images(self, **labels: str) -> tuple[torch.Tensor, torch.Tensor]:
        """The test images (N, C, H, W) of the cells with these labels as they were predicted, blurred by their test
        blur (`test_blur="move"`; `"none"`: sharp), float in [0, 1], and their labels (N,)."""
        import torch

        from blurbench.matrix.tasks import Evaluate
        from blurbench.takeaway.rows import labels_shown

        tasks = [self.session.plan.tasks[line.key] for line, _ in self._measured(labels)]
        found = {task.shares: task for task in tasks if isinstance(task, Evaluate)}
        if len(found) != 1:
            raise UsageError(
                f"name one data set and test blur by their labels; {len(found)} have {labels_shown(labels)}"
            )
        (task,) = found.values()
        runtime = _runtime(self.session)
        images = torch.cat([part.images for part in runtime.degraded(task)])
        return images.clone(), runtime.test_images(task).labels.clone()

    def compare_logits(self, logits: Any, name: str = "own logits", **labels: str) -> pd.DataFrame:
        """A method of your own held against one row of this run (`strategy="plain", test_blur="move"`), paired image by
        image: top-1 of the row before, yours after, the change and its 95% interval.

        Args:
            logits: (N, classes) for the N images of `test_images`, in their order; where the row has S seeds, (S, N,
                classes), or one for all, of which the interval then speaks as it is.
            name: what the table calls it.
            labels: that tell the row.
        """
        from blurbench.own.comparing import compare_answers

        return compare_answers(self._outcomes, logits, labels, name)

    def board(self) -> Board:
        """Its leaderboard."""
        from blurbench.board.standings import standings

        return Board(standings(self._outcomes), self._outcomes)

    def predictor(self, **labels: Any) -> Prediction:
        """What was fitted for the one predictor with these labels, ready to use on images of your own; of several seeds
        the first, unless `seed=` says which.

        Raises UsageError where several rows have the labels, or none is measured.
        """
        return Prediction(self._row(labels))

    def restorer(self, **labels: Any) -> Restoration:
        """The fitted restorer of that row, images in and images out. Raises UsageError where none goes first."""
        return Restoration(self.predictor(**labels))

    def export(self, path: str | Path, **labels: Any) -> Exported:
        """The whole remedy of that row as a file that needs no blurbench, as `blurbench export` writes it: `.pt2` or
        `.onnx`, and a model card beside it. Raises UsageError where it cannot be exported."""
        from blurbench.takeaway.exporting import export

        return export(self._row(labels), Path(path))

    def _row(self, labels: Mapping[str, Any]) -> Row:
        from blurbench.takeaway.rows import Rows, labels_shown

        session = self.session
        rows = Rows(session.registry, session.store, session.board, session.folders, session.describe)
        return rows.only(self._measured(labels), labels_shown(labels), labels.get("seed"))

    def plot(self, classifier: str | None = None, most: int = 6) -> Chart:
        """See `Board.plot`."""
        return self.board().plot(classifier, most)

    def _repr_html_(self) -> str:
        return self.board()._repr_html_()


def _runtime(session: Session) -> WorkerRuntime:
    """On this machine's processor."""
    import torch

    from blurbench.running.runtime import WorkerRuntime

    return WorkerRuntime(session.registry, session.store, torch.device("cpu"), lambda: None, session.folders)


class Board:
    """A leaderboard."""

    def __init__(self, standings: Standings, outcomes: Outcomes | None = None) -> None:
        self.standings, self._outcomes = standings, outcomes

    @property
    def side(self) -> Side:
        """What `compare` compares."""
        if self._outcomes is None:
            raise UsageError(
                f"the published board {self.standings.suite} cannot be compared image by image: give its results folder"
            )
        return self._outcomes

    def overall(self, classifier: str | None = None) -> pd.DataFrame:
        """The ranking over all blurred blocks of each classifier, or of one: gains as fractions, with intervals."""
        import pandas as pd

        from blurbench.board.render.export import flat

        rankings = [one for one in self.standings.rankings if classifier in (None, one.classifier)]
        if not rankings:
            known = ", ".join(one.classifier for one in self.standings.rankings)
            raise UsageError(f"no classifier {classifier!r} on this board; known: {known}")
        return pd.DataFrame(
            {"classifier": ranking.classifier, **flat(vars(row))}
            for ranking in rankings
            for row in (*ranking.rows, *ranking.oracles)
        )

    def block(self, dataset: str, classifier: str, test_blur: str) -> pd.DataFrame:
        """Every row of one block, best first; oracles last."""
        import pandas as pd

        from blurbench.board.render.export import flat

        for block in self.standings.blocks:
            if (block.dataset, block.classifier, block.test_blur) == (dataset, classifier, test_blur):
                rows = ({**flat(vars(row)), **flat(vars(row.cost))} for row in (*block.rows, *block.oracles))
                return pd.DataFrame(rows).drop(columns=["cost", "hits"], errors="ignore")
        raise UsageError(f"no block {dataset!r}, {classifier!r}, {test_blur!r} on this board")

    def plot(self, classifier: str | None = None, most: int = 6) -> Chart:
        """Top-1 over the test blurs, a panel for each data set: a figure of matplotlib's that a notebook shows.

        Args:
            classifier: whose; default: the board's first.
            most: remedies to show, the best of the ranking.

        Raises:
            UsageError: no strategy has been measured everywhere.
        """
        from blurbench.board.render.figures import recovery_figure

        return recovery_figure(self.standings, classifier, most)

    def to_markdown(self) -> str:
        """The whole board."""
        from blurbench.board.render.markdown import render

        return render(self.standings)

    def to_html(self) -> str:
        """The whole board as one page that needs nothing else."""
        from blurbench.board.render.page import render

        return render(self.standings)

    def _repr_html_(self) -> str:
        from blurbench.board.render.overall_tables import in_html

        return "\n".join(in_html(ranking, self.standings.baseline) for ranking in self.standings.rankings)


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
    outcomes = stored_outcomes(*board_at(place))
    return Board(standings(outcomes), outcomes)


def compare(
    first: Run | Board | str | Path,
    second: Run | Board | str | Path | None = None,
    *,
    strategies: Iterable[str] = (),
    estimators: Iterable[str] = (),
    board: str | None = None,
) -> pd.DataFrame:
    """Two runs, boards or results folders cell by cell, as `blurbench compare` does: the second less the first, paired
    image by image and seed by seed. Two evaluations of one network each are compared whatever the networks are called.

    Args:
        first, second: what is compared; paths as for `open_board`.
        strategies: two of one board instead, `("plain", "retrain on move")`.
        estimators: the same of a board of estimators.
        board: its name, where a folder holds several.

    Returns:
        A row a change, fractions (squared pixels of estimators), with the ends of its 95% interval and whether it can
        be told from 0: over all blurred blocks (`of` is `blurred`), all sharp ones (`sharp`), and block by block; then
        a row with a `reason` for each cell that could not be compared.
    """
    from blurbench.board.sides import compare_rows
    from blurbench.own.comparing import compare_evaluations, frame_of

    of_classifiers, of_estimators = tuple(strategies), tuple(estimators)
    named = of_classifiers or of_estimators
    if second is None and len(named) == len(of_classifiers) + len(of_estimators) == 2:
        return frame_of(compare_rows(_sides((first,), board)[0], named, of_estimators=bool(of_estimators)))
    if second is None or named:
        raise UsageError(
            "give two runs, boards or results folders, or one and strategies= (or estimators=), two of them"
        )
    return frame_of(compare_evaluations(*_sides((first, second), board)))


def _sides(given: tuple[Run | Board | str | Path, ...], board: str | None) -> tuple[Side, ...]:
    from blurbench.board.sides import side_at, sides_at

    places = [Path(one).expanduser() for one in given if isinstance(one, str | Path)]
    if len(places) == 2:
        return sides_at(places[0], places[1], board)
    return tuple(one.side if isinstance(one, Run | Board) else side_at(Path(one).expanduser(), board) for one in given)


def probe(
    pictures: str | Path | Images | Iterable[str | Path],
    *,
    window: int | None = None,
    stride: int | None = None,
    side: int | None = None,
    estimator: str = "spectral",
) -> pd.DataFrame:
    """How blurred pictures are, as `blurbench probe` reads them.

    Args:
        pictures: files, folders or globs, one or several; or images (N, C, H, W), float in [0, 1] or uint8.
        window: side of the windows in pixels; default: the estimator's.
        stride: pixels from window to window.
        side: read each also as a suite with this side sees it.
        estimator: what reads sigma: one that needs no fitting.

    Returns:
        A row a picture, with its size, `sigma_px` and whether that is `at_limit`, the length and angle of a motion, how
        many windows could be read, noise, and `hints` whether to trust it. What cannot be read has a `reason`.
    """
    from blurbench.imaging.files import find_pictures
    from blurbench.own.probing import COARSER_STRIDE, answers, files, frame_of, images, reader_of

    reader = reader_of(estimator, window)
    if hasattr(pictures, "ndim"):
        sources = images(checked_images(cast("Images", pictures)).detach().cpu().numpy())
    else:
        sources = files(find_pictures([str(path) for path in _listed(pictures)]).pictures)
    return frame_of(answers(sources, reader, estimator, stride or COARSER_STRIDE, side))


# --- plugins as functions ------------------------------------------------------------------------------------------


def plugins(kind: str | None = None) -> pd.DataFrame:
    """What is installed: kind, name, package, version."""
    import pandas as pd

    registry = discover()
    if kind is not None and kind not in registry.entries:
        raise UnknownName("kind of plugin", kind, registry.entries)
    shown = ("kind", "name", "package", "version")
    return pd.DataFrame(
        {name: getattr(entry, name) for name in shown} for entry in registry if kind in (None, entry.kind)
    )


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
        raise UnknownName("plugin", name, {entry.name for entry in registry})
    return kinds


def blur(images: Images, expression: str, seed: int = 0) -> Any:
    """Images (N, C, H, W) blurred, or degraded otherwise, as in a suite with this test seed.

    Float in [0, 1] or uint8, tensor or array; what comes back is of the same kind. Image i is drawn as the test image
    of id i, whatever else is in the batch.
    """
    import torch

    from blurbench.contract import ImageSet
    from blurbench.imaging.draws import Draws

    given = float_images(images)
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

    restorer, given = make(expression, "restorers"), float_images(images)
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
