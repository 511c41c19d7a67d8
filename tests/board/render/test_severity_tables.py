"""The tables of severity."""

from tests.board.render.conftest import shown, table_with


def test_a_ladder_shows_the_severity_that_a_row_was_fitted_for(ladder):
    text = shown(ladder)
    assert "Top-1 at sigma of 1, 2, 4 pixels; bold where the predictor was fitted for it.\n" in text
    plain, retrain, wiener = table_with(text, "half at, pixels")
    assert [plain[name] for name in ("none", "1", "2", "4")] == ["90.0", "80.0", "50.0", "20.0"]
    assert (plain["half at, pixels"], plain["half at, % of side"]) == ("2.33", "11.7")
    assert retrain["2"] == "**80.0**"
    assert (retrain["half at, pixels"], retrain["half at, % of side"]) == (">4", ">20.0")
    assert wiener["strategy"] == "wiener (oracle)"


def test_corruption_errors_show_in_percent_of_the_references(ladder):
    plain, retrain, _ = table_with(shown(ladder), "mCE [95%]")
    assert (plain["mCE [95%]"], plain["relative mCE"]) == ("100.0 [100.0, 100.0]", "100.0")
    assert retrain["gaussian"] == "53"  # (15 + 20 + 45) / (20 + 50 + 80)
