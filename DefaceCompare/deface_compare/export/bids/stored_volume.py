"""A NIfTI file with some voxels altered: every other byte of its voxels stays, and its header keeps geometry and scaling only."""

from __future__ import annotations

import gzip
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...case import CaseImage
from ...errors import UnusableInput
from ...geometry.boxes import Patch, box_at
from ...readers.files.nifti import StoredVoxels, read_stored
from ...storage.native_names import native_name

FREE_TEXTS = {348: ((4, 10), (14, 18), (148, 80), (228, 24), (328, 16)), 540: ((240, 80), (320, 24), (508, 16))}
"""Where a header of so many bytes holds free texts, and how long (nifti1.h, nifti2.h: data_type, db_name, descrip, aux_file,
intent_name). Scanners and converters write names, dates and paths there."""
BEGIN = {348: 352, 540: 544}
"""Where the voxels begin behind such a header without extensions."""
VOX_OFFSET = {348: (108, "f"), 540: (168, "q")}
LINEAR = 1e-5
"""Image values follow from stored ones by a factor and an offset, to this share of the largest: float32 holds seven digits."""
HALF_STEP = 0.5


@dataclass(frozen=True)
class EditedVolume:
    """What is written of one image.

    Parameters
    ----------
    content : bytes
        The file, not packed.
    altered : ndarray of bool, shape (z, y, x)
        Which voxels are not those of the source.
    """

    content: bytes
    altered: NDArray[np.bool_]


def edited_volume(source: Path, image: CaseImage, patch: Patch) -> EditedVolume:
    """The source's file with the voxels of a patch, each rounded to what the file can store.

    Parameters
    ----------
    image : CaseImage
        As read from `source`.
    patch : Patch
        In the image's own unit.

    Raises
    ------
    UnusableInput
        If the image's values do not follow from the stored ones by a factor and an offset, or the file is no NIfTI of one part.
    """
    stored = read_stored(source)
    factor, offset = _linear(stored, image, source)
    box = box_at(patch.offset, patch.values)
    before, after = image.array()[box.slices], np.asarray(patch.values)
    altered = np.zeros(stored.voxels.shape, bool)
    altered[box.slices] = before != after
    if not altered.any():
        raise UnusableInput(f"image {image.key} was not altered, and is not written as a defaced one")
    voxels = stored.voxels.copy()
    wanted = (after[before != after].astype(np.float64) - offset) / factor
    voxels[altered] = _as_stored(wanted, voxels.dtype)
    return EditedVolume(_plain_head(stored) + voxels.tobytes(), altered)


def _linear(stored: StoredVoxels, image: CaseImage, source: Path) -> tuple[float, float]:
    """Factor and offset from stored numbers to the image's values, by its lowest and highest voxel; all others must follow."""
    values = image.array()
    if values.shape != stored.voxels.shape:
        raise UnusableInput(f"{source.name} has another size than image {image.key}; compare the case again")
    low, high = int(stored.voxels.argmin()), int(stored.voxels.argmax())
    at = [(float(stored.voxels.flat[k]), float(values.flat[k])) for k in (low, high)]
    factor = (at[1][1] - at[0][1]) / (at[1][0] - at[0][0])
    offset = at[0][1] - factor * at[0][0]
    most = LINEAR * max(abs(at[0][1]), abs(at[1][1]))
    planes = zip(stored.voxels.astype(np.float64), values, strict=True)
    if not factor or any(np.abs(plane * factor + offset - seen).max() > most for plane, seen in planes):
        raise UnusableInput(f"the values of image {image.key} do not follow from the numbers that its file stores")
    return factor, offset


def _as_stored(wanted: NDArray[np.float64], kind: np.dtype) -> NDArray[np.generic]:  # type: ignore[type-arg]
    if kind.kind == "f":
        return wanted.astype(kind)
    limits = np.iinfo(kind)
    return np.clip(np.rint(wanted), limits.min, limits.max).astype(kind)


def _plain_head(stored: StoredVoxels) -> bytes:
    """The header without free texts and extensions, up to the first voxel."""
    length = stored.header_bytes
    head = bytearray(stored.head[:length] + bytes(BEGIN[length] - length))
    for at, count in FREE_TEXTS[length]:
        head[at : at + count] = bytes(count)
    at, kind = VOX_OFFSET[length]
    struct.pack_into(stored.order + kind, head, at, BEGIN[length])
    return bytes(head)


def mask_volume(source: Path, mask: NDArray[np.bool_]) -> bytes:
    """A mask, shape (z, y, x), as a NIfTI file of bytes in the place of `source`."""
    stored = read_stored(source)
    head = bytearray(_plain_head(stored))
    at = {348: {"datatype": 70, "bitpix": 72}, 540: {"datatype": 12, "bitpix": 14}}[stored.header_bytes]
    scaling, kind = {348: (112, "4f"), 540: (176, "4d")}[stored.header_bytes]  # scl_slope and scl_inter; cal_max, cal_min
    struct.pack_into(stored.order + "h", head, at["datatype"], 2)
    struct.pack_into(stored.order + "h", head, at["bitpix"], 8)
    scale = struct.Struct(stored.order + kind[1] * 2)
    scale.pack_into(head, scaling, 1.0, 0.0)
    limits = {348: 124, 540: 192}[stored.header_bytes]
    scale.pack_into(head, limits, 0.0, 0.0)
    return bytes(head) + mask.astype(np.uint8).tobytes()


def packed(content: bytes) -> bytes:
    """A file's bytes as gzip, without a name and a time: the same content gives the same bytes."""
    return gzip.compress(content, compresslevel=6, mtime=0)


def faults(written: Path, source: Path, image: CaseImage, patch: Patch) -> list[str]:
    """What is wrong with a written file, read again from the disk; nothing if it is what was measured.

    ITK reads both files as well: its reader shares nothing with ours.
    """
    new, old = read_stored(written), read_stored(source)
    if new.voxels.dtype != old.voxels.dtype or new.place_bytes() != old.place_bytes():
        return [f"{written.name} has another type, size, scaling or place than its source"]
    told = []
    edit = np.zeros(new.voxels.shape, bool)
    edit[box_at(patch.offset, patch.values).slices] = True
    if (new.voxels != old.voxels)[~edit].any() or _differ_for_itk(written, source, edit):
        told.append(f"{written.name} differs from its source outside the edit")
    factor, offset = _linear(old, image, source)
    goal = sitk.GetArrayFromImage(patch.whole(image.image)).astype(np.float64)
    if new.voxels.dtype.kind != "f":
        limits = np.iinfo(np.dtype(new.voxels.dtype.str))
        least, most = sorted((limits.min * factor + offset, limits.max * factor + offset))
        goal = np.clip(goal, least, most)
    step = abs(factor) if new.voxels.dtype.kind != "f" else 0.0
    apart = HALF_STEP * step + LINEAR * float(np.abs(goal).max())
    if (np.abs(new.voxels.astype(np.float64) * factor + offset - goal) > apart).any():
        told.append(f"{written.name} does not hold the values that were measured")
    return told


def _differ_for_itk(written: Path, source: Path, edit: NDArray[np.bool_]) -> bool:
    new, old = (sitk.ReadImage(native_name(path)) for path in (written, source))
    places = [(each.GetSpacing(), each.GetOrigin(), each.GetDirection(), each.GetPixelID()) for each in (new, old)]
    values = [sitk.GetArrayViewFromImage(each) for each in (new, old)]
    return places[0] != places[1] or bool((values[0].reshape(edit.shape) != values[1].reshape(edit.shape))[~edit].any())
