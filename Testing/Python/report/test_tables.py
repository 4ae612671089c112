"""Tables of the report: what stands once, and what a heading explains."""

from __future__ import annotations

from deface_compare.measurement import metrics
from deface_compare.report.glossary import explained
from deface_compare.report.tables import Cell, ReportTable, with_n_once
from deface_compare.words import count


def table(*counts: int) -> ReportTable:
    cells = [Cell("0.5", small=f"[0.4,\u00a00.6] {count(n)}, 1 failed") for n in counts]
    return ReportTable("On CT", ("Method", *"ab"), ((Cell("x"), *cells),))


def test_n_stands_in_the_caption_where_all_cells_have_the_same_and_in_the_cells_where_not() -> None:
    once = with_n_once(table(6, 6))
    assert once is not None
    assert once.caption == "On CT, n\u00a06"
    assert [cell.small for cell in once.rows[0][1:]] == ["[0.4,\u00a00.6], 1 failed"] * 2
    assert with_n_once(table(6, 5)) == table(6, 5)
    assert with_n_once(None) is None


def test_a_heading_with_a_term_explains_it_and_others_do_not() -> None:
    assert explained("AUC, strongest attack").startswith("Chance that a defaced scan")
    assert explained("Face still seen") == metrics()["face_detected"].meaning
    assert explained("Structure") == ""
