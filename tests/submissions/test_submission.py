"""What is read of what somebody sends."""

from __future__ import annotations

from pathlib import Path

from blurbench.store.store import Store
from blurbench.submissions.submission import open_submission
from tests.submissions.conftest import first


def test_a_link_in_a_results_folder_is_not_followed(store: Store, tmp_path: Path) -> None:
    path = store.records.path(first(store).key)
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    (refusal,) = open_submission(store.root).refusals
    assert (refusal.file, refusal.reason) == (path.relative_to(store.root).as_posix(), "a link to another file")
