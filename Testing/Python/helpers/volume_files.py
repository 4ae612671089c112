"""Image files as tests write them, with the place that they state, and how they are read."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from deface_compare.case import Case
from deface_compare.readers import read_case

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


EDGES_MM = np.array([1.5, 2.0, 2.5])


OBLIQUE = Rotation.from_euler("xyz", [14, -9, 25], degrees=True).as_matrix()


FIELDS = {
    "pixdim": (76, "f"),
    "slope": (112, "f"),
    "inter": (116, "f"),
    "units": (123, "b"),
    "qform": (252, "h"),
    "sform": (254, "h"),
}
"""Where fields of a NIfTI-1 header begin (nifti1.h)."""


def affine(turn: NDArray[np.float64] = OBLIQUE) -> NDArray[np.float64]:
    """From index to RAS."""
    found = np.eye(4)
    found[:3, :3] = turn * EDGES_MM
    found[:3, 3] = [12.0, -34.0, 56.0]
    return found


def grey(kind: type = np.int16) -> NDArray[Any]:
    """Voxels, shape (x, y, z)."""
    return np.random.default_rng(1).integers(0, 100, (6, 7, 8)).astype(kind)


def write_nifti(
    path: Path,
    array: NDArray[Any] | None = None,
    matrix: NDArray[np.float64] | None = None,
    kind: type = nibabel.Nifti1Image,
    **fields: float,
) -> Path:
    """A NIfTI file by nibabel, some fields of its header overwritten."""
    array = grey() if array is None else array
    plain = path.with_name(path.name.removesuffix(".gz"))
    image = kind(array, affine() if matrix is None else matrix)
    image.set_qform(image.affine, 1)
    image.set_sform(image.affine, 1)
    image.header.set_data_dtype(array.dtype)
    nibabel.save(image, plain)
    content = bytearray(plain.read_bytes())
    for name, value in fields.items():
        field, _, number = name.partition("_")
        at, code = FIELDS[field]
        struct.pack_into("<" + code, content, at + 4 * int(number or 0), value if code == "f" else int(value))
    plain.unlink()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def read(folder: Path, image: str = "mr.nii", **described: Any) -> Case:
    (folder / "case.json").write_text(json.dumps({"images": {"MR": image}} | described), encoding="utf-8")
    return read_case(folder)


def matrix_of(image: sitk.Image) -> NDArray[np.float64]:
    """From index to RAS, shape (4, 4), by SimpleITK's own transform."""
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    points = np.array([image.TransformIndexToPhysicalPoint([int(v) for v in corner]) for corner in corners])
    found = np.eye(4)
    found[:3, :3], found[:3, 3] = (points[1:] - points[0]).T, points[0]
    return np.asarray(RAS_TO_LPS @ found)


def assert_stated_place_is_used(folder: Path, name: str) -> None:
    place = {"spacing_mm": [1.5, 2, 2.5], "origin_mm": [-12, 34, 56], "direction": OBLIQUE.ravel().tolist()}
    case = read(folder, name, geometry={"MR": place})
    expected = np.eye(4)
    expected[:3, :3], expected[:3, 3] = OBLIQUE * EDGES_MM, [-12, 34, 56]
    np.testing.assert_allclose(RAS_TO_LPS @ matrix_of(case.images[0].image), expected, atol=1e-9)
