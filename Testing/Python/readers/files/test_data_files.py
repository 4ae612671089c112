"""Voxels that lie in other files than their header: one, a list of slices, a numbered pattern. ITK reads what is not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deface_compare.errors import UnusableInput
from volume_files import read

VOXELS = np.random.default_rng(1).integers(0, 100, (7, 6, 5)).astype(np.int16)
META = """ObjectType = Image
NDims = 3
BinaryData = True
BinaryDataByteOrderMSB = False
TransformMatrix = 1 0 0 0 1 0 0 0 1
Offset = 10 -20 30
ElementSpacing = 1.5 2 2.5
DimSize = 5 6 7
ElementType = MET_SHORT
"""
NRRD = """NRRD0004
type: short
dimension: 3
space: left-posterior-superior
sizes: 5 6 7
space directions: (1.5,0,0) (0,2,0) (0,0,2.5)
endian: little
encoding: raw
space origin: (10,-20,30)
"""
NAMES = [f"s{k}.raw" for k in range(7)]


def write(folder: Path, form: str, voxels: str, **slices: bytes) -> str:
    """A header that names `voxels`, beside one file a slice; `slices` replace files (``s3``)."""
    name = f"mr.{form}"
    (folder / name).write_text(f"{META}ElementDataFile = {voxels}\n" if form == "mhd" else f"{NRRD}data file: {voxels}\n")
    for k, plane in enumerate(VOXELS):
        (folder / NAMES[k]).write_bytes(slices.get(f"s{k}", plane.tobytes()))
    return name


def listed(names: list[str], word: str = "LIST") -> str:
    return "\n".join([word, *names])


@pytest.mark.parametrize("form", ["mhd", "nhdr"])
@pytest.mark.parametrize("voxels", [listed(NAMES), "s%d.raw 0 6 1"])
def test_slices_in_files_of_their_own_are_read_and_none_is_counted_as_left_out(tmp_path: Path, form: str, voxels: str) -> None:
    case = read(tmp_path, write(tmp_path, form, voxels))
    np.testing.assert_array_equal(case.images[0].array(), VOXELS)
    assert case.left_out == {}
    assert not any("not read" in note for note in case.notes)


@pytest.mark.parametrize("form", ["mhd", "nhdr"])
@pytest.mark.parametrize(
    "voxels",
    [listed(NAMES[:5]), listed(NAMES[:1]), "s%d.raw 0 4 1", listed([*NAMES[:6], "gone.raw"])],
    ids=["five", "one", "pattern of five", "gone"],
)
def test_slices_that_no_file_holds_are_refused(tmp_path: Path, form: str, voxels: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnusableInput, match=r"fewer voxels than its header says|cannot be read as an image"):
        read(tmp_path, write(tmp_path, form, voxels))
    capfd.readouterr()  # MetaIO's own words


@pytest.mark.parametrize("form", ["mhd", "nhdr"])
def test_a_file_of_a_slice_that_holds_more_is_refused(tmp_path: Path, form: str) -> None:
    with pytest.raises(UnusableInput, match="holds 480 bytes of voxels, and its header speaks of 420"):
        read(tmp_path, write(tmp_path, form, listed(NAMES), s3=bytes(60) + VOXELS[3].tobytes()))


@pytest.mark.parametrize("names", [NAMES, ["all.raw"]])
def test_a_list_of_blocks_is_refused_because_memory_that_nobody_wrote_would_be_read(tmp_path: Path, names: list[str]) -> None:
    (tmp_path / "all.raw").write_bytes(VOXELS.tobytes())
    with pytest.raises(UnusableInput, match="lists files that are no single slices"):
        read(tmp_path, write(tmp_path, "mhd", listed(names, "LIST 3D")))


@pytest.mark.parametrize(
    "twice", ["ElementSpacing = 3 3 3", "Origin = 0 0 0", "Position = 1 2 3", "Rotation = 0 1 0 1 0 0 0 0 1"]
)
def test_a_meta_image_that_states_its_place_twice_and_otherwise_is_refused(tmp_path: Path, twice: str) -> None:
    (tmp_path / "mr.mha").write_bytes(f"{META}{twice}\nElementDataFile = LOCAL\n".encode() + VOXELS.tobytes())
    with pytest.raises(UnusableInput, match=r"mr.mha states \w+ twice, and otherwise"):
        read(tmp_path, "mr.mha")


@pytest.mark.parametrize("twice", ["ElementSpacing = 1.5  2 2.5", "Position = 10 -20 30", "ElementSize = 9 9 9"])
def test_a_meta_image_that_states_its_place_twice_alike_is_read(tmp_path: Path, twice: str) -> None:
    (tmp_path / "mr.mha").write_bytes(f"{META}{twice}\nElementDataFile = LOCAL\n".encode() + VOXELS.tobytes())
    image = read(tmp_path, "mr.mha").images[0].image
    assert image.GetSpacing() == (1.5, 2.0, 2.5)
    assert image.GetOrigin() == (10.0, -20.0, 30.0)
