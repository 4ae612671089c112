"""Names and kinds as people and programs write them: characters that no header tells, backslashes, other underscores."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from deface_compare.case import Structure
from deface_compare.readers import read_case
from deface_compare.readers.dicom.texts import as_utf8
from deface_compare.settings import Settings
from deface_compare.utility.baseline import ImageBaseline, RegionOnImage, utility_baseline
from dicom_set import head_hu, square, write_series, write_structures
from seg_file import write_segmentation
from slice_values import change

PLANES = [-21.0, -18.0, -15.0]


def drawn(half: float = 5.0, kind: str = "CLOSED_PLANAR") -> list[tuple[str, list[float]]]:
    return [(kind, square(8, 4, z, half)) for z in PLANES]


def structures(folder: Path) -> tuple[Structure, ...]:
    found = read_case(folder).structure_set
    assert found is not None
    return found.structures


@pytest.mark.parametrize(
    ("written", "stated"),
    [("ISO_IR 192", "ISO_IR 192"), ("ISO_IR 192", "          "), ("ISO_IR 192", "ISO_IR 100"), ("ISO_IR 192", "ISO_IR 999")],
)
@pytest.mark.parametrize(("name", "organ"), [("Großhirn", "Cerebrum"), ("脑", "Brain"), ("Mózg", ""), ("ствол мозга", "")])
@pytest.mark.filterwarnings("ignore:Unknown encoding")  # pydicom's, of ISO_IR 999
def test_a_name_in_utf_8_is_read_whatever_the_header_says_of_it(
    tmp_path: Path, written: str, stated: str, name: str, organ: str
) -> None:
    write_series(tmp_path, head_hu())
    path = write_structures(tmp_path / "rs.dcm", {name: drawn()}, extra={"SpecificCharacterSet": written})
    content = path.read_bytes()
    assert content.count(written.encode()) == 1
    path.write_bytes(content.replace(written.encode(), stated.encode()))
    (structure,) = structures(tmp_path)
    assert structure.name == name
    assert not organ or structure.standard_name == organ


@pytest.mark.parametrize("name", ["Großhirn", "Œil", "Ärzte", "¿Qué?", "脑", "Brain", "Ã", "cÃo"])
def test_a_name_that_was_read_rightly_stays(name: str) -> None:
    assert as_utf8(name) == name
    assert as_utf8(name.encode().decode("latin-1")) == name


def test_a_backslash_is_a_part_of_a_name(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_structures(tmp_path / "rs.dcm", {"PTV\\54": drawn(), "Brain": drawn()})
    assert [(each.name, each.group) for each in structures(tmp_path)] == [("PTV\\54", "ptv"), ("Brain", "brain")]


def test_a_segments_label_is_a_name_like_a_structures(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    path = write_segmentation(tmp_path / "seg.dcm", {"PTV\\54": head_hu() > 0})
    change([path], lambda data: setattr(data.SegmentSequence[0], "SegmentLabel", "Gro\u00c3\u009fhirn"))
    change([path], lambda data: setattr(data, "SpecificCharacterSet", "ISO_IR 192"))
    assert [each.standard_name for each in structures(tmp_path)] == ["Cerebrum"]


@pytest.mark.parametrize("missing", ["", "PatientBirthDate"])
def test_one_person_whose_name_is_in_utf_8_without_a_word_is_one(tmp_path: Path, missing: str) -> None:
    def name(data: pydicom.Dataset) -> None:
        data.SpecificCharacterSet, data.PatientName, data.PatientBirthDate = "ISO_IR 192", "Jürgen^Müller", "19500102"
        if missing:
            del data[missing]

    paths = [*write_series(tmp_path, head_hu()), write_structures(tmp_path / "rs.dcm", {"Brain": drawn()})]
    change(paths, name)
    paths[-1].write_bytes(paths[-1].read_bytes().replace(b"ISO_IR 192", b"          "))
    assert len(structures(tmp_path)) == 1


@pytest.mark.parametrize("kind", ["CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR", "closed_planar", "ClosedPlanar", "CLOSED PLANAR"])
@pytest.mark.filterwarnings("ignore:Invalid value for VR CS", "ignore:The value length")  # pydicom's, of other spellings
def test_closed_contours_are_known_by_other_spellings_of_their_kind(tmp_path: Path, kind: str) -> None:
    write_series(tmp_path, head_hu((12, 64, 64)))
    write_structures(tmp_path / "rs.dcm", {"Brain": drawn(6.0, kind) + drawn(3.0, kind)})
    baseline = utility_baseline(read_case(tmp_path), Settings()).images["CT"]
    assert isinstance(baseline, ImageBaseline)
    region = baseline.regions["Brain"]
    assert isinstance(region, RegionOnImage)
    ring_cc = (12.0**2 - 6.0**2) * 3 * len(PLANES) / 1000
    assert region.volumes.planned_cc == pytest.approx(ring_cc, rel=0.02)  # measured below 1e-6
