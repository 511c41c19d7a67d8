"""From outcomes to a board's numbers: paired gains, intervals, ranks. Runs nothing, reads no file."""

from __future__ import annotations

from dataclasses import asdict

from blurbench.board.blocks import block
from blurbench.board.corruptions import corruption_tables
from blurbench.board.outcomes import Outcomes, stored_outcomes
from blurbench.board.ranking import ranking
from blurbench.board.schema import CLEAN, Standings
from blurbench.board.severity import severity_sweeps, sweep_steps
from blurbench.errors import UnknownName, UsageError, listed
from blurbench.store.store import Store

__all__ = ["Standings", "standings", "stored_standings"]


def stored_standings(store: Store, board: str) -> Standings:
    """Of a stored board of classifiers."""
    return standings(stored_outcomes(store, board))


def standings(outcomes: Outcomes, baseline_classifier: str | None = None) -> Standings:
    """The board of `outcomes`.

    Corruption errors are shares of the baseline strategy's with `baseline_classifier`, or with each row's own
    classifier where that is None. Raises UsageError where that reference is not on the board or lacks a cell.
    """
    if baseline_classifier is not None:
        _check_reference(outcomes, baseline_classifier)
    heading, keys = asdict(outcomes.heading), list(outcomes.rows)
    rows = [row for _, _, row in outcomes.each_row()]
    blocks = tuple(block(key, outcomes) for key in keys)
    sweeps = list(sweep_steps(outcomes.blurs))
    classifiers = tuple(dict.fromkeys(key.classifier for key in keys))
    seeds = {seed for row in rows for seed in row.seeds} | {gap.seed for row in rows for gap in row.missing}
    names = [name for name in heading["test_blurs"] if name != CLEAN and not outcomes.is_photographed(name)]
    return Standings(
        **heading,
        datasets=tuple(dict.fromkeys(key.dataset for key in keys)),
        classifiers=classifiers,
        seeds=tuple(sorted(seeds)),
        test_images={
            f"{block.dataset} ({block.test_blur})" if outcomes.is_photographed(block.test_blur) else block.dataset: len(
                row.first.correct
            )
            for block, _, row in outcomes.each_row()
            if row.cells
        },
        timed_on=tuple(sorted({cell.timed_on for row in rows for cell in row.cells.values()} - {""})),
        rankings=tuple(ranking(classifier, outcomes, blocks) for classifier in classifiers),
        blocks=blocks,
        images_only=len(seeds) == 1,
        meanings={name: facts.meaning for name, facts in outcomes.blurs.items() if facts.measured},
        sweeps=tuple(severity_sweeps(sweeps, blocks, outcomes)),
        corruptions=tuple(corruption_tables(names, sweeps, blocks, outcomes, baseline_classifier)),
    )


def _check_reference(outcomes: Outcomes, classifier: str) -> None:
    """A reference that is stated must be there, in full."""
    known = dict.fromkeys(key.classifier for key in outcomes.rows)
    if classifier not in known:
        raise UnknownName("classifier on this board:", classifier, known)
    own = [(key, rows) for key, rows in outcomes.rows.items() if key.classifier == classifier]
    baseline = outcomes.baseline
    reference = [(key, rows[baseline]) for key, rows in own if baseline is not None and baseline in rows]
    lacking = [f"{key.dataset} {key.test_blur}, seed {gap.seed}" for key, row in reference for gap in row.missing]
    if not reference or lacking:
        what, heading = listed(lacking, 1) or "every cell", outcomes.heading
        again = heading.commands[-1] if heading.commands else f"blurbench run --suite {heading.suite}"
        raise UsageError(
            f"no corruption errors against {heading.baseline} of {classifier}: it lacks {what}; measure it "
            f"with `{again}`, or name another baseline classifier"
        )
