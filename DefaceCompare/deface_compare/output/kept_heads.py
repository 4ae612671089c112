"""The placed heads of a case, kept for a later export in ``identifiable/edits``, with a checksum of what they were found from."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy

from ..anatomy.head import Head
from ..case import Case, StructureSet
from ..case_report import image_hash
from ..geometry.grids import mapped, on_grid
from ..settings import Settings
from ..storage.atomic import write_bytes
from .code_mark import code_mark
from .folder import OutputFolder

HEADS = "heads.npz"
MASKS = ("outline", "devices", "brain", "brain_independent")
"""The masks of a head, all on one grid; stored as bits."""
WORDS = ("image_key", "brain_source", "face_extent")
UNREADABLE = (OSError, EOFError, KeyError, IndexError, TypeError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What a damaged file of heads raises."""


class KeptHead(Head):
    """A head as a case keeps it: all but the level of its skin, which methods alone ask for and which is half of its bytes."""

    @cached_property
    def skin_level_mm(self) -> NDArray[np.float32]:
        """Not kept.

        Raises
        ------
        AttributeError
            Always: the outline's border, which stands for a head without a level, is another skin.
        """
        raise AttributeError("the level of the skin is not kept with a case; search the head again")


def keep_heads(out: Path, case: Case, inputs: Mapping[str, str], settings: Settings, heads: Mapping[str, Head]) -> None:
    """Keep the heads that were found in a case.

    Parameters
    ----------
    out : Path
        The output folder.
    case : Case
    inputs : mapping of image key to str
        `input_hashes` of the case.
    settings : Settings
    heads : mapping of image key to Head
        As of `find_heads`.
    """
    unique = list({id(head): head for head in heads.values()}.values())
    number = {id(head): place for place, head in enumerate(unique)}
    told = {
        "found_from": found_from(case, inputs, settings),
        "images": {key: number[id(head)] for key, head in heads.items()},
        "heads": [_told(head) for head in unique],
    }
    arrays: dict[str, NDArray[Any]] = {"told": np.frombuffer(json.dumps(told, sort_keys=True).encode(), np.uint8)}
    for place, head in enumerate(unique):
        for name in MASKS:
            mask = getattr(head, name)
            if mask is not None:
                arrays[f"{name}_{place}"] = np.packbits(sitk.GetArrayViewFromImage(mask) > 0)
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    folder = OutputFolder(out).make_private(OutputFolder(out).edits(case.id))
    write_bytes(folder / HEADS, content.getvalue())


def kept_heads(out: Path, case: Case, inputs: Mapping[str, str], settings: Settings) -> tuple[dict[str, Head] | None, str]:
    """The heads that a case keeps.

    Parameters
    ----------
    out, case, inputs, settings
        As of `keep_heads`.

    Returns
    -------
    heads : dict of image key to Head, or None
        None where the case keeps none that belong to it: then they have to be searched again.
    why : str
        Why that is so, for whoever must know; ``""`` if they are kept.
    """
    path = OutputFolder(out).edits(case.id) / HEADS
    if not path.is_file():
        return None, "the case keeps none"
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            told = json.loads(archive["told"].tobytes())
            if told["found_from"] != found_from(case, inputs, settings):
                return None, "the kept one was found from other images, structures or settings, or by other code"
            heads = [_head(each, place, archive) for place, each in enumerate(told["heads"])]
            return {key: heads[place] for key, place in told["images"].items()}, ""
    except UNREADABLE:
        return None, "the kept one is damaged"


def found_from(case: Case, inputs: Mapping[str, str], settings: Settings) -> str:
    """SHA-256 of all that heads are found from: images, structures, settings and the code itself."""
    digest = hashlib.sha256(f"{code_mark()} {settings.brain_source}".encode())
    for image in case.images:
        facts = (image.key, image.modality, image.frame_of_reference_uid, image.defaced_before, inputs[image.key])
        digest.update(repr(facts).encode())
    if case.structure_set is not None:
        _add_structures(digest, case.structure_set)
    return digest.hexdigest()


def _add_structures(digest: Any, structures: StructureSet) -> None:
    digest.update(structures.frame_of_reference_uid.encode())
    for each in structures.structures:
        digest.update(repr((each.name, each.group, each.plane_spacing_mm, each.problem)).encode())
        for polygon in each.contours or ():
            digest.update(np.ascontiguousarray(polygon).tobytes())
        if each.labelmap is not None:
            digest.update(image_hash(each.labelmap).encode())
        if each.surface is not None and each.surface.GetNumberOfPoints():
            digest.update(vtk_to_numpy(each.surface.GetPoints().GetData()).tobytes())


def _told(head: Head) -> dict[str, Any]:
    """What is no mask of a head, in plain values; numbers come back as they are."""
    grid = head.grid
    return {
        **{word: getattr(head, word) for word in WORDS},
        "grid": [grid.GetSize(), grid.GetSpacing(), grid.GetOrigin(), grid.GetDirection()],
        "average_to_patient": _numbers(head.average_to_patient),
        "brain_to_patient": _numbers(head.brain_to_patient),
        "landmarks_mm": dict(head.landmarks_mm),
        "notes": head.notes,
        "witnesses": head.witnesses,
    }


def _numbers(transform: sitk.Transform) -> list[tuple[float, ...]]:
    """Centre, then matrix and translation."""
    if isinstance(transform, sitk.AffineTransform):
        return [transform.GetFixedParameters(), transform.GetParameters()]
    start = mapped(transform, np.zeros((1, 3)))[0]
    matrix = (mapped(transform, np.eye(3)) - start).T
    return [(0.0, 0.0, 0.0), (*matrix.ravel().tolist(), *start.tolist())]


def _affine(numbers: list[list[float]]) -> sitk.AffineTransform:
    affine = sitk.AffineTransform(3)
    affine.SetFixedParameters(numbers[0])
    affine.SetParameters(numbers[1])
    return affine


def _head(told: Mapping[str, Any], place: int, archive: Mapping[str, NDArray[Any]]) -> KeptHead:
    size, spacing, origin, direction = told["grid"]
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetSpacing(spacing)
    grid.SetOrigin(origin)
    grid.SetDirection(direction)
    masks = {name: _mask(archive[f"{name}_{place}"], grid) for name in MASKS if f"{name}_{place}" in archive}
    return KeptHead(
        **{word: told[word] for word in WORDS},
        outline=masks["outline"],
        devices=masks["devices"],
        brain=masks["brain"],
        brain_independent=masks.get("brain_independent"),
        average_to_patient=_affine(told["average_to_patient"]),
        brain_to_patient=_affine(told["brain_to_patient"]),
        landmarks_mm={name: (x, y, z) for name, (x, y, z) in told["landmarks_mm"].items()},
        notes=tuple(told["notes"]),
        witnesses=tuple(told["witnesses"]),
    )


def _mask(bits: NDArray[np.uint8], grid: sitk.Image) -> sitk.Image:
    shape = grid.GetSize()[::-1]
    return on_grid(np.unpackbits(bits, count=int(np.prod(shape))).reshape(shape), grid)
