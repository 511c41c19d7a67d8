"""`blurbench advise`: which remedy for this blur?"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.cli import options
from blurbench.cli.board import board_at, records_of, timings_of
from blurbench.discovery import discover
from blurbench.errors import UsageError
from blurbench.leaderboard.escape import one_line

if TYPE_CHECKING:  # numpy: not for --help
    from blurbench.leaderboard.advice import Advice, Option
    from blurbench.metrics.intervals import Interval

__all__ = ["advise"]

MOST_ROWS = 6


def advise(
    blur: Annotated[str, typer.Option(help="The blur that you have: gaussian[sigma=2], or the board's name for it.")],
    board: Annotated[
        str | None, typer.Option(help="Name of a board in the results folder, or FOLDER/boards/NAME.json.")
    ] = None,
    out: options.Out = Path("blurbench-results"),
    dataset: Annotated[str | None, typer.Option(help="The data set most like your images [all].")] = None,
    classifier: Annotated[str | None, typer.Option(help="Only this classifier.")] = None,
    budget_ms: Annotated[
        float | None, typer.Option(min=0, help="The most that a remedy may add to the time of one image.")
    ] = None,
    no_fit: Annotated[bool, typer.Option("--no-fit", help="Nothing may be fitted: keep the classifier.")] = False,
    keep_clean: Annotated[
        str | None, typer.Option(help="The most points that it may cost on sharp images: 1%.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON; fractions, not percent.")] = False,
) -> None:
    """Answer from a board which remedy to use: what it wins, costs and requires, how sure, and what is not known."""
    from blurbench.leaderboard.advice import Question, advise

    question = Question(blur, dataset, classifier, budget_ms, no_fit, _points(keep_clean))
    is_path = board is not None and board.endswith(".json")
    store, name = board_at(Path(board or "") if is_path else out, None if is_path else board)
    manifest, records = records_of(store, name)
    answers = advise(discover(), manifest, records, timings_of(store, records), question)
    if as_json:
        typer.echo(json.dumps({"board": name, "answers": [asdict(one) for one in answers]}, indent=1))
    else:
        typer.echo("\n\n".join(_text(one) for one in answers))


def _points(text: str | None) -> float | None:
    """`1%` or `1` as a fraction."""
    if text is None:
        return None
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise UsageError(f"--keep-clean {text}: give percentage points, such as 1%")
    return number / 100


# --- text -----------------------------------------------------------------------------------------------------------


def _text(advice: Advice) -> str:
    parts = [*_about(advice), _sentence(advice)]
    if advice.best is not None:
        parts.append(_sureness(advice))
    shown = list(advice.allowed[:MOST_ROWS])
    if shown:
        parts.append("\n" + _table(shown) + "\n")
    if more := len(advice.allowed) - len(shown):
        parts.append("1 more row wins less." if more == 1 else f"{more} more rows win less.")
    if advice.ruled_out:
        named = [f"{one.row} ({_signed(one.gain)}; {', '.join(one.against)})" for one in advice.ruled_out[:MOST_ROWS]]
        parts.append(f"Ruled out by what you ask: {_listed(named, len(advice.ruled_out))}.")
    if advice.oracles:
        best = advice.oracles[0]
        parts.append(f"Out of competition, told the true PSF: {one_line(best.row)} wins {_signed(best.gain)}.")
    parts.append(_unknown(advice))
    return "\n".join(parts)


def _about(advice: Advice) -> list[str]:
    answering = advice.answering
    if answering.is_exact:
        return []
    return [
        f"{one_line(answering.asked)} was not measured. This is about the nearest measured blur of its family, "
        f"{_blur(advice)}; the answer may be another at yours."
    ]


def _blur(advice: Advice) -> str:
    name, meaning = advice.answering.test_blur, advice.answering.meaning
    return one_line(name if name == meaning else f"{name} ({meaning})")


def _sentence(advice: Advice) -> str:
    best = advice.best
    where = one_line(f"{', '.join(advice.datasets)}, {advice.classifier}")
    opening = f"Under {_blur(advice)} on {where}: {_cost(advice)}."
    if best is None:
        return f"{opening} {_nothing_sure(advice)}"
    share = f", {100 * best.recovered:.0f}% of them" if best.recovered is not None else ""
    return (
        f"{opening} Use {one_line(best.row)}: it wins {_interval(best.gain)} points back{share}, {_clean(best)}, "
        f"{_added(best)}, {best.fit_seconds:.3g} s of fitting on the measuring machine; "
        f"it requires {one_line(', '.join(best.requires)) or 'nothing'}."
    )


def _cost(advice: Advice) -> str:
    """What the blur costs the baseline."""
    loss, baseline = advice.loss, one_line(advice.baseline)
    if loss is None:
        return f"what it costs {baseline} is not measured"
    if loss.low > 0:
        return f"it costs {baseline} {_interval(loss)} points of top-1"
    return f"what it costs {baseline} cannot be told from 0 ({_interval(loss)} points of top-1, {_extent(advice)})"


def _nothing_sure(advice: Advice) -> str:
    text = f"Keep {one_line(advice.baseline)}: no remedy that you allow surely wins anything back."
    if advice.allowed and (guess := advice.allowed[0]).gain.estimate > 0:
        more = "; more seeds may tell" if advice.seeds < 3 else ""
        text += f" The best guess is {one_line(guess.row)}, {_interval(guess.gain)} points, not told from 0{more}."
    return text


def _extent(advice: Advice) -> str:
    return f"{advice.images} test images, {advice.seeds} seed{'s' * (advice.seeds > 1)}"


def _clean(option: Option) -> str:
    if option.clean_change is None:
        return "its effect on sharp images is not measured"
    change = option.clean_change
    if not change.excludes_zero:
        return f"no change on sharp images that can be told from 0 ({_interval(change)})"
    return f"{_interval(change)} points on sharp images"


def _added(option: Option) -> str:
    return "its time is not measured" if option.added_ms is None else f"{option.added_ms:+.2f} ms an image"


def _sureness(advice: Advice) -> str:
    assert advice.best is not None
    extent = _extent(advice) + (", so intervals speak of images only" if advice.seeds == 1 else "")
    tied = [one for one in advice.allowed if one.may_be_best and one != advice.best]
    met = f"It {'had met this blur' if advice.best.exposure == ('seen',) else 'had not met just this blur'} when fitted"
    if not tied:
        return f"How sure: better than every other row that you allow (95% for all at once; {extent}). {met}."
    named = [one.row for one in tied[:MOST_ROWS]]
    cheaper = [one for one in tied if _is_cheaper(one, advice.best)]
    cheap = f" Of these {one_line(cheaper[0].row)} is cheaper." if cheaper else ""
    return (
        f"How sure: it cannot be told from {_listed(named, len(tied))} (95% for all at once; {extent}).{cheap} {met}."
    )


def _is_cheaper(one: Option, best: Option) -> bool:
    """Markedly, in time at prediction or in fitting, and dearer in neither."""
    times = (one.added_ms or 0.0, best.added_ms or 0.0)
    dearer = times[0] > times[1] + 0.01 or one.fit_seconds > 1.2 * best.fit_seconds
    return not dearer and (times[0] < times[1] - 0.05 or one.fit_seconds < best.fit_seconds / 2)


def _unknown(advice: Advice) -> str:
    if not advice.not_measured:
        return "Not measured: nothing is missing on this board; other images, networks and blurs may answer otherwise."
    return f"Not measured: {_listed(list(advice.not_measured[:MOST_ROWS]), len(advice.not_measured), '; ')}."


def _listed(named: list[str], count: int, between: str = ", ") -> str:
    more = f" and {count - len(named)} more" if count > len(named) else ""
    return between.join(one_line(name, 200) for name in named) + more


def _interval(interval: Interval) -> str:
    from blurbench.leaderboard.wording import gain

    return gain(interval)


def _signed(interval: Interval) -> str:
    return f"{100 * interval.estimate:+.1f}"


def _table(rows: list[Option]) -> str:
    from blurbench.leaderboard.tables import table
    from blurbench.leaderboard.wording import gain, milliseconds, seconds, whole_percent

    return table(
        rows,
        [
            ("remedy (=: may be best)", lambda one: one_line(one.row) + (" =" if one.may_be_best else "")),
            ("gain [95%]", lambda one: gain(one.gain)),
            ("recovered %", lambda one: whole_percent(one.recovered)),
            ("sharp images [95%]", lambda one: gain(one.clean_change)),
            ("added ms", lambda one: milliseconds(one.added_ms, "+")),
            ("fit s", lambda one: seconds(one.fit_seconds)),
            ("requires", lambda one: one_line(", ".join(one.requires))),
            ("this blur", lambda one: ", ".join(one.exposure)),
        ],
    )
