"""An answer as text: a few sentences and a short table."""

from __future__ import annotations

from collections.abc import Sequence

from blurbench.board.advice import Advice, Option
from blurbench.board.match_blur import Outside
from blurbench.board.render.escape import one_line
from blurbench.board.render.formatting import gain, milliseconds, percent_in, points, seconds, whole_percent
from blurbench.board.render.tables import table
from blurbench.board.schema import CLEAN
from blurbench.errors import counted, listed

__all__ = ["text"]

MOST_ROWS = 6
MARKEDLY = 0.02
"""Two points of top-1 on sharp images."""


def text(advice: Advice) -> str:
    """Everything that is to be said, the answer first."""
    parts = [*_about(advice), _answer(advice)]
    if advice.best is not None:
        parts.append(_sureness(advice, advice.best))
    shown = list(advice.allowed[:MOST_ROWS])
    if shown:
        parts.append("\n" + _table(advice, shown) + "\n")
    if more := len(advice.allowed) - len(shown):
        parts.append("1 more row, which wins no more." if more == 1 else f"{more} more rows, which win no more.")
    if advice.ruled_out:
        named = [f"{one.row} ({points(one.gain.estimate)}; {', '.join(one.against)})" for one in advice.ruled_out]
        parts.append(f"Ruled out by what you ask: {_listed(named)}.")
    if advice.oracles:
        best = advice.oracles[0]
        parts.append(f"Out of competition, told the true PSF: {one_line(best.row)}, {gain(best.gain)} points.")
    return "\n".join([*parts, _times(advice), _unknown(advice)])


# --- which blur -----------------------------------------------------------------------------------------------------


def _about(advice: Advice) -> list[str]:
    answering = advice.answering
    if answering.is_exact:
        return []
    sensor = "" if answering.same_sensor else " Its noise and rounding are not yours."
    return [
        f"{one_line(answering.asked)} was not measured. This is about the nearest measured blur of its family, "
        f"{_blur(advice)}; the answer may be another at yours.{''.join(map(_beyond, answering.outside))}{sensor}"
    ]


def _beyond(outside: Outside) -> str:
    measured = f"{outside.low:g}" + (f" to {outside.high:g}" if outside.high > outside.low else "")
    name = one_line(outside.parameter)
    return f" Yours lies outside of what was measured: {name} {outside.asked:g}, measured {measured}."


def _blur(advice: Advice) -> str:
    name, meaning = advice.answering.test_blur, advice.answering.meaning
    return one_line(name if name == meaning else f"{name} ({meaning})")


def _is_sharp(advice: Advice) -> bool:
    return advice.answering.test_blur == CLEAN


# --- the answer -----------------------------------------------------------------------------------------------------


def _answer(advice: Advice) -> str:
    opening, best = _opening(advice), advice.best
    if best is None:
        return f"{opening} {_keep(advice)}"
    facts = [_wins(advice, best), *([] if _is_sharp(advice) else [_clean(best)]), _added(best)]
    facts.append(f"{best.fit_seconds:.3g} s of fitting on the measuring machine")
    requires = one_line(", ".join(best.requires)) or "nothing"
    told = f" Mind that it is flagged: {', '.join(map(one_line, best.flags))}." if best.flags else ""
    return f"{opening} Use {one_line(best.row)}: {', '.join(facts)}; it requires {requires}.{told}"


def _opening(advice: Advice) -> str:
    means = " (their mean)" if len(advice.datasets) > 1 else ""
    where = f"{one_line(', '.join(advice.datasets))}{means}, {one_line(advice.classifier)}"
    if _is_sharp(advice):
        return f"On sharp images of {where}: nothing is lost that could be won back."
    return f"Under {_blur(advice)} on {where}: {_cost(advice)}."


def _cost(advice: Advice) -> str:
    """What the blur costs the baseline."""
    loss, baseline = advice.loss, one_line(advice.baseline)
    if loss is None:
        return f"what it costs {baseline} is not measured"
    if loss.low > 0:
        return f"it costs {baseline} {percent_in(loss)} points of top-1"
    if loss.high < 0:
        return f"it costs {baseline} nothing, whose top-1 changes by {gain(-loss)} points"
    return f"what it costs {baseline} cannot be told from 0 ({gain(loss)} points of top-1, {_extent(advice)})"


def _wins(advice: Advice, best: Option) -> str:
    if best.recovered is None:  # nothing that is known to be lost
        return f"its top-1 is {gain(best.gain)} points above that of {one_line(advice.baseline)}"
    return f"it wins {gain(best.gain)} points back, {100 * best.recovered:.0f}% of them"


def _keep(advice: Advice) -> str:
    """Why there is nothing better than the baseline."""
    keep, guess = f"Keep {one_line(advice.baseline)}: ", advice.allowed[0] if advice.allowed else None
    if guess is None:
        return keep + _nothing_left(advice)
    wins = "surely does better" if _is_sharp(advice) else "surely wins anything back"
    if advice.ruled_out:
        keep += f"no remedy that you allow {wins}."
    else:
        keep += f"no remedy {wins}."
    if guess.gain.estimate > 0:
        more = "; more test images or seeds may tell" if advice.seeds < 3 else ""
        keep += f" The best guess is {one_line(guess.row)}, {gain(guess.gain)} points, not told from 0{more}."
    return keep


def _nothing_left(advice: Advice) -> str:
    if not advice.ruled_out:
        known = "no remedy that does without the true PSF" if advice.oracles else "no remedy"
        return f"{known} was measured here."
    shared = [one for one in advice.ruled_out[0].against if all(one in other.against for other in advice.ruled_out)]
    if len(advice.ruled_out) == 1 or not shared:
        return "what you ask rules out every remedy on this board."
    return f"what you ask rules out every remedy on this board: each {shared[0]}."


def _extent(advice: Advice) -> str:
    return f"{advice.images} test images, {counted(advice.seeds, 'seed')}"


def _clean(option: Option) -> str:
    change = option.clean_change
    if change is None:
        return "its effect on sharp images is not measured"
    if not change.excludes_zero:
        return f"no change on sharp images that can be told from 0 ({gain(change)})"
    return f"{gain(change)} points on sharp images"


def _added(option: Option) -> str:
    if option.added_ms is None:
        return "its time is not measured"
    shown = milliseconds(option.added_ms, "+")
    return "no more time an image" if float(shown) == 0 else f"{shown} ms an image"


# --- how sure -------------------------------------------------------------------------------------------------------

MET: dict[tuple[str, ...], str] = {
    ("seen",): "It had met this blur when fitted.",
    ("unseen severity",): "It had met this kind of blur when fitted, but not of these parameters.",
    ("unseen family",): "It had met no blur of this kind when fitted.",
    ("clean",): "",
}


def _sureness(advice: Advice, best: Option) -> str:
    extent = _extent(advice) + (", so intervals speak of images only" if advice.seeds == 1 else "")
    met = MET.get(best.exposure, f"Had it met this blur when fitted? By data set: {', '.join(best.exposure)}.")
    others = [one for one in advice.allowed if one != best]
    tied = [one for one in others if one.may_be_best]
    if not others:
        judged = f"no other row is there that you allow, and the gain is told from 0 ({extent})."
    elif not tied:
        judged = f"better than every other row that you allow (95% for all at once; {extent})."
    else:
        judged = f"it cannot be told from {_listed([one.row for one in tied])} (95% for all at once; {extent})."
        cheaper = [one for one in tied if _is_cheaper(one, best)]
        judged += f" Of these {one_line(cheaper[0].row)} is cheaper." if cheaper else ""
        judged += "" if _is_sharp(advice) else _kinder(tied, best)
    return f"How sure: {judged} {met}".rstrip()


def _kinder(tied: Sequence[Option], best: Option) -> str:
    """Which of them costs markedly less on sharp images, if one does."""
    told = [(one.clean_change, one) for one in tied if one.clean_change is not None]
    if not told or best.clean_change is None:
        return ""
    change, kindest = max(told, key=lambda pair: pair[0].estimate)
    if change.estimate < best.clean_change.estimate + MARKEDLY:
        return ""
    return f" Of these {one_line(kindest.row)} costs least on sharp images: {gain(change)} points."


def _is_cheaper(one: Option, best: Option) -> bool:
    """Markedly, in time at prediction or in fitting, and dearer in neither."""
    times = (one.added_ms or 0.0, best.added_ms or 0.0)
    dearer = times[0] > times[1] + 0.01 or one.fit_seconds > 1.2 * best.fit_seconds
    return not dearer and (times[0] < times[1] - 0.05 or one.fit_seconds < best.fit_seconds / 2)


# --- what else ------------------------------------------------------------------------------------------------------


def _table(advice: Advice, rows: Sequence[Option]) -> str:
    sharp = _is_sharp(advice)
    return table(
        rows,
        [
            ("remedy (=: may be best)", lambda one: one_line(one.row) + (" =" if one.may_be_best else "")),
            ("gain [95%]", lambda one: gain(one.gain)),
            ("recovered %", lambda one: "" if sharp else whole_percent(one.recovered)),
            ("sharp images [95%]", lambda one: "" if sharp else gain(one.clean_change)),
            ("added ms", lambda one: milliseconds(one.added_ms, "+")),
            ("fit s", lambda one: seconds(one.fit_seconds)),
            ("requires", lambda one: one_line(", ".join(one.requires))),
            ("this blur", lambda one: "" if sharp else ", ".join(one.exposure)),
            ("flags", lambda one: one_line(", ".join(one.flags))),
        ],
    )


def _times(advice: Advice) -> str:
    if not advice.timed_on:
        return "Milliseconds: none was measured."
    return f"Milliseconds are those of one image alone on {'; '.join(map(one_line, advice.timed_on))}."


def _unknown(advice: Advice) -> str:
    if not advice.not_measured:
        return "Not measured: nothing is missing on this board; other images, networks and blurs may answer otherwise."
    return f"Not measured: {_listed(advice.not_measured, '; ')}."


def _listed(names: Sequence[str], between: str = ", ") -> str:
    return listed([one_line(name, 200) for name in names], MOST_ROWS, between)
