"""What is asked of results of estimators alone."""

from __future__ import annotations

from contextlib import suppress

from blurbench.contract import Estimator
from blurbench.errors import RecordError, Skip, UsageError
from blurbench.registry import Registry, label
from blurbench.results.estimation import Board, Estimation, Measured
from blurbench.results.known import Known
from blurbench.results.recall import recall_estimation, sampling_of
from blurbench.results.record import Part
from blurbench.results.terms import Terms, check_facts, meanings, shown
from blurbench.suites.axes import Named
from blurbench.suites.edition import content_digest
from blurbench.suites.estimation import EstimationSuite, find_estimation, named_on
from blurbench.suites.plan import Data

__all__ = ["check_estimation", "terms_of_estimations"]

ROUNDING = 1e-4
"""Of sigma in pixels: maps are computed in single precision."""


def check_estimation(record: Estimation, known: Known) -> None:
    """A measured record against the plugins and the pictures. Raises RecordError, or Unavailable without them."""
    assert record.measured is not None
    data = {axis: known.data(known.registry.resolve("datasets", part.spec)) for axis, part in _pictures(record)}
    tested_on = data["tested_on"]
    if record.data_fingerprint not in ("", tested_on.fingerprint):
        raise RecordError(f"data_fingerprint: not that of the data set {record.tested_on.label} that is here")
    estimator: Estimator = known.registry.resolve("estimators", record.estimator.spec)
    _check_counts(record, estimator, tested_on, known)
    _check_answers(record.measured, estimator)
    if (sigma := record.sigma) is not None:
        _check_uniform(record.measured, estimator, sigma)
    try:
        task = recall_estimation(known.registry, record, known.data, known.samplings)
    except Skip as reason:
        raise RecordError(f"this cell cannot be had: {reason}") from None
    facts = dict(task.job["record"])
    if not record.data_fingerprint:  # older records do not say them
        del facts["data_fingerprint"]
    if record.sampling is None:
        del facts["sampling"]
    check_facts(record, facts)


def _pictures(record: Estimation) -> list[tuple[str, Part]]:
    return [(axis, part) for axis, part in record.parts().items() if record.AXES[axis] == "datasets"]


def _check_counts(record: Estimation, estimator: Estimator, data: Data, known: Known) -> None:
    assert record.measured is not None
    measured, window = record.measured, estimator.window
    pictures = len(known.labels(data, record.budget.get("test_images")))
    if measured.pictures != pictures:
        raise RecordError(f"measured.pictures: {measured.pictures}, but {record.tested_on.label} has {pictures} here")
    allowed = {record.sampling.stride if record.sampling else measured.stride, window}
    if measured.stride not in allowed:
        raise RecordError(f"measured.stride: {measured.stride}, neither the suite's nor a whole window of {window}")
    rows, columns = (max(0, (side - window) // measured.stride + 1) for side in (data.shape.height, data.shape.width))
    if measured.readings != pictures * rows * columns:
        raise RecordError(
            f"measured.readings: {measured.readings}, but {pictures} pictures of {data.shape.height}x"
            f"{data.shape.width} pixels have {pictures * rows * columns} windows"
        )


def _check_answers(measured: Measured, estimator: Estimator) -> None:
    if (measured.accuracy is None) != (estimator.answers is None):
        kind = "any value" if estimator.answers is None else "certain values alone"
        raise RecordError(f"measured.accuracy: {measured.accuracy}, of an estimator that answers {kind}")
    if measured.raw.mse < measured.oracle_mse - ROUNDING:
        raise RecordError(
            f"measured.raw: an mse of {measured.raw.mse:.4g}, below {measured.oracle_mse:.4g} of the best answers that "
            "this estimator can give"
        )


def _check_uniform(measured: Measured, estimator: Estimator, sigma: float) -> None:
    """Where sigma is the same everywhere, what the truth alone decides is known."""
    low, high = estimator.limits
    best = min(estimator.answers or (min(max(sigma, low), high),), key=lambda answer: abs(answer - sigma))
    for name, right in (("mean_answer_mse", 0.0), ("oracle_mse", (best - sigma) ** 2)):
        if abs((stated := getattr(measured, name)) - right) > ROUNDING:
            raise RecordError(f"measured.{name}: {stated:.4g}, but under one sigma of {sigma:g} it is {right:.4g}")
    for name in ("raw", "smoothed"):
        bias = getattr(measured, name).bias
        if not low - sigma - ROUNDING <= bias <= high - sigma + ROUNDING:
            raise RecordError(f"measured.{name}.bias: {bias:.4g}, of an estimator that answers {low:g} to {high:g}")


# --- a board --------------------------------------------------------------------------------------------------------


def terms_of_estimations(board: Board, registry: Registry) -> Terms | None:
    """By the suite under the board's budget as it is installed here; None where it is not, or in another version.
    Raises RecordError where the board is not of its suite. An estimator that the suite does not have is called by its
    own expression."""
    for line in board.lines:
        if not line.fitted_on and (line.split or line.seed):
            raise RecordError(f"lines: {shown(line.estimator)!r} is fitted on nothing, but has a split or a seed")
    found = find_estimation(registry, board.suite) if board.suite in registry.entries["suites"] else None
    if found is None or found.version != board.suite_version:
        return None
    suite = found.under(board.budget.partition("[")[0])
    if content_digest(suite, board.budget_values) != board.content:
        raise RecordError(f"content: not that of suite {suite.name} version {suite.version} under this budget")
    if strange := next((line.split for line in board.lines if line.split not in ("", *suite.splits)), None):
        raise RecordError(f"lines: {shown(strange)!r} is no split of the suite")
    values = {
        "estimator": [*named_on(registry, suite, "estimators", suite.estimators), *_own(board, registry, suite)],
        "fitted_on": named_on(registry, suite, "datasets", suite.fitted_on),
        "tested_on": named_on(registry, suite, "datasets", suite.tested_on),
        "blur": named_on(registry, suite, "blurs", suite.blurs),
    }
    return Terms(meanings(registry, values), {"sampling": sampling_of(suite)})


def _own(board: Board, registry: Registry, suite: EstimationSuite) -> list[Named]:
    """Estimators on the board that the suite does not have, as far as they are installed and called as they are."""
    known = {named.label for named in named_on(registry, suite, "estimators", suite.estimators)}
    found = []
    for name in dict.fromkeys(line.estimator for line in board.lines if line.estimator not in known):
        with suppress(UsageError):  # its records are refused for it
            plugin = registry.resolve("estimators", name)
            if label(registry, plugin) == name:
                found.append(Named(name, plugin, registry.name_of(plugin)))
    return found
