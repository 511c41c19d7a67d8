"""Printed figures and claims, read from files."""

from __future__ import annotations

from pathlib import Path

from blurbench.papers.published import Anchor, Statement, anchors, statements

FIGURES = """id,seed,table,row,column,value,unit,true_value,note
s000.t3,000,Table 3,usps,blurry,1.33e-03,mse,1.33e-02,a tenth
s001.t1,001,Table 1,ViT,blurred,58.04,percent,,
"""
CLAIMS = """
[[claim]]
id = "s001.c1"
text = "masks help"
verdict = "holds"
[[claim]]
id = "s000.c1"
text = "another paper's"
verdict = "holds"
"""


def test_a_paper_gets_its_own_figures_and_claims(tmp_path: Path) -> None:
    figures, claims = tmp_path / "figures.csv", tmp_path / "claims.toml"
    figures.write_text(FIGURES)
    claims.write_text(CLAIMS)
    assert anchors(figures, "001") == (Anchor("s001.t1", "Table 1", "ViT", "blurred", 58.04, "percent", None, ""),)
    assert statements(claims, "001") == (Statement("s001.c1", "masks help", "holds"),)


def test_a_corrected_figure_is_the_one_to_compare_with(tmp_path: Path) -> None:
    figures = tmp_path / "figures.csv"
    figures.write_text(FIGURES)
    (blurry,) = anchors(figures, "000")
    assert (blurry.value, blurry.best) == (1.33e-03, 1.33e-02)
