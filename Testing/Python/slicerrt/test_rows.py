"""SlicerRT's rows where nothing was defaced: its own planned number, never the built-in engine's under its name."""

from __future__ import annotations

import math

import pytest

from deface_compare.measurement import FAILED, Scope

pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

from DefaceCompareLib.slicerrt import rows  # noqa: E402


@pytest.mark.parametrize(("original", "known", "told"), [(40.0, {"Larynx": "outside"}, math.nan), (math.nan, {}, math.nan)])
def test_a_row_without_a_defaced_dose_takes_no_number_of_the_other_engine(original: float, known: rows.Dvhs, told: float) -> None:
    builtin = Scope("c", "m", "", "background", "none").missing(
        "Dmean", "no face", original=original, image="DOSE", structure="Larynx", dose_policy="mask", status=FAILED
    )
    twin = rows.twin_row(builtin, known, known, {}, {})
    assert (twin.engine, twin.status, twin.note) == (rows.ENGINE, FAILED, "no face")
    assert math.isnan(twin.original) == math.isnan(told)
