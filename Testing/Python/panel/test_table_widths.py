"""The panel's tables are legible at any width: what is cut, broken, left out or put elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from deface_compare.measurement import Measurement, Scope
from panel_host import show_tab_of
from views_on_screen import settle

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]


NARROW_PIXELS = 466
"""A panel of 480 pixels with a scroll bar beside it."""
QUALITY, PRIVACY, VOLUME, DOSE = 4, 0, 1, 3
"""Entries of the list of tables."""


@pytest.mark.parametrize("panel_px", [400, NARROW_PIXELS])
def test_in_a_narrow_panel_no_table_of_four_methods_scrolls_sideways_and_what_is_cut_can_be_read(
    compared: Any, panel_widget: Any, panel_px: int
) -> None:
    rows = []
    for method in ("quickshear", "biometric_mask", "average_face", "surface_blur"):
        scope = Scope("case-001", method, "", "background", "none")
        rows += [
            scope.row(metric, defaced=1.0, image="CT")
            for metric in ("done_as_intended", "data_whole", "face_detected", "face_surface_moved_p95")
        ]
        rows.append(scope.row("feature_moved", defaced=3.0, image="CT", structure="forehead_and_brow"))
        for metric in ("own", "reference", "reconstructed"):
            rows.append(scope.missing(f"cosine_similarity_{metric}", "face not in field of view", image="CT"))
        for organ in ("Brain", "OpticChiasm", "Parotid_L", "Parotid_R"):
            rows += [
                scope.row(metric, original=62.66, defaced=-20.13, structure=organ, image="DOSE", dose_policy="mask", engine="x")
                for metric in ("Dmean", "V20Gy_percent", "V20Gy_cc")
            ]
    ui, size = compared.ui, panel_widget.parent.size
    compared.results.show(None, rows)
    show_tab_of(ui.resultTable)
    panel_widget.parent.resize(panel_px, size.height())
    settle()
    compared.results.refit()
    for domain in (PRIVACY, DOSE, QUALITY):
        ui.tableComboBox.setCurrentIndex(domain)
        slicer.app.processEvents()
        for table in (ui.summaryTable, ui.organTable, ui.resultTable):
            assert table.rowCount > 0
            assert table.horizontalScrollBar().maximum == 0
            assert sum(table.columnWidth(column) for column in range(table.columnCount)) <= table.viewport().width
            headings = [table.horizontalHeaderItem(column).toolTip() for column in range(table.columnCount)]
            for place in (index for index, heading in enumerate(headings) if heading in ("method", "structure", "measurement")):
                items = list(filter(None, (table.item(row, place) for row in range(table.rowCount))))
                assert all(item.text() in item.toolTip() for item in items)
            assert headings[-1] in ("worst organ", "Surface blur (CuratAI-style)")
        for table in (ui.summaryTable, ui.organTable):
            assert cut_headings(table) == []
    panel_widget.parent.resize(size)


def test_a_long_word_of_a_heading_goes_on_in_pieces_of_one_length() -> None:
    from DefaceCompareLib.panel.results.column_fit import broken

    assert broken("Quickshear", 9) == "Quick\nshear"
    assert broken("Biometric_\nmask", 6) == "Biome\ntric_\nmask"
    assert broken("Average\nface", 7) == "Average\nface"


@pytest.mark.parametrize("domain", [PRIVACY, DOSE, QUALITY])
def test_at_400_pixels_every_word_of_the_tables_behind_the_answer_is_whole_and_the_copy_keeps_its_columns(
    compared: Any, panel_widget: Any, domain: int
) -> None:
    ui, size = compared.ui, panel_widget.parent.size
    compared.results.show(None, images_and_structures())
    show_tab_of(ui.resultTable)
    panel_widget.parent.resize(400, size.height())
    settle()
    ui.tableComboBox.setCurrentIndex(domain)
    compared.results.refit()
    table = ui.resultTable
    seen = [number for number in range(table.columnCount) if not table.isColumnHidden(number)]
    assert sum(table.columnWidth(number) for number in seen) <= table.viewport().width
    width = table.fontMetrics().horizontalAdvance
    for number in seen:
        items = filter(None, (table.item(row, number) for row in range(table.rowCount)))
        for word in " ".join(item.text() for item in items).split():
            assert width(word) < table.columnWidth(number), word
    names = [table.item(row, 0).text() for row in range(0, table.rowCount, 2)]
    assert max(map(width, names)) < table.viewport().width
    compared.results.copy()
    headings, *lines = (line.split("\t") for line in slicer.app.clipboard().text().splitlines())
    assert len(lines) == len(names) > 1
    for line, name in zip(lines, names, strict=True):
        assert all(line[headings.index(each)] in name for each in ("image", "structure", "measurement") if each in headings)
    table.setCurrentCell(1, len(headings) - 1)
    of_numbers = compared.results._table.chosen
    table.setCurrentCell(0, len(headings) - 1)
    assert (
        of_numbers == compared.results._table.chosen == (lines[0][headings.index("structure")] if "structure" in headings else "")
    )
    panel_widget.parent.resize(size)


def images_and_structures() -> list[Measurement]:
    """Rows of two images and of structures with long names, some of them not available."""
    rows = []
    for method in ("quickshear", "biometric_mask", "average_face", "surface_blur"):
        scope = Scope("case-001", method, "", "background", "none")
        for image in ("CT", "MR_T1"):
            rows.append(scope.missing("cosine_similarity_reconstructed", "face not in field of view", image=image))
            rows.append(scope.row("cosine_similarity_own", defaced=-0.21, image=image))
            rows.append(scope.row("feature_moved", defaced=100.0, image=image, structure="forehead_and_brow"))
        for organ in ("Bone_Mandible", "Glnd_Submand_L"):
            rows += [
                scope.row(
                    metric, original=62.66, defaced=-20.13, structure=organ, image="DOSE", dose_policy="mask", engine=engine
                )
                for metric in ("Dmean", "V20Gy_percent")
                for engine in ("builtin", "SlicerRT-x2")
            ]
    return rows


def four_methods() -> list[Measurement]:
    """What a case with four methods, face scores and changed organs has: of the gate's questions every method answers yes."""
    rows = []
    for number, method in enumerate(("quickshear", "biometric_mask", "average_face", "surface_blur")):
        scope = Scope("case-001", method, "", "background", "none")
        told = {"done_as_intended": 1.0, "data_whole": 1.0, "target_altered_volume": 0.0, "face_detected": number % 2}
        told |= {"cosine_similarity_own": 0.1 * number, "cosine_similarity_reconstructed": 0.2 * number}
        rows += [scope.row(metric, defaced=value, image="CT") for metric, value in told.items()]
        rows.append(scope.row("feature_moved", defaced=3.0, image="CT", structure="forehead_and_brow"))
        for organ in ("Lens_R", "Bone_Mandible", "Cavity_Oral"):
            rows += [
                scope.row("intact_volume", original=10.0, defaced=0.0, structure=organ, image="CT"),
                scope.row("Dmean", original=5.2, defaced=4.9, structure=organ, image="DOSE", dose_policy="mask", engine="x"),
            ]
    return rows


def cut_headings(table: Any) -> list[str]:
    """Lines of the headings that are wider than their column, or all where Slicer may shorten them."""
    import qt

    measured, found = table.horizontalHeader().fontMetrics(), []
    for column_number in (each for each in range(table.columnCount) if not table.isColumnHidden(each)):
        lines = table.horizontalHeaderItem(column_number).text().split("\n")
        whole = table.horizontalHeader().textElideMode == qt.Qt.ElideNone
        found += [line for line in lines if not whole or measured.horizontalAdvance(line) > table.columnWidth(column_number)]
    return found


def cut_words(table: Any, headings: tuple[str, ...]) -> list[str]:
    """Words below these headings that are wider than their column."""
    measured, pad = table.fontMetrics(), 6
    found = []
    for column_number in range(table.columnCount):
        if table.horizontalHeaderItem(column_number).toolTip() in headings and not table.isColumnHidden(column_number):
            words = [word for row in range(table.rowCount) for word in table.item(row, column_number).text().split()]
            room = table.columnWidth(column_number) - pad
            found += [word for word in words if measured.horizontalAdvance(word) > room]
    return found


@pytest.mark.parametrize("panel_px", [460, 480, 540])
def test_the_summary_cuts_no_name_and_says_in_words_what_has_no_room(compared: Any, panel_widget: Any, panel_px: int) -> None:
    ui, size = compared.ui, panel_widget.parent.size
    compared.results.show(None, four_methods())
    show_tab_of(ui.summaryTable)
    for width in (panel_px, 900, panel_px):  # dragged wider and narrower while the tab is open
        panel_widget.parent.resize(width, size.height())
        settle()
        table = ui.summaryTable
        assert cut_words(table, ("method", "worst organ")) == []
        assert sum(table.columnWidth(each) for each in range(table.columnCount)) <= table.viewport().width
    hidden = [table.horizontalHeaderItem(each).toolTip() for each in range(table.columnCount) if table.isColumnHidden(each)]
    assert hidden
    for heading in hidden:
        told = {"restored": "restored: table Privacy", "target altered (cc)": "target altered (cc): 0.00, every method"}
        assert told.get(heading, f"{heading}: yes, every method") in ui.summaryNoteLabel.text.split("; ")
    assert not {"method", "left of face", "face seen", "similarity", "worst organ"} & set(hidden)  # these tell methods apart
    panel_widget.parent.resize(1200, size.height())
    settle()
    assert not any(table.isColumnHidden(each) for each in range(table.columnCount))
    assert not ui.summaryNoteLabel.visible
    panel_widget.parent.resize(size)


@pytest.mark.parametrize("panel_px", [400, 480])
def test_no_number_beside_a_bar_is_cut_however_narrow_the_panel(compared: Any, panel_widget: Any, panel_px: int) -> None:
    import qt

    ui, size = compared.ui, panel_widget.parent.size
    compared.results.show(None, four_methods())
    show_tab_of(ui.organTable)
    panel_widget.parent.resize(panel_px, size.height())
    settle()
    table = ui.organTable
    for place in range(1, table.columnCount):
        for row in range(table.rowCount):
            item = table.item(row, place)
            bar = item.data(qt.Qt.DecorationRole)
            needed = (bar.width() if bar is not None else 0) + table.fontMetrics().horizontalAdvance(item.text())
            assert needed < table.columnWidth(place), item.text()
    panel_widget.parent.resize(size)


@pytest.mark.parametrize("panel_px", [432, 450])  # the table is then as wide as in a panel of Slicer of 410 or 428 pixels
def test_beside_a_scroll_bar_no_word_of_four_methods_names_is_broken_above_the_organs(
    compared: Any, panel_widget: Any, panel_px: int
) -> None:
    ui, size = compared.ui, panel_widget.parent.size
    organs = ("Lens L", "Lens R", "Parotid R", "Oral Cavity", "Parotid L", "Eye L", "Eye R", "Mandible", "Optic nerve L")
    rows = []
    for method in ("quickshear", "biometric_mask", "average_face", "surface_blur"):
        scope = Scope("case-001", method, "", "background", "none")
        rows.append(scope.row("done_as_intended", defaced=1.0, image="CT"))
        rows += [scope.row("intact_volume", original=10.0, defaced=0.0, structure=organ, image="CT") for organ in organs]
    compared.results.show(None, rows)
    show_tab_of(ui.organTable)
    panel_widget.parent.resize(panel_px, size.height())
    settle()
    table = ui.organTable
    assert table.verticalScrollBar().visible
    words = [table.horizontalHeaderItem(place).text().split()[0] for place in range(table.columnCount)]
    assert words == ["organ", "Quickshear", "Biometric_", "Average", "Surface"]
    assert cut_headings(table) == []
    assert cut_words(table, ("organ",)) == []
    assert sum(table.columnWidth(place) for place in range(table.columnCount)) <= table.viewport().width
    panel_widget.parent.resize(size)


def test_names_are_whole_where_a_wide_panel_has_room_and_rows_are_one_line_high(compared: Any, panel_widget: Any) -> None:
    arms = ("quickshear", "biometric_mask", "average_face", "surface_blur", "eye_line", "mri_reface", "curatai")
    rows = [
        Scope("case-001", method, "", "background", "none").row(
            metric, original=20.0, defaced=19.0, structure=organ, image="DOSE", dose_policy="mask", engine="x"
        )
        for organ in ("InternalAuditoryCanal_L", "SubmandibularGland_R")
        for metric in ("V20Gy_percent", "Dmean")
        for method in arms
    ]
    ui, size = compared.ui, panel_widget.parent.size
    show_tab_of(ui.resultTable)
    panel_widget.parent.resize(900, size.height())
    slicer.app.processEvents()
    ui.tableComboBox.setCurrentIndex(DOSE)
    compared.results.show(None, rows)
    slicer.app.processEvents()
    table = ui.resultTable
    for index in range(2):
        metrics = table.fontMetrics()
        wanted = max(metrics.horizontalAdvance(table.item(row, index).text()) for row in range(table.rowCount))
        assert table.columnWidth(index) > wanted
    assert sum(table.columnWidth(index) for index in range(table.columnCount)) >= table.viewport().width - 20
    assert max(table.rowHeight(row) for row in range(table.rowCount)) < 2 * table.fontMetrics().height()
    panel_widget.parent.resize(size)


def test_of_more_methods_than_a_narrow_panel_has_room_for_those_that_changed_least_are_named_instead(
    compared: Any, panel_widget: Any
) -> None:
    arms = ("quickshear", "biometric_mask", "average_face", "surface_blur", "eye_line", "mri_reface", "curatai")
    rows = []
    for number, method in enumerate(arms):
        scope = Scope("case-001", method, "", "background", "none")
        rows.append(scope.row("done_as_intended", defaced=1.0, image="CT"))
        rows.append(scope.row("intact_volume", original=10.0, defaced=9.9 - 0.2 * number, structure="Lens_R", image="CT"))
    ui, size = compared.ui, panel_widget.parent.size
    compared.results.show(None, rows)
    show_tab_of(ui.organTable)
    panel_widget.parent.resize(400, size.height())
    settle()
    table = ui.organTable
    shown = [table.horizontalHeaderItem(at).toolTip() for at in range(table.columnCount) if not table.isColumnHidden(at)]
    assert table.horizontalScrollBar().maximum == 0
    assert (shown[0], shown[-1]) == ("organ", "CuratAI deidentifier")
    assert ui.organsLabel.text.endswith("; no room for Quickshear (ours), Biometric_mask (ours, from its description)")
    panel_widget.parent.resize(1200, size.height())
    settle()
    assert not any(table.isColumnHidden(at) for at in range(table.columnCount))
    assert "no room" not in ui.organsLabel.text
    panel_widget.parent.resize(size)
