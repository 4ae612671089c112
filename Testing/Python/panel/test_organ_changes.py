"""What a method costs the organs: worst first, by the sum that can be done by hand, in words and with a bar."""

from __future__ import annotations

import pytest

from deface_compare.measurement import Measurement, Scope
from panel_host import require_host

require_host().start()  # the panel's files import what only Slicer has

from DefaceCompareLib.panel.results.case_summary import case_summary  # noqa: E402
from DefaceCompareLib.panel.results.organ_changes import (  # noqa: E402
    grade_of,
    organ_changes,
    organ_table,
    unchanged_sentence,
    worst_organ,
)

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

SHEAR, BLUR = ("quickshear", ""), ("surface_blur", "")


def rows_of(method: str, dose: dict[str, tuple[float, float]], intact: dict[str, tuple[float, float]]) -> list[Measurement]:
    """Rows of one method: before and after by organ."""
    scope = Scope("case-001", method, "", "background", "none")
    rows = [scope.row("done_as_intended", defaced=1.0, image="CT"), scope.row("target_altered_volume", defaced=0.25, image="CT")]
    for organ, (before, after) in dose.items():
        where = {"structure": organ, "image": "DOSE", "engine": "builtin-slab-x4"}
        rows.append(scope.row("Dmean", original=before, defaced=before, dose_policy="keep", **where))
        rows.append(scope.row("Dmean", original=before, defaced=after, dose_policy="mask", **where))
        where["engine"] = "SlicerRT-x2"
        rows.append(scope.row("Dmean", original=before, defaced=0.0, dose_policy="mask", **where))
    for organ, (before, after) in intact.items():
        rows.append(scope.row("intact_volume", original=before, defaced=after, structure=organ, image="CT"))
    return rows


ROWS = [
    *rows_of(
        "quickshear",
        {"Eye_L": (20.0, 18.0), "Lens_L": (0.2, 0.15), "Brain": (10.0, 10.0), "PTV_60": (60.0, 30.0)},
        {"Eye_L": (8.0, 6.0), "Brain": (1300.0, 1300.0), "Parotid_L": (25.0, 24.9)},
    ),
    *rows_of("surface_blur", {"Eye_L": (20.0, 20.0), "Brain": (10.0, 10.0)}, {"Eye_L": (8.0, 7.6), "Brain": (1300.0, 1300.0)}),
]


def test_the_worst_organ_is_the_one_whose_dose_or_volume_changed_most_and_targets_are_none() -> None:
    changes = organ_changes(ROWS, "CT", "mask")
    assert list(changes) == [SHEAR, BLUR]
    assert "PTV_60" not in changes[SHEAR]
    eye = changes[SHEAR]["Eye_L"]
    # 18 of 20 Gy are 10 % less, 6 of 8 cc are 25 % less
    assert (eye.dmean_gy, eye.dmean_percent, eye.intact_percent) == pytest.approx((-2.0, -10.0, -25.0), abs=1e-9)
    assert eye.severity_percent == pytest.approx(25.0)
    assert (eye.words(), eye.short()) == ("Dmean −2.00 Gy, intact −25.0 %", "−25.0 %")
    worst = worst_organ(changes[BLUR])
    assert worst is not None
    assert worst.words() == "intact −5.0 %"
    assert worst_organ(organ_changes(rows_of("quickshear", {"Brain": (1.0, 1.0)}, {}), "CT", "mask")[SHEAR]) is None


def test_a_quarter_of_next_to_nothing_is_told_but_is_no_bad_dose() -> None:
    lens = organ_changes(ROWS, "CT", "mask")[SHEAR]["Lens_L"]
    assert lens.dmean_percent == pytest.approx(-25.0)
    assert lens.severity_percent == 0.0  # 0.05 Gy
    assert (lens.words(), lens.short()) == ("Dmean −0.05 Gy", "−0.05 Gy")


@pytest.mark.parametrize(
    ("percent", "grade"), [(0.0, "slight"), (0.9, "slight"), (1.0, "notable"), (5.0, "notable"), (5.1, "large")]
)
def test_grades_follow_the_published_limits(percent: float, grade: str) -> None:
    assert grade_of(percent) == grade


def test_only_changed_organs_are_listed_the_worst_first_with_their_planned_names() -> None:
    changes = organ_changes(ROWS, "CT", "mask")
    table = organ_table(changes, {"quickshear": "Quickshear (ours)"}, {"Eye_L": "Auge links"})
    assert table.headings == ("organ", "Quickshear (ours)", "surface_blur")
    assert table.structures == ("Eye_L", "Parotid_L", "Lens_L")
    assert [line[0].content for line in table.lines] == ["Auge links", "Parotid_L", "Lens_L"]
    bars = [line[1].bar for line in table.lines]
    assert [bar.grade for bar in bars if bar is not None] == ["large", "slight", "slight"]
    assert bars[0] is not None
    assert bars[0].share == 1.0
    assert table.lines[1][2].tip == "not measured"
    assert unchanged_sentence(changes, table.structures) == "3 of 4 organs changed, 1 did not"


def test_with_the_dose_kept_only_volumes_change() -> None:
    changes = organ_changes(ROWS, "CT", "keep")
    assert changes[SHEAR]["Eye_L"].words() == "intact −25.0 %"


def test_the_summary_answers_in_one_line_a_method() -> None:
    table = case_summary(ROWS, {}, {}, "mask")
    assert table.headings == ("method", "did as meant", "target altered (cc)", "worst organ")
    assert [str(cell.content) for cell in table.lines[0]][-2:] == ["0.25", "Eye_L: Dmean −2.00 Gy, intact −25.0 %"]
    assert table.lines[1][-1].content == "Eye_L: intact −5.0 %"
