"""NIfTI-1, NIfTI-2 and Analyze volumes as they are: ITK's reader turns NaN into 0 and invents a place where none is stated.

The fields are those of nifti1.h and nifti2.h (https://nifti.nimh.nih.gov).
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...errors import UnusableInput
from .data_length import refuse_longer
from .place import SAME_MM, Place

SUFFIXES = (".nii", ".nii.gz", ".hdr", ".img", ".hdr.gz", ".img.gz")
HEADER_BYTES = {348: "1", 540: "2"}
"""Length of the header, which is its first number, and the version."""
EXTENSION_BYTES = 4
"""Between header and voxels of a single file at least: whether extensions follow."""
LAYOUT = {
    "1": {
        "dim": (40, "8h"),
        "datatype": (70, "h"),
        "pixdim": (76, "8f"),
        "vox_offset": (108, "f"),
        "scaling": (112, "2f"),
        "units": (123, "b"),
        "codes": (252, "2h"),
        "quaternion": (256, "6f"),
        "rows": (280, "12f"),
        "magic": (344, "4s"),
    },
    "2": {
        "dim": (16, "8q"),
        "datatype": (12, "h"),
        "pixdim": (104, "8d"),
        "vox_offset": (168, "q"),
        "scaling": (176, "2d"),
        "units": (500, "i"),
        "codes": (344, "2i"),
        "quaternion": (352, "6d"),
        "rows": (400, "12d"),
        "magic": (4, "4s"),
    },
}
"""Where each field begins and what it is; ``codes`` are qform_code and sform_code, ``rows`` the three of the sform."""
TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
"""Types with one number a voxel."""
UNITS_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
"""Of the lowest three bits of xyzt_units: not stated (mm, as all tools take it), metre, millimetre, micron."""
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
FALLING = "its slope is below 0 (scl_slope): used as the file states it, so what was bright in the scan may be dark"
TOLD_MM = 0.5
"""qform and sform that lie farther apart than this are told."""


@dataclass(frozen=True)
class Nifti:
    """The voxels of a file (without a place), where they lie, or why that is not known, and what must be said."""

    image: sitk.Image
    place: Place | None
    lacking: str = ""
    notes: tuple[str, ...] = ()


def is_nifti(path: Path) -> bool:
    """Whether a file's name is that of a NIfTI or Analyze volume."""
    return path.name.lower().endswith(SUFFIXES)


def read_nifti(path: Path) -> Nifti:
    """Read a volume in its stored type, or in floating point where it is scaled.

    Raises
    ------
    UnusableInput
        If the file is damaged, not 3-D, or its numbers cannot be had.
    """
    header_file, data_file = _pair(path)
    head = _content(header_file, path, max(HEADER_BYTES))
    fields = _Fields(head, path)
    found = _placed(fields, _voxels(fields, data_file, path), path)
    falling = not fields.is_analyze and -math.inf < fields["scaling"][0] < 0
    return replace(found, notes=(*found.notes, FALLING)) if falling else found


@dataclass(frozen=True)
class StoredVoxels:
    """The numbers of a file of one part as they are stored.

    Parameters
    ----------
    head : bytes
        All before the first voxel.
    header_bytes : int
        Length of the header: 348 or 540.
    order : str
        ``<`` or ``>``.
    voxels : ndarray, shape (z, y, x)
        In the file's own byte order, not scaled.
    """

    head: bytes
    header_bytes: int
    order: str
    voxels: NDArray[np.generic]

    def place_bytes(self) -> bytes:
        """What the header says of size, type, scaling and place, byte for byte."""
        layout = LAYOUT[HEADER_BYTES[self.header_bytes]]
        names = ("dim", "datatype", "pixdim", "scaling", "units", "codes", "quaternion", "rows")
        return b"".join(self.head[at : at + struct.calcsize(self.order + kind)] for at, kind in map(layout.__getitem__, names))


def read_stored(path: Path) -> StoredVoxels:
    """Read a single-file NIfTI without scaling it.

    Raises
    ------
    UnusableInput
        If the file is damaged, one of two parts, or Analyze.
    """
    fields = _Fields(_content(path, path, max(HEADER_BYTES)), path)
    if fields.is_analyze or _pair(path)[0] != _pair(path)[1]:
        raise UnusableInput(f"{path.name} is no NIfTI file of one part (.nii, .nii.gz); save it as one")
    content, begin = _content(path, path), _begin(fields, path, path)
    size, (code,) = fields.size, fields["datatype"]
    kind = np.dtype(fields.order + TYPES[code])
    voxels = np.frombuffer(content, kind, math.prod(size[:3]), begin).reshape(size[2::-1])
    return StoredVoxels(content[:begin], fields.single_begin - EXTENSION_BYTES, fields.order, voxels)


class _Fields:
    """The numbers of a header, in its own byte order."""

    def __init__(self, head: bytes, path: Path) -> None:
        found = [(o, n) for o in "<>" for n in HEADER_BYTES if len(head) >= n and struct.unpack_from(o + "i", head)[0] == n]
        if not found:
            raise UnusableInput(f"{path.name} cannot be read as an image; it is damaged or of an unknown format")
        (self.order, length), self.head = found[0], head
        self.layout = LAYOUT[HEADER_BYTES[length]]
        self.single_begin = length + EXTENSION_BYTES
        self.is_analyze = self["magic"][0][:2] not in (b"n+", b"ni")

    def __getitem__(self, name: str) -> tuple:  # type: ignore[type-arg]
        at, kind = self.layout[name]
        return struct.unpack_from(self.order + kind, self.head, at)

    @property
    def size(self) -> tuple[int, ...]:
        """Voxels along x, y, z, and further dimensions."""
        count, *lengths = self["dim"]
        return tuple(int(length) for length in lengths[: min(max(int(count), 0), 7)])


def _pair(path: Path) -> tuple[Path, Path]:
    """The files that hold header and voxels: one, or ``.hdr`` beside ``.img``."""
    packed = ".gz" if path.name.lower().endswith(".gz") else ""
    stem = path.name[: len(path.name) - len(packed)]
    if not stem.lower().endswith((".hdr", ".img")):
        return path, path
    header, data = (_half(path, stem[:-4], ending, packed) for ending in (".hdr", ".img"))
    missing = next((each for each in (header, data) if not each.is_file()), None)
    if missing is not None:
        raise UnusableInput(f"{path.name} is one half of an image; {missing.name} must lie beside it")
    return header, data


def _half(path: Path, stem: str, ending: str, packed: str) -> Path:
    """One of a pair's files, in capitals where it is there so."""
    plain, capitals = (path.with_name(stem + each + packed) for each in (ending, ending.upper()))
    return capitals if capitals.is_file() and not plain.is_file() else plain


def _content(file: Path, path: Path, most: int = -1) -> bytes:
    try:
        with file.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
        with gzip.open(file) if packed else file.open("rb") as stream:
            return stream.read(most)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnusableInput(f"{path.name} cannot be read as an image; it is damaged or of an unknown format") from error


def _voxels(fields: _Fields, file: Path, path: Path) -> NDArray[np.generic]:
    """The voxels, shape (z, y, x), scaled as the header says (slope 0, NaN or infinite: not scaled)."""
    size = fields.size
    if len(size) < 3 or min(size[:3]) < 1 or math.prod(size) != math.prod(size[:3]):
        raise UnusableInput(f"{path.name} has {len(size)} dimensions ({' x '.join(map(str, size))}); save it as one 3-D volume")
    (code,) = fields["datatype"]
    if code not in TYPES:
        raise UnusableInput(f"{path.name} does not hold one number a voxel (datatype {code}); save it as one 3-D volume")
    kind = np.dtype(fields.order + TYPES[code])
    begin = _begin(fields, file, path)
    content = _content(file, path)
    if len(content) - begin < math.prod(size[:3]) * kind.itemsize:
        raise UnusableInput(f"{path.name} holds fewer voxels than its header says; it is damaged")
    refuse_longer(path, len(content) - begin, math.prod(size[:3]) * kind.itemsize, size[0] * kind.itemsize)
    stored = np.frombuffer(content, kind, math.prod(size[:3]), begin).reshape(size[2::-1]).astype(kind.newbyteorder("="))
    slope, intercept = (0.0, 0.0) if fields.is_analyze else fields["scaling"]
    if slope == 0 or not math.isfinite(slope) or (slope, intercept) == (1, 0):
        return stored
    if not math.isfinite(intercept):
        raise UnusableInput(f"{path.name} is scaled by a number that is none (scl_inter {intercept}); export it again")
    exact = np.float32 if kind.itemsize <= 2 or kind.str[1:] == "f4" else np.float64
    return (stored.astype(np.float64) * slope + intercept).astype(exact)


def _begin(fields: _Fields, file: Path, path: Path) -> int:
    """The byte at which the voxels begin in their file; 0 stands for the first one behind the header.

    Raises
    ------
    UnusableInput
        If it lies in the header, or is no number.
    """
    least = fields.single_begin if file == _pair(path)[0] else 0
    stated = 0.0 if fields.is_analyze else float(fields["vox_offset"][0])
    if not math.isfinite(stated) or stated < 0 or 0 < stated < least:
        raise UnusableInput(f"{path.name} states that its voxels begin in its header (vox_offset {stated:g}); it is damaged")
    return int(stated) or least


def _placed(fields: _Fields, voxels: NDArray[np.generic], path: Path) -> Nifti:
    image = sitk.GetImageFromArray(voxels)
    (units,) = fields["units"]
    if fields.is_analyze:
        return Nifti(image, None, "its orientation (Analyze has none)")
    if int(units) & 7 not in UNITS_MM:
        return Nifti(image, None, "its unit of length")
    qform_code, sform_code = fields["codes"]
    edges = fields["pixdim"][1:4]
    usable = all(math.isfinite(edge) and edge > 0 for edge in edges)
    if sform_code <= 0 and qform_code <= 0:
        return Nifti(image, None, "its orientation (neither qform nor sform)" + ("" if usable else " nor its voxel size"))
    if sform_code <= 0 and not usable:
        return Nifti(image, None, f"its voxel size (pixdim {', '.join(f'{edge:g}' for edge in edges)})")
    factor = UNITS_MM[units & 7]
    qform = _qform(fields, factor) if qform_code > 0 and usable else None
    if sform_code <= 0:
        return Nifti(image, qform)
    rows = np.vstack([np.reshape(fields["rows"], (3, 4)), [0, 0, 0, 1]])
    sform = Place.of_matrix(np.diag([factor] * 3 + [1.0]) @ RAS_TO_LPS @ rows)
    if not np.isfinite(sform.matrix).all() or min(sform.spacing_mm) == 0:
        return Nifti(image, None, "its orientation (the sform holds zeros or no numbers)")
    apart_mm = np.inf if qform is None else sform.farthest_mm(qform, fields.size[:3])
    if qform is not None and apart_mm <= SAME_MM:
        return Nifti(image, qform)  # the same, with right angles to the last digit
    told = f"qform and sform place it up to {apart_mm:.1f} mm apart: sform was used"
    return Nifti(image, sform, "", (told,) if TOLD_MM < apart_mm < np.inf else ())


def _qform(fields: _Fields, factor: float) -> Place:
    """By the quaternion; `factor` is the unit of length in mm."""
    b, c, d, *offset = fields["quaternion"]
    a = math.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    turn = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    handed = -1.0 if fields["pixdim"][0] < 0 else 1.0
    direction = RAS_TO_LPS[:3, :3] @ turn * [1.0, 1.0, handed]
    origin = factor * (RAS_TO_LPS[:3, :3] @ np.array(offset))
    spacing = tuple(factor * float(edge) for edge in fields["pixdim"][1:4])
    return Place(spacing, tuple(origin.tolist()), tuple(direction.ravel().tolist()))
