"""The exported images of a small patient: stored integers, UIDs, marks, compressed and hidden content."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    RLELossless,
)

from deface_compare.case_report import CaseReport
from deface_compare.cli.main import main
from deface_compare.export import export_case as export_module
from deface_compare.export.manifest import wrong_files
from deface_compare.version import __version__
from export_patient import METHOD, STUDY, copied, edit, export, manifest, objects

pytestmark = pytest.mark.xdist_group("export")

SECRETS = {
    "icon": b"ICON-OF-THE-FACE" * 64,
    "overlay": b"OVERLAY-OF-FACE!" * 64,
    "private element": b"PRIVATE-THUMBNAIL" * 64,
    "preamble": b"PREAMBLE-OF-FACE" * 8,
    "trailing padding": b"PADDING-WITH-FACE!" * 64,
    "pixels in a sequence": b"NESTED-PIXELS-FACE" * 64,
    "bytes after the last voxel": b"BEYOND-THE-VOXELS!" * 64,
    "dose padding": b"BEYOND-THE-DOSE!" * 64,
    "private sequence of the plan": b"PLAN-THUMBNAIL!!" * 64,
    "digital signature": b"SIGNED-BYTES-OLD" * 8,
    "secondary capture": b"SCREENSHOT-FACE!" * 64,
    "a file that is no DICOM": b"JPEG-PHOTOGRAPH!" * 64,
}
"""Bytes that stand for the face and must not be found in any exported file."""
UNUSED_BITS = "CT_0028.dcm"
COMPRESSED = {"CT_0010.dcm": JPEGLosslessSV1, "CT_0012.dcm": RLELossless, "MR_0010.dcm": JPEGLosslessSV1}
PLAIN = {
    "CT_0014.dcm": ImplicitVRLittleEndian,
    "CT_0016.dcm": ExplicitVRBigEndian,
    "CT_0018.dcm": DeflatedExplicitVRLittleEndian,
}


def ct_passes(out: Path, report: CaseReport, method: str) -> dict[str, str]:
    """The privacy checks of a case whose CT passes."""
    return {key: "" if key == "CT" else "not assessed" for key in report.methods[method]["images"]}


@pytest.fixture(scope="module")
def planted(exported_case: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The patient's folder with a face hidden in every place and many transfer syntaxes, and its export."""
    folder = tmp_path_factory.mktemp("planted")
    finished = copied(exported_case, folder, plant)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of bytes after the last voxel
        # the CT's privacy check counts as passed here; test_export_privacy.py tells when it is
        patch.setattr(export_module, "privacy_checks", ct_passes)
        assert export(finished, folder / "export", "--accept-risk") == 0
    return folder / "patient", folder / "export"


def plant(patient: Path) -> None:
    """Hide the original face where a header, a file or a folder can hold it."""
    images = patient / "CT"
    edit(images / "CT_0002.dcm", _icon)
    edit(images / "CT_0003.dcm", _overlay)
    edit(images / "CT_0004.dcm", _private)
    edit(images / "CT_0005.dcm", lambda data: setattr(data, "preamble", SECRETS["preamble"]))
    edit(images / "CT_0006.dcm", lambda data: data.add_new(0xFFFCFFFC, "OB", SECRETS["trailing padding"]))
    edit(images / "CT_0007.dcm", _nested_pixels)
    edit(images / "CT_0008.dcm", _beyond)
    edit(images / "CT_0009.dcm", _signed)
    edit(images / UNUSED_BITS, _in_unused_bits)
    edit(patient / "RTDOSE.dcm", lambda data: setattr(data, "PixelData", data.PixelData + SECRETS["dose padding"]))
    edit(patient / "RTPLAN.dcm", _private_sequence)
    for name, syntax in (*COMPRESSED.items(), *PLAIN.items()):
        _rewrite(patient / name[:2] / name, syntax)
    capture = pydicom.dcmread(images / "CT_0001.dcm")
    capture.SOPClassUID = capture.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    capture.SOPInstanceUID = capture.file_meta.MediaStorageSOPInstanceUID = STUDY.uid("capture")
    capture.SeriesInstanceUID, capture.PixelData = STUDY.uid("capture series"), SECRETS["secondary capture"]
    capture.save_as(patient / "capture.dcm")
    (patient / "photo.jpg").write_bytes(SECRETS["a file that is no DICOM"])


def _icon(data: Dataset) -> None:
    icon = Dataset()
    icon.Rows, icon.Columns, icon.BitsAllocated, icon.SamplesPerPixel = 32, 32, 8, 1
    icon.add_new(0x7FE00010, "OB", SECRETS["icon"])
    data.IconImageSequence = [icon]
    data.add_new(0x00280106, "SS", -1000)
    data.add_new(0x00280107, "SS", 1500)


def _overlay(data: Dataset) -> None:
    data.add_new(0x60000010, "US", 64)
    data.add_new(0x60000011, "US", 64)
    data.add_new(0x60003000, "OW", SECRETS["overlay"])


def _private(data: Dataset) -> None:
    block = data.private_block(0x0029, "SOME VENDOR", create=True)
    block.add_new(0x10, "OB", SECRETS["private element"])


def _nested_pixels(data: Dataset) -> None:
    item = Dataset()
    item.add_new(0x7FE00010, "OW", SECRETS["pixels in a sequence"])
    data.ReferencedImageSequence = [item]


def _beyond(data: Dataset) -> None:
    data.PixelData = data.PixelData + SECRETS["bytes after the last voxel"]


def _signed(data: Dataset) -> None:
    signature = Dataset()
    signature.Signature = SECRETS["digital signature"]
    data.DigitalSignaturesSequence = [signature]


def _in_unused_bits(data: Dataset) -> None:
    """A slice of 12 stored bits whose four high bits hold an old overlay."""
    values = np.frombuffer(data.PixelData, "<i2")
    data.BitsStored, data.HighBit = 12, 11
    data.PixelData = ((values.view("<u2") & 0x0FFF) | 0x5000).astype("<u2").tobytes()


def _private_sequence(data: Dataset) -> None:
    item = Dataset()
    item.add_new(0x300B0010, "LO", "PLANNER")
    item.add_new(0x300B1001, "OB", SECRETS["private sequence of the plan"])
    data.FractionGroupSequence[0].add_new(0x300B0010, "LO", "PLANNER")
    data.FractionGroupSequence[0].add_new(0x300B1002, "SQ", [item])


def _rewrite(path: Path, syntax: str) -> None:
    """The same object in another transfer syntax."""
    data = pydicom.dcmread(path)
    if syntax == RLELossless:
        data.compress(RLELossless)
    elif syntax == JPEGLosslessSV1:
        data.PixelData = encapsulate([_jpeg(data, path.with_suffix(".tmp.dcm"))])
        data["PixelData"].VR, data["PixelData"].is_undefined_length = "OB", True
    elif syntax == ExplicitVRBigEndian:
        data.PixelData = np.frombuffer(data.PixelData, "<i2").astype(">i2").tobytes()
    data.file_meta.TransferSyntaxUID = syntax
    path.unlink()
    explicit = syntax != ImplicitVRLittleEndian
    pydicom.dcmwrite(path, data, implicit_vr=not explicit, little_endian=syntax != ExplicitVRBigEndian, force_encoding=True)


def _jpeg(data: Dataset, scratch: Path) -> bytes:
    """One frame as lossless JPEG, by ITK's own encoder."""
    image = sitk.GetImageFromArray(data.pixel_array[None])
    writer = sitk.ImageFileWriter()
    writer.SetFileName(str(scratch))
    writer.UseCompressionOn()
    writer.SetCompressor("JPEG")
    writer.Execute(image)
    written = pydicom.dcmread(scratch)
    scratch.unlink()
    assert written.file_meta.TransferSyntaxUID == JPEGLosslessSV1
    return next(iter(pydicom.encaps.generate_frames(written.PixelData, number_of_frames=1)))


def stored(path: Path) -> NDArray[np.generic]:
    """Stored integers as SimpleITK decodes them: neither pydicom nor our own reader."""
    data = pydicom.dcmread(path, stop_before_pixels=True)
    values = sitk.GetArrayFromImage(sitk.ReadImage(str(path), sitk.sitkFloat64))[0]
    return np.rint((values - float(data.get("RescaleIntercept") or 0)) / float(data.get("RescaleSlope") or 1)).astype(int)


def measured(case: Path, key: str) -> NDArray[np.generic]:
    """The defaced image that the case keeps."""
    return sitk.GetArrayFromImage(sitk.ReadImage(str(case / METHOD / f"{key}.nrrd")))


@pytest.mark.parametrize("key", ["CT", "MR_T1", "PET"])
def test_untouched_voxels_keep_their_stored_integers_and_touched_ones_are_those_measured(
    exported_case: Path, planted: tuple[Path, Path], key: str
) -> None:
    patient, exported = planted
    defaced, touched, slopes = measured(exported_case, key), 0, set()
    originals = sorted((exported_case.parents[2] / "patient" / key[:3].rstrip("_")).glob("*.dcm"))
    scale = None
    for index, source in enumerate(originals):
        path = exported / key / f"{key}_{index + 1:04d}.dcm"
        before, after, data = stored(source), stored(path), pydicom.dcmread(path)
        slope = float(data.get("RescaleSlope") or 1)
        slopes.add(slope)
        if scale is None:
            scale = np.median(defaced[index][before > 100] / (before[before > 100] * slope)) if key == "PET" else 1.0
        wanted = (defaced[index] / scale - float(data.get("RescaleIntercept") or 0)) / slope
        # to the next integer; air of another PET slice lies between two of this one's steps, and `scale` is known to float32
        assert np.abs(after - wanted).max() <= 0.5 + 1e-3
        touched += int((before != after).sum())
        assert data.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian or source.name[:3] not in ("CT_", "MR_", "PET")
    assert touched > 500
    assert len(slopes) == (len(originals) if key == "PET" else 1)
    assert {path.name for path in patient.rglob("*.dcm")} >= set(COMPRESSED)


@pytest.mark.parametrize("where", SECRETS)
def test_a_face_hidden_in_a_source_is_in_no_exported_file(planted: tuple[Path, Path], where: str) -> None:
    patient, exported = planted
    secret = SECRETS[where]
    assert any(secret in path.read_bytes() for path in patient.rglob("*") if path.is_file())
    assert not any(secret[:16] in path.read_bytes() for path in exported.rglob("*") if path.is_file())


def test_what_lies_in_unused_high_bits_is_gone(planted: tuple[Path, Path]) -> None:
    patient, exported = planted
    before = np.frombuffer(pydicom.dcmread(patient / "CT" / UNUSED_BITS).PixelData, "<u2")
    after = np.frombuffer(pydicom.dcmread(exported / "CT" / UNUSED_BITS).PixelData, "<i2")
    assert ((before >> 12) == 5).all()
    assert after.min() >= -2048
    assert after.max() <= 2047


def test_the_manifest_says_what_was_taken_out_and_what_stayed_behind(planted: tuple[Path, Path]) -> None:
    _, exported = planted
    told = manifest(exported)
    for name in ("IconImageSequence", "overlay", "private element", "DigitalSignaturesSequence", "LargestImagePixelValue"):
        assert told["removed_from_headers"][name] >= 1, name  # type: ignore[index]
    assert told["left_behind"] == {"other files": 2}
    assert wrong_files(exported) == []
    assert told["privacy_check"] == {"CT": "passed", "MR_T1": "not assessed", "PET": "not assessed"}
    text = (exported / "manifest.json").read_text()
    assert "Secret" not in text
    assert "ID-7" not in text


def test_every_uid_is_new_and_the_same_one_new_everywhere(planted: tuple[Path, Path]) -> None:
    patient, exported = planted
    old = {str(e.value) for data in objects(patient).values() for e in data.iterall() if e.VR == "UI" and e.VM == 1}
    everything = objects(exported)
    new = {str(e.value) for data in everything.values() for e in data.iterall() if e.VR == "UI" and e.VM == 1}
    assert not {uid for uid in old & new if not uid.startswith("1.2.840.10008.")}
    assert len({data.StudyInstanceUID for data in everything.values()}) == 1
    assert len({data.SeriesInstanceUID for name, data in everything.items() if name.startswith("CT/")}) == 1
    ct_frame, mr_frame = everything["CT/CT_0001.dcm"].FrameOfReferenceUID, everything["MR_T1/MR_T1_0001.dcm"].FrameOfReferenceUID
    assert ct_frame != mr_frame
    assert everything["RTDOSE_1.dcm"].FrameOfReferenceUID == everything["RTSTRUCT.dcm"].FrameOfReferenceUID == ct_frame
    assert [item.FrameOfReferenceUID for item in everything["REG_1.dcm"].RegistrationSequence] == [ct_frame, mr_frame]
    assert all(data.file_meta.MediaStorageSOPInstanceUID == data.SOPInstanceUID for data in everything.values())


def test_the_marks_say_which_tool_did_what_and_claim_no_more(planted: tuple[Path, Path]) -> None:
    _, exported = planted
    for name, data in objects(exported).items():
        method = list(data.DeidentificationMethod)
        assert method[:3] == [
            f"DefaceCompare {__version__}",
            "defacing method quickshear",
            "fill=background protect=none dose=keep",
        ], name
        assert "CT: buffer_mm=10" in method
        (item,) = data.DeidentificationMethodCodeSequence
        assert (item.CodeValue, item.CodingSchemeDesignator) == ("113102", "DCM")
        assert data.get("RecognizableVisualFeatures") == ("NO" if name.startswith("CT/") else None), name
        assert "PatientIdentityRemoved" not in data
    data = pydicom.dcmread(exported / "CT" / "CT_0002.dcm")
    assert list(data.ImageType) == ["DERIVED", "PRIMARY", "AXIAL"]
    assert data.DerivationDescription.startswith(f"DefaceCompare {__version__}; defacing method quickshear")
    assert data.SourceImageSequence[0].ReferencedSOPInstanceUID == data.SOPInstanceUID
    assert data.PatientName == "Secret^Person"


def test_an_enhanced_multi_frame_image_is_refused_by_name(
    exported_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def plant_frames(data: Dataset) -> None:
        data.NumberOfFrames, data.SOPClassUID = 12, "1.2.840.10008.5.1.4.1.1.2.1"
        data.PixelData = data.PixelData * 12

    finished = copied(exported_case, tmp_path, lambda patient: edit(patient / "CT" / "CT_0020.dcm", plant_frames))
    assert export(finished, tmp_path / "export", "--accept-risk") == 2
    capsys.readouterr()
    alone = tmp_path / "alone"
    alone.mkdir()
    (tmp_path / "patient" / "CT" / "CT_0020.dcm").rename(alone / "CT_0020.dcm")
    assert main(["case", str(alone), "--out", str(tmp_path / "other")]) == 2
    assert "multi-frame CT objects are not read; export the series as single-frame images" in capsys.readouterr().err
    assert not (tmp_path / "export").exists()
