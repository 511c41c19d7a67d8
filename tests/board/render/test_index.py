"""The front page of a folder of published boards."""

from json import dumps as json_text

from blurbench.board.render import export, index, markdown


def test_boards_come_first_with_their_leaders_and_other_reports_by_their_heading(board, tmp_path):
    board.title = "Mini <board>"
    for strategy, right in (("plain", 4), ("retrain", 9)):
        board.cell("none", strategy, "" if strategy == "plain" else "gaussian-2", hits="1" * 10)
        board.cell(
            "gaussian-2", strategy, "" if strategy == "plain" else "gaussian-2", hits="1" * right + "0" * (10 - right)
        )
    result = board.standings()
    (tmp_path / "mini.md").write_text(markdown.render(result))
    (tmp_path / "mini.json").write_text(export.render(result))
    (tmp_path / "mini.html").write_text("a page")
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "a.md").write_text("# A paper\n")
    documents = index.published(tmp_path, {})
    assert [one.path for one in documents] == ["mini.md", "papers/a.md"]
    text = index.markdown(documents)
    assert "**[Mini &#60;board&#62;](mini.md)** ([web page](mini.html))" in text
    assert "- cnn3: retrain on gaussian-2 +50.0" in text
    assert "**[A paper](papers/a.md)**" in text
    assert "Mini &lt;board&gt;" in index.html(documents)
    assert "may be best" not in text
    (tmp_path / "README.md").write_text(text)
    assert index.published(tmp_path, {}) == documents


def test_all_rows_that_may_be_best_are_named_the_baseline_too(board):
    for blur, right in (("none", 90), ("gaussian-2", 50)):
        board.cell(blur, "plain", hits="1" * right + "0" * (100 - right))
        board.cell(blur, "retrain", "gaussian-2", hits="1" * (right + 1) + "0" * (99 - right))
    document = index.Published("mini.md", "Mini", board.standings())
    (leader,) = document.leaders
    assert leader.startswith("cnn3: 2 rows may be best: retrain on gaussian-2 +1.0 [")
    assert leader.endswith("], plain (the baseline)")


def test_code_in_the_heading_of_a_report_is_code_on_the_page_too(tmp_path):
    (tmp_path / "probe.md").write_text("# How wrong `blurbench probe` is, 1 &#60; 2\n")
    text = index.html(index.published(tmp_path, {}))
    assert "How wrong <code>blurbench probe</code> is, 1 &lt; 2</a>" in text


def test_a_board_of_estimators_stands_among_boards_with_what_it_was_measured_on(tmp_path):
    cells = [{"dataset": "text", "pictures": 2, "estimator": name} for name in ("constant", "spectral", "constant")]
    heading = {"measure": "blur-estimation", "suite": "reading", "suite_version": 1, "budget": "quick"}
    (tmp_path / "reading.json").write_text(json_text({**heading, "cells": cells}))
    (tmp_path / "a-report.json").write_text(json_text({"measure": "blur-estimation", "cells": 3}))
    for name in ("a-report", "reading"):
        (tmp_path / f"{name}.md").write_text(f"# All about {name}\n")
    documents = index.published(tmp_path, {})
    assert [one.path for one in documents] == ["reading.md", "a-report.md"]
    assert documents[0].facts == "suite reading version 1, budget quick; 2 estimators; text (2 pictures)"
    assert documents[1].facts == ""
    assert "suite reading version 1" in index.html(documents)
