"""A leaderboard as GitHub markdown: the same standings, the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from blurbench.board.pareto import MEANING
from blurbench.board.render.block_tables import details
from blurbench.board.render.escape import for_markdown, one_line
from blurbench.board.render.formatting import other_pictures, row_name
from blurbench.board.render.overall_tables import (
    equal_steps_section,
    extent,
    losses,
    ranking_section,
    shortened,
    unseen_section,
)
from blurbench.board.render.severity_tables import corruption_section, severity_section
from blurbench.board.render.tables import bullets
from blurbench.board.schema import Standings
from blurbench.errors import counted, listed

__all__ = ["render", "summary"]


def render(standings: Standings) -> str:
    """The whole board: overall rankings, what blur costs the baseline, severity, every block, a legend."""
    parts = [
        *_opening(standings),
        "## Overall",
        *(part for ranking in standings.rankings for part in ranking_section(ranking, standings.baseline)),
        f"## What blur costs {for_markdown(standings.baseline)}",
        losses(standings),
        *filter(None, [other_pictures([for_markdown(blur) for blur in standings.photographed])]),
        *unseen_section(standings),
        *equal_steps_section(standings),
        *severity_section(standings),
        *corruption_section(standings),
        *details(standings),
        "## Legend",
        _legend(standings),
    ]
    return "\n\n".join(parts) + "\n"


def summary(standings: Standings, lines: int = 60) -> str:
    """The overall rankings and what blur costs the baseline, for a terminal; under `lines` lines where that can be."""
    lost = losses(standings, one_line)
    spare = lines - lost.count("\n") - 8 - 8 * len(standings.rankings)
    most = max(3, spare // max(1, len(standings.rankings)))
    parts = [
        f"{one_line(standings.title)} ({_edition(standings, one_line)})",
        f"{_meaning_of_intervals(standings)}. Rows that share ranks cannot be told apart.",
    ]
    if told := [f"{flag[0].upper()}{flag[1:]}: {rows}" for flag, rows in _flagged(standings, one_line)]:
        parts.append("\n".join(told))
    for ranking in [ranking for ranking in standings.rankings if ranking.blurred_blocks]:
        parts.append(f"{one_line(ranking.classifier)}: mean gain over {extent(ranking)}, percentage points")
        parts.append(shortened(ranking, most))
    parts += [f"What blur costs {one_line(standings.baseline)}: top-1 in percent", lost]
    parts += filter(None, [other_pictures([one_line(blur) for blur in standings.photographed])])
    return "\n\n".join(parts) + "\n"


# --- opening -------------------------------------------------------------------------------------------------------


def _opening(standings: Standings) -> list[str]:
    budget = ", ".join(f"{name} {value}" for name, value in standings.budget_values.items() if value is not None)
    images = ", ".join(f"{for_markdown(name)} {n}" for name, n in standings.test_images.items()) or "none measured yet"
    facts = [
        f"{_edition(standings, for_markdown)}: {for_markdown(budget)}" if budget else _edition(standings, for_markdown),
        f"Test images: {images}",
        f"Seeds: {', '.join(map(str, standings.seeds))}. {_meaning_of_intervals(standings)}",
    ]
    facts += [f"**{flag[0].upper()}{flag[1:]}**: {rows}" for flag, rows in _flagged(standings, for_markdown)]
    if standings.unchecked:
        facts.append(
            f"Merged from others and not checked, as their data are not here: {counted(standings.unchecked, 'cell')}"
        )
    if standings.timed_on:
        facts.append(f"Milliseconds: {'; '.join(map(for_markdown, standings.timed_on))}")
    parts = [f"# {for_markdown(standings.title)}", bullets(facts)]
    if standings.commands:
        parts += ["To repeat it:", "\n".join("    " + one_line(command, 4000) for command in standings.commands)]
    return parts


def _flagged(standings: Standings, show: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Each flag, and the rows that have it."""
    for flag, rows in standings.flagged.items():
        named = [show(row_name(*key)) + _where(*counts) for key, counts in rows.items()]
        yield flag, listed(named, 6)


def _where(flagged: int, measured: int) -> str:
    if flagged == measured:
        return ""
    return f" (in {flagged} of {measured} tests)" if flagged else " (overall)"


def _edition(standings: Standings, show: Callable[[str], str]) -> str:
    return f"Suite {show(standings.suite)} version {standings.suite_version}, budget {show(standings.budget)}"


def _meaning_of_intervals(standings: Standings) -> str:
    if standings.images_only:
        return "One seed: intervals are 95%, over images only; fitting again may move a row by more"
    return "Intervals are 95%, over images and seeds"


# --- legend --------------------------------------------------------------------------------------------------------


def _legend(standings: Standings) -> str:
    baseline = for_markdown(standings.baseline)
    own = dict.fromkeys(map(for_markdown, standings.own_metrics), _OWN_METRIC)
    return bullets(f"**{term}**: {meaning.format(baseline=baseline)}" for term, meaning in {**_TERMS, **own}.items())


_OWN_METRIC = "a metric of a plugin's, see `blurbench ls metrics`: the mean over the images of which it says something."

_TERMS = {
    "top-1": "share of test images whose label is predicted, in percent.",
    "gain": "top-1 less that of {baseline}, same images and same seeds, in percentage points.",
    "[a, b]": "95% interval: Wilson's for a top-1, paired image by image and seed by seed for a gain. `~`: cannot be "
    "told from 0. Of shares (recovered, mCE) and of the calibration error by linearising them.",
    "rank": "the ranks that a row may truly have, such as 1-3: 95% for all rows of a table at once, from the paired "
    "differences of all pairs. Rows that share ranks cannot be told apart; their order is that of the estimates.",
    "front": MEANING[0].lower() + MEANING[1:],
    "flags": "near chance on sharp images: less than a tenth of the way from always saying the commonest label to "
    "being always right. Predicts one class: more than nine in ten images of a test get one label. Fit "
    "still improving: the last epoch lowered its validation loss by more than 1%. Cut short: a seed of it "
    "ran into the time limit. Unsteady over seeds: they span more than 10 points, and more than three "
    "times what those of the median other row do; its intervals promise too much, and it stands in no "
    "rank set.",
    "control": "a row to hold others against: a restorer that does nothing (identity), a deconvolver told a wrong PSF, "
    "Wiener's told the right one, the classifier alone with more steps.",
    "headroom": "the gain of the best row, chosen on test images.",
    "recovered": "gain as a share of what the blur costs {baseline}; `-` where that loss cannot be told from 0. "
    "Overall: the mean over blocks with something to recover.",
    "clean": "top-1 of the same predictor on images without blur, and its change against {baseline}.",
    "retained": "top-1 as a share of the same predictor's on images without blur.",
    "area": "mean top-1 from no blur to the ladder's last step, trapezia between the steps.",
    "half at": "where top-1 falls to half of the same predictor's without blur, interpolated; >: not on the ladder.",
    "CE, mCE, relative mCE": "errors over a corruption's severities as a share of the reference's; the mean over "
    "corruptions; the same with the errors that blur adds to those on clean images (Hendrycks & Dietterich 2019).",
    "seen, unseen": "whether the predictor met the test blur in training: its family with these parameters, its family "
    "with others (unseen severity), or neither (unseen family).",
    "knows": "what the remedy is told about the blur. Rows that know the true PSF do not rank.",
    "requires": "what a user must have to apply it.",
    "calibration error": "mean gap between confidence and top-1 over 15 bins of confidence, in percent.",
    "log loss, Brier": "of all probabilities: the mean negative logarithm of that of the true label, in nats; the mean "
    "squared distance from the true label, from 0 to 2.",
    "sure half": "top-1 over the half of the images with the highest confidence.",
    "worst class": "the lowest top-1 of any class, and its label.",
    "churn": "images that the same predictor gives another label without blur, in percent.",
    "restored PSNR, SSIM (blurred)": "likeness to the clean image, in dB and up to 1, after and before the restorer.",
    "fit s": "seconds to fit everything that the predictor needs. Overall: the mean over data sets.",
    "images seen, steps": "images and optimiser steps of everything that was fitted for the predictor. Overall: "
    "steps as a multiple of those of {baseline}.",
    "MACs": "multiply-accumulates an image at prediction.",
    "ms (1), ms (256)": "milliseconds an image takes alone, and in a batch of 256; added: more than {baseline} takes.",
    "MB (256)": "memory that predicting a batch of 256 takes.",
    "observed": "what the remedy says of itself, a mean over the test images: masked_share, the share of patches left "
    "out.",
    "block": "one data set, classifier and test blur; something to recover: {baseline} surely loses by that blur.",
    "overall": "every blurred block weighs the same; the data sets are fixed, so intervals do not speak of others.",
}
