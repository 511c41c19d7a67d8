"""The tables of a board's blocks."""

from tests.board.conftest import first
from tests.board.render.conftest import shown, table_with


def test_a_block_shows_top1_gain_and_what_it_does_to_sharp_images(simple):
    retrain, _ = table_with(shown(simple), "top-1 [95%]", "recovered % [95%]")
    assert retrain["top-1 [95%]"] == "80.0 [71.1, 86.7]"
    assert retrain["gain [95%]"] == "+30.0 [+20.2, +38.7]"
    assert retrain["clean (change)"] == "85.0 (~-5.0)"
    assert retrain["test blur was"] == "seen"


def test_costs_that_are_not_known_are_dashes(simple):
    text = shown(simple)
    takes = table_with(text, "MACs")
    assert {(row["MACs"], row["steps"], row["MB (256)"]) for row in takes} == {("-", "-", "-")}


def test_restored_psnr_and_observations_show_where_there_are_any(simple):
    assert "PSNR (blurred) |" not in shown(simple)
    simple.cell("gaussian-2", "unet", hits=first(70), metrics={"blurred_psnr": 22.07, "restored_psnr": 26.44})
    simple.cell("gaussian-2", "mask", hits=first(60), metrics={"observations": {"masked share": 0.123}})
    rows = {row["strategy"]: row for row in table_with(shown(simple), "restored PSNR (blurred)", "observed")}
    assert rows["unet"]["restored PSNR (blurred)"] == "26.4 (22.1)"
    assert rows["mask"]["observed"] == "masked share 0.123"


def test_missing_cells_are_told_once_for_each_reason(simple):
    for strategy in ("unet", "gan"):
        simple.failure("gaussian-2", strategy, "move", status="failed", reason="out of memory", log="logs/1.txt")
    simple.line("gaussian-2", "wiener")
    text = shown(simple)
    assert "- failed (out of memory, log logs/1.txt): unet on move; gan on move\n" in text
    assert "- not yet run: wiener\n" in text
    assert "- unet on move lacks dots none: not in the suite; dots gaussian-2: failed\n" in text
