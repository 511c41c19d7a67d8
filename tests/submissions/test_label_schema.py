"""What a board's labels mean."""

from __future__ import annotations

from blurbench.registry import Registry
from blurbench.store.store import Store
from blurbench.submissions.check import check as check_submission
from blurbench.submissions.installation import Installation
from blurbench.submissions.submission import open_submission
from tests.submissions.conftest import BOARD, manifest_of


def test_a_suite_that_is_not_installed_is_said_and_its_labels_must_be_used_as_most_records_do(
    store: Store, registry: Registry
) -> None:
    manifest = manifest_of(store)
    lines = list(manifest.lines)
    plain = next(at for at, line in enumerate(lines) if line["strategy"] == "plain")
    retrain = next(at for at, line in enumerate(lines) if line["strategy"] == "retrain")
    lines[plain], lines[retrain] = (
        lines[plain].model_copy(update={"key": lines[retrain].key}),
        lines[retrain].model_copy(update={"key": lines[plain].key}),
    )
    store.records.put_board(BOARD, manifest.model_copy(update={"suite": "unheard-of", "lines": lines}))
    notes = check_submission(
        held := open_submission(store.records.board_path(BOARD)), Installation(registry, store, ())
    )
    assert notes == ["suite unheard-of version 1 is not installed here, so what its labels mean was not checked"]
    assert len(held.refusals) == 2
    assert all(
        "strategy: " in refusal.reason and "not what the board calls" in refusal.reason for refusal in held.refusals
    )
