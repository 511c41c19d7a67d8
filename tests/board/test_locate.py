"""Which board of a results folder is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from blurbench.board.locate import ACCURACY, ESTIMATION, board_at, board_in, measure_of
from blurbench.errors import UsageError
from blurbench.store.record import Line
from blurbench.store.store import Store
from tests.builders import Board, estimator_board


@pytest.fixture
def results(board: Board, tmp_path: Path) -> Store:
    """A folder with a board of classifiers and one of estimators."""
    board.cell("gaussian-2", "plain", hits="10")
    store, _ = board.stored(tmp_path / "results", "one")
    axes = {"estimator": "spectral", "dataset": "text", "test_blur": "ramp", "fitted_on": "", "split": ""}
    store.records.put_board("read", estimator_board([Line(key="ab" * 16, seed=0, labels=axes)]))
    return store


def test_a_folder_with_one_board_that_has_records_means_that(results: Store) -> None:
    assert board_in(results.root, None)[1] == board_at(results.root)[1] == "one"


def test_a_file_of_a_board_names_it(results: Store) -> None:
    store, name = board_at(results.root / "boards" / "read.json")
    assert (store.root, name) == (results.root, "read")


def test_of_several_the_one_of_the_wanted_kind_or_that_is_elsewhere_too_is_meant(board: Board, results: Store) -> None:
    board.stored(results.root, "two")
    with pytest.raises(UsageError, match="holds these boards: one, two; choose one with --board"):
        board_at(results.root)
    with pytest.raises(UsageError, match=r"name the board that you want; in .* there are: one, two"):
        board_in(results.root, None)
    assert board_at(results.root, elsewhere=["two", "three"])[1] == "two"
    assert board_at(results.root, measure=ESTIMATION)[1] == "read"


def test_what_is_no_board_of_the_wanted_kind_is_one_line(results: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is for boards of classifiers; read is of estimators"):
        board_at(results.root, "read", measure=ACCURACY)
    with pytest.raises(UsageError, match=r"no board 'three' in .*; there is: one, read"):
        measure_of(results, "three")
    with pytest.raises(UsageError, match="is no results folder and no board in one"):
        board_at(tmp_path)
    (results.root / "boards" / "one.json").write_text("{")
    with pytest.raises(UsageError, match="manifest of board 'one' is damaged"):
        measure_of(results, "one")
