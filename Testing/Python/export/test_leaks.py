"""Forty-two leaks, planted into an export and found by a search of its own; planted into the source, and none leaves.

The search of exports of 20 sample and 10 real patients by all methods and policies: ``make prove-leaks``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deface_compare.output.finished_case import open_finished_case
from deface_compare.readers import read_case
from export_patient import METHOD, copied, export, source
from leak_search import GoneSkin, gone_skin, leaks
from planted_leaks import LEAKS, Target

pytestmark = [
    pytest.mark.xdist_group("export"),
    pytest.mark.filterwarnings("ignore:The value length"),  # one that is planted is longer than DICOM allows
]

REFUSED_BY_HASH = frozenset({"the dose as planned", "a dose that steps at the old skin"})
"""A source whose dose or image changed since it was compared is refused before anything is written."""


@pytest.fixture(scope="module")
def skin(exported_case: Path) -> GoneSkin:
    """What Quickshear took away."""
    finished = open_finished_case(exported_case, METHOD, "mask")
    image = finished.case.image("CT")
    return gone_skin(image.image, finished.patches["CT"].whole(image.image))


def test_a_sound_export_holds_nothing_that_the_search_finds(exported_case: Path, masked_export: Path, skin: GoneSkin) -> None:
    assert len(skin.points_mm) > 200  # measured 354
    assert leaks(masked_export, skin, source(exported_case)) == []


def test_the_source_itself_is_found(exported_case: Path, skin: GoneSkin) -> None:
    found = leaks(source(exported_case), skin, source(exported_case))
    for kind in ("a UID of the source", "voxels under the old skin", "contours follow", "the dose ends or steps"):
        assert any(kind in each for each in found), kind


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_planted_into_an_export_is_found(
    exported_case: Path, masked_export: Path, skin: GoneSkin, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "export"
    shutil.copytree(masked_export, folder)
    LEAKS[name](Target(folder, source(exported_case), skin))
    assert leaks(folder, skin, source(exported_case)) != []
    assert len(LEAKS) >= 30


IN_ODD_PLACES = tuple(
    name for name in LEAKS if name.startswith(("contours in a ", "contours below", "an arc's", "leaf positions"))
)
SLICE = tuple(dict.fromkeys((*tuple(LEAKS)[:: len(LEAKS) // 5], *IN_ODD_PLACES)))
"""The seeded slice of those planted into the source, and what no contour, dose or voxel check judges; the proof plants all."""


@pytest.mark.parametrize("name", SLICE)
def test_a_leak_planted_into_the_source_does_not_leave(
    exported_case: Path, skin: GoneSkin, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    original = source(exported_case)
    finished = copied(exported_case, tmp_path, lambda patient: LEAKS[name](Target(patient, original, skin)))
    code = export(finished, tmp_path / "export", "--accept-risk", "--dose-policy", "mask")
    if code == 0:
        assert leaks(tmp_path / "export", skin, tmp_path / "patient") == []
        assert len(read_case(tmp_path / "export", "x").images) == 3
    else:
        assert code == 2
        assert "deface-compare: " in capsys.readouterr().err
        assert not (tmp_path / "export").exists()
