"""How blurred are these pictures, what does blur of that kind cost this network, and what pays without training.

Two things are measured. The pictures as they are, under every remedy: what each would win today. And the sharper half
of each class, with synthetic blurs about as strong as the blur that was read off the others: what blur costs, all else
equal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from blurbench.board.render.escape import one_line
from blurbench.board.render.formatting import percent_in, row_name
from blurbench.board.schema import CLEAN, Block, RankedStrategy
from blurbench.board.standings import stored_standings
from blurbench.errors import BlurbenchError, UsageError
from blurbench.matrix.axes import AccuracyAxes
from blurbench.matrix.suite import AccuracySuite, find
from blurbench.metrics.intervals import Interval
from blurbench.own.photographs import Photographs
from blurbench.own.probing import COARSER_STRIDE, Row, answers, files, reader_of
from blurbench.registry import Registry, label, named
from blurbench.registry.discovery import discover, use
from blurbench.running.probe_summary import BLURRED, Summary, summary
from blurbench.running.scheduler import NEEDS
from blurbench.running.session import Request, Session
from blurbench.store.written import check_replaceable, write_all

__all__ = ["GAUSSIANS", "Diagnosis", "Look", "Seen", "check_wanted", "chosen_blurs", "diagnose", "look", "write"]

GAUSSIANS, MOTIONS = 3, 2
"""So many strengths of either kind are tried, those nearest to what was read."""
MOVED = 0.1
"""Motion blurs are tried where at least this share of the pictures shows motion."""
LEAST = 0.4
"""Sigma of the weakest blur that is worth trying."""
FEW = 200
"""Test images below which intervals are wide."""

REPORT = ("diagnosis.html", "diagnosis.json")
NETWORK, PICTURES, SHARPER = "network", "my-pictures", "sharper-half"
"""What they are called in progress and tables: expressions with paths are long."""


@dataclass(frozen=True)
class Seen:
    """What was read off one picture."""

    path: Path
    label: str
    """Its class; empty where there are none."""
    sigma: float | None
    """In pixels of the file; None where there is nothing to read."""
    at_side: float | None
    """The same after reduction, in pixels of what the network sees."""
    motion: float | None
    """The length of a motion after reduction; None where none was read."""


@dataclass(frozen=True, eq=False)
class Look:
    """How blurred the pictures of a folder are."""

    found: Photographs
    side: int
    seen: tuple[Seen, ...]
    refused: tuple[str, ...]
    limit: float
    """Where readings end."""

    @property
    def folder(self) -> Path:
        return self.found.folder

    @property
    def lacking(self) -> str:
        """What the folder lacks to be measured on; empty where nothing."""
        return self.found.lacking

    @property
    def summary(self) -> Summary:
        """In pixels of the files."""
        return self._summary(one.sigma for one in self.seen)

    @property
    def summary_at_side(self) -> Summary:
        """In pixels of what the network sees."""
        return self._summary(one.at_side for one in self.seen)

    def _summary(self, sigmas: Iterable[float | None]) -> Summary:
        return summary(list(sigmas), [one.motion is not None for one in self.seen], len(self.refused), self.limit)

    @property
    def sharper_half(self) -> list[Seen]:
        """Of each class, by what the network sees; those that show motion, or nothing to read, come last."""
        classes: dict[str, list[Seen]] = {}
        for one in self.seen:
            classes.setdefault(one.label, []).append(one)
        ordered = [sorted(members, key=_softness) for members in classes.values()]
        return [one for members in ordered for one in members[: -(-len(members) // 2)]]

    @property
    def added_sigma(self) -> float:
        """The Gaussian that would make the sharper half as blurred as the pictures that are: their sigmas add in
        squares."""
        sharp = set(self.sharper_half)
        own = [one.at_side for one in sharp if one.at_side is not None]
        blurred = [one.at_side for one in self.seen if one.at_side is not None and (one.sigma or 0) >= BLURRED]
        rest = [one.at_side for one in self.seen if one not in sharp and one.at_side is not None]
        target, start = median(blurred or rest or own or [0.0]), median(own or [0.0])
        return max(LEAST, math.sqrt(max(0.0, target**2 - start**2)))

    @property
    def motion(self) -> float | None:
        """The usual length of motion, where enough of the pictures show one."""
        lengths = [one.motion for one in self.seen if one.motion is not None]
        return median(lengths) if len(lengths) >= MOVED * len(self.seen) and lengths else None


def _softness(one: Seen) -> tuple[bool, float]:
    return (one.motion is not None or one.at_side is None, one.at_side or 0.0)


def look(
    found: Photographs, side: int, estimator: str, watched: Callable[[Sequence[Path]], Iterable[Path]] = iter
) -> Look:
    """Read every picture with an estimator, named by an expression; `watched` hands on their paths.

    Raises UsageError where none can be read.
    """
    reader = reader_of(estimator, None)
    seen: list[Seen] = []
    refused: list[str] = []
    for path, answer in answers(files(watched(found.pictures)), reader, estimator, COARSER_STRIDE, side):
        if isinstance(answer, BlurbenchError):
            refused.append(str(answer))
        else:
            seen.append(_seen(answer, found.labels.get(path, ""), side))
    if not seen:
        raise UsageError(f"{found.folder}: no picture in it can be read; the first: {refused[0]}")
    return Look(found, side, tuple(seen), tuple(refused), reader.limits[1])


def _seen(row: Row, label: str, side: int) -> Seen:
    assert row.at_side is not None
    length = row.reading.motion.length if row.reading.motion is not None else None
    reduced = None if length is None else length * side / min(row.picture.width, row.picture.height)
    return Seen(row.path, label, row.reading.sigma, row.at_side.sigma, reduced)


# --- the answer ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What was read and measured, and what follows."""

    look: Look
    classifier: str
    photographs: Block | None = None
    """The pictures as they are, every remedy."""
    sharp: Block | None = None
    """The sharper half as it is."""
    blurred: tuple[Block, ...] = ()
    """The sharper half under each synthetic blur."""
    remedies: tuple[RankedStrategy, ...] = ()
    """Over all synthetic blurs."""
    failures: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """As JSON: shares as fractions, sigmas in pixels."""
        return {
            "images": str(self.look.folder),
            "classifier": self.classifier,
            "side": self.look.side,
            "pictures": self.look.summary.facts(),
            "at_side": self.look.summary_at_side.facts(),
            "refused": list(self.look.refused),
            "added_sigma_px": round(self.look.added_sigma, 3),
            "motion_px": None if self.look.motion is None else round(self.look.motion, 1),
            "lacking": self.look.lacking,
            "blocks": [_block_facts(block) for block in self.blocks],
            "remedies": [_remedy_facts(row) for row in self.remedies if not row.is_baseline],
            "failures": list(self.failures),
            "advice": list(self.advice()),
        }

    @property
    def blocks(self) -> list[Block]:
        """All that was measured."""
        return [block for block in (self.photographs, self.sharp, *self.blurred) if block is not None]

    def advice(self) -> Iterator[str]:
        """Sentences: how blurred, what it costs, what to do."""
        yield _how_blurred(self.look)
        if self.look.lacking:
            yield f"What blur costs, and what wins it back, cannot be measured: {self.look.lacking}."
            return
        if self.photographs is None or self.sharp is None or self.photographs.baseline is None:
            yield f"The network could not be measured: {'; '.join(self.failures) or 'it was interrupted'}."
            return
        yield from self._costs()
        yield self._remedy()

    def _costs(self) -> Iterator[str]:
        assert self.photographs is not None
        assert self.sharp is not None
        whole, half = self.photographs.baseline, self.sharp.baseline
        images = self.photographs.rows[0].n
        few = f" {images} pictures are few: the intervals are wide." if images < FEW else ""
        yield (
            f"As they are, the network is right on {_percent(whole)} of them, and on {_percent(half)} of the sharper "
            f"half of each class; sharper pictures may be easier in other ways, too.{few}"
        )
        costs = [(block.test_blur, block.loss) for block in self.blurred if block.loss is not None]
        if costs:
            told = "; ".join(f"{one_line(blur)} costs {percent_in(loss)}" for blur, loss in costs)
            yield f"Blur put on the sharper half, in pixels of {self.look.side}: {told} points."

    def _remedy(self) -> str:
        assert self.photographs is not None
        rows = [row for row in self.photographs.rows if row.gain is not None and not row.is_baseline]
        # A baseline that others surely beat, at 95% for all rows at once, cannot have the first rank.
        beaten = any(row.is_baseline and (row.rank_low or 1) > 1 for row in self.photographs.rows)
        surely = [row for row in rows if beaten and row.gain is not None and row.gain.low > 0]
        if surely:
            best = surely[0]
            assert best.gain is not None
            name = one_line(row_name(*best.key))
            return f"Use {name}: on these pictures it wins {percent_in(best.gain)} points, and needs no training."
        keep = "On these pictures as they are no remedy that needs no training surely wins: keep the network as it is."
        winning = [row for row in self.remedies if row.gain is not None and row.gain.low > 0]
        if winning and (gain := winning[0].gain) is not None:
            keep += (
                f" Were all of them as blurred as the synthetic ones, {one_line(row_name(*winning[0].key))} would win "
                f"{percent_in(gain)} points."
            )
        return f"{keep} Remedies that are fitted need training pictures: `blurbench run` measures them."


def _how_blurred(found: Look) -> str:
    many, reduced = found.summary, found.summary_at_side.quantiles()
    read = len(many.sigmas) + many.motion
    seen = (
        f" Reduced to {found.side} pixels, as the network sees them, the median sigma is {reduced['p50']:.2f}."
        if reduced
        else ""
    )
    moved = f", {many.motion} of them by motion" if many.motion else ""
    return (
        f"{many.blurred} of {read} pictures are blurred (sigma {BLURRED:g} or more in pixels of the file){moved}.{seen}"
    )


def _percent(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    return f"{100 * interval.estimate:.0f}% [{100 * interval.low:.0f}, {100 * interval.high:.0f}]"


def _block_facts(block: Block) -> dict[str, Any]:
    rows = [
        {
            "row": row_name(*row.key),
            "images": row.n,
            "top1": _ends(row.top1),
            "gain": _ends(row.gain),
            "requires": list(row.requires),
        }
        for row in block.rows
    ]
    return {"dataset": block.dataset, "test_blur": block.test_blur, "loss": _ends(block.loss), "rows": rows}


def _remedy_facts(row: RankedStrategy) -> dict[str, Any]:
    added = row.added_batch_1_ms
    changes = {"gain": _ends(row.gain), "sharp": _ends(row.clean_change)}
    return {"row": row_name(*row.key), **changes, "added_ms": added, "requires": list(row.requires)}


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.estimate, interval.low, interval.high]


# --- measuring ------------------------------------------------------------------------------------------------------


def diagnose(found: Look, wanted: Request) -> Diagnosis:
    """Measure the network that `wanted` names on the pictures that were looked at, and keep everything in its results
    folder: a second call goes on where a first one stopped.

    Args:
        found: the pictures.
        wanted: names a suite, whose data set the pictures take the place of, with test blurs with a `sigma` or a
            `length`, to choose from, and remedies that need no training.

    Raises:
        UsageError: the request is wrong.
    """
    (classifier,) = wanted.only["classifier"]
    suite, registry = check_wanted(found.folder, wanted)
    if found.lacking:
        return Diagnosis(found, classifier)
    name, asked = named(classifier)
    network = f"{name or NETWORK}={label(registry, registry.resolve('classifiers', asked).as_it_is())}"
    blurs = {PICTURES: [CLEAN], SHARPER: [CLEAN, *chosen_blurs(registry, suite, found)]}
    for name, seen in {PICTURES: found.seen, SHARPER: found.sharper_half}.items():
        folder = _linked(found.folder, seen, wanted.out.with_name(name).absolute())
        dataset = registry.folder_dataset(folder, found.side, found.found.classes.absolute())
        only = {
            "classifier": (network,),
            "dataset": (f"{name}={label(registry, dataset)}",),
            "test_blur": tuple(blurs[name]),
        }
        is_last = name == SHARPER  # every pipeline is timed once, after all was measured
        session = Session(replace(wanted, only={**wanted.only, **only}, timing=wanted.timing and is_last))
        session.run()
    return _answer(found, classifier, session)


def check_wanted(folder: Path, wanted: Request) -> tuple[AccuracySuite, Registry]:
    """The suite, in its registry. Raises UsageError where the request is wrong: for before the pictures are read."""
    report = wanted.out.parent
    if report.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{report}: this lies among the pictures; give --out a folder elsewhere")
    check_replaceable([report / name for name in REPORT])
    use(wanted.plugins)
    registry = discover()
    suite = find(registry, wanted.suite)
    suite = suite.under(suite.budget_name(wanted.budget))
    if not isinstance(suite, AccuracySuite):
        raise UsageError(f"suite {wanted.suite} is of estimators; a diagnosis needs one of classifiers")
    return suite, registry


def _linked(folder: Path, seen: Iterable[Seen], place: Path) -> Path:
    """A folder of links to pictures of `folder`, one folder a class."""
    wanted = {place / one.label / _name(one.path.relative_to(folder), one.label): one.path.absolute() for one in seen}
    for link in place.glob("*/*"):
        if link.is_symlink() and wanted.get(link) != link.readlink():
            link.unlink()
    for link, path in wanted.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(path)
    return place


def _name(path: Path, label: str) -> str:
    """What a picture that may lie deep in the folder of its class is called where all lie beside each other."""
    inside = path.parts[path.parts.index(label) + 1 :]
    return "%2F".join(part.replace("%", "%25") for part in inside)


def chosen_blurs(registry: Registry, suite: AccuracySuite, found: Look) -> list[str]:
    """The suite's test blurs nearest in strength to what was read."""
    values = AccuracyAxes.of(registry, suite).test_blurs
    chosen: list[str] = []
    for name, strength, most in (("sigma", found.added_sigma, GAUSSIANS), ("length", found.motion, MOTIONS)):
        known = [(getattr(value.plugin, name), value.label) for value in values if hasattr(value.plugin, name)]
        if strength is not None:
            nearest = sorted(known, key=lambda one: abs(math.log(float(one[0]) / strength)))[:most]
            chosen += [blur for _, blur in sorted(nearest)]
    return chosen


def _answer(found: Look, classifier: str, session: Session) -> Diagnosis:
    standings = stored_standings(session.store, session.board)
    blocks = {(block.dataset, block.test_blur): block for block in standings.blocks if block.rows}
    sharp = [block for (dataset, _), block in blocks.items() if dataset == SHARPER]
    rankings = [one.rows for one in standings.rankings]
    failures = {gap.reason for block in standings.blocks for gap in block.missing if gap.reason}
    causes = {reason for reason in failures if not reason.startswith(NEEDS)}
    return Diagnosis(
        found,
        classifier,
        photographs=blocks.get((PICTURES, CLEAN)),
        sharp=blocks.get((SHARPER, CLEAN)),
        blurred=tuple(block for block in sharp if block.test_blur != CLEAN),
        remedies=rankings[0] if rankings else (),
        failures=tuple(sorted(causes or failures)),
    )


def write(found: Diagnosis, folder: Path) -> list[Path]:
    """The page and the JSON of a diagnosis; their paths."""
    from blurbench.board.render.page import styled

    shown = {"lines": found.look.summary.lines(), "blocks": found.blocks, "remedies": found.remedies}
    page = styled("diagnosis.html.jinja", facts=found.facts(), **shown)
    return write_all(folder, dict(zip(REPORT, (page, json.dumps(found.facts(), indent=1) + "\n"), strict=True)))
