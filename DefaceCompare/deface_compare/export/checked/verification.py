"""What is checked after writing, always: everything is read again and compared with the source and with what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...anatomy.head import Head
from ...case import Case, CaseImage
from ...errors import DefaceCompareError
from ...geometry.boxes import Patch
from ...output.finished_case import FinishedCase
from ...quality.skin import original_skin
from ...readers import read_case
from ...readers.dicom.header import PYDICOM_ERRORS
from ...readers.dicom.rtstruct import contour_points
from ...readers.dicom.stored_pixels import read_object
from ...settings import KEEP
from ...structures.name_words import user_names
from ..dose_outline import DRAWN_SHARE as DOSE_SHARE
from ..dose_outline import draws_skin, moved_skin
from ..options import ExportOptions
from ..written.dose_grid import grid_bytes, read_order, stored_dose
from ..written.head_surface import HeadSurface, head_surface
from ..written.image_slice import SeriesEdit, exported_image
from ..written.structure_clip import OTHER, leaves_surface
from ..written.structure_set import roles_of
from ..written.written_set import WrittenObject, WrittenSet
from .drawn_faces import DRAWN_SHARE, DrawnFaces, follows_skin
from .dvh_check import dvh_faults
from .reference_check import reference_faults

HALF_STEP = 0.501
"""Of a stored step: how far rounding moves a value."""
FLOAT32_RELATIVE = 2.0**-23
"""Measured doses and PET values are float32: so much of a value is their own rounding."""


@dataclass
class Verification:
    """The faults found (each one sentence), and what was checked, for the manifest."""

    faults: list[str] = field(default_factory=list)
    checked: dict[str, Any] = field(default_factory=dict)


class Verifier:
    """Checks one written set.

    Parameters
    ----------
    heads : mapping of image key to Head
        Of the original images.
    """

    def __init__(self, finished: FinishedCase, options: ExportOptions, written: WrittenSet, heads: Mapping[str, Head]) -> None:
        self._finished, self._options, self._written, self._heads = finished, options, written, heads
        self._result = Verification()
        self._images: dict[str, sitk.Image] = {}
        self._skins: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    def run(self) -> Verification:
        """All checks; one that cannot even be made is a fault."""
        checks: dict[str, Callable[[], list[str]]] = {
            "references": self._references,
            "pixels": self._pixels,
            "contours": self._contours,
            "dose grid": self._dose,
            "read back": self._read_back,
        }
        for name, check in checks.items():
            try:
                self._result.faults += check()
            except (DefaceCompareError, RuntimeError, OSError, *PYDICOM_ERRORS) as error:
                self._result.faults.append(f"{name} cannot be checked: {' '.join(str(error).split())}")
        return self._result

    def _references(self) -> list[str]:
        written = self._written
        allowed = {written.uids.new(uid) for uid in written.unresolved}
        kept = self._options.keep_uids
        old = () if kept else [uid for uid in written.old_uids | set(written.uids.mapped) if written.uids.new(uid) != uid]
        self._result.checked["references"] = {"files": len(written.objects), "unresolved in the source": len(written.unresolved)}
        return reference_faults(written.folder, old, allowed)

    def _pixels(self) -> list[str]:
        """Untouched voxels are bit-identical in the stored integers; touched ones are what was measured, to half a step."""
        faults, altered = [], {}
        for image in self._finished.case.images:
            objects = [each for each in self._written.objects if each.key == image.key]
            if not objects:
                continue
            edit = SeriesEdit(image, self._finished.patches[image.key])
            values = np.empty((len(edit), *image.array().shape[1:]), image.array().dtype)
            for each in objects:
                faults += self._slice_faults(edit, each, values)
            altered[image.key] = {
                "slices": len(objects),
                "altered voxels": int(sum(edit.altered(k).sum() for k in range(len(edit)))),
            }
            self._images[image.key] = _like(edit.whole(values), image)
        self._result.checked["pixels"] = altered
        return faults

    def _slice_faults(self, edit: SeriesEdit, each: WrittenObject, values: NDArray[np.generic]) -> list[str]:
        source, data = read_object(each.source), read_object(each.path)
        before, after = edit.stored(source, each.source), edit.stored(data, each.path)
        altered = edit.altered(each.index)
        stored_as = edit.stored_as(source, before, each.index)
        low, high = stored_as.reach(source)
        wanted = np.clip(edit.values(each.index).astype(np.float64), low, high)
        values[each.index] = np.where(altered, stored_as.values(after), edit.original(each.index)).astype(values.dtype)
        faults = []
        if before.dtype != after.dtype or not np.array_equal(before[~altered], after[~altered]):
            faults.append(f"{each.path.name}: a voxel outside the edit is not the source's")
        off = np.abs(stored_as.values(after[altered]) - wanted[altered]) - 2 * HALF_STEP * stored_as.off_by(wanted[altered])
        if off.max(initial=0.0) > FLOAT32_RELATIVE * max(abs(low), abs(high)):
            faults.append(f"{each.path.name}: a voxel of the edit is not what was measured")
        return faults

    def _contours(self) -> list[str]:
        """Unclipped contours are byte for byte the source's; none leaves the surface of the written image."""
        objects = [each for each in self._written.objects if each.key == "RTSTRUCT"]
        structures = self._finished.case.structure_set
        if not objects or structures is None:
            return []
        before, after = read_object(objects[0].source), read_object(objects[0].path)
        clipped = {each.number for each in self._written.clipped}
        own = {int(item.ReferencedROINumber): item for item in before.get("ROIContourSequence") or []}
        roles = roles_of(before, structures.structures)
        image = self._finished.drawn_on
        assert image is not None
        surface = self._surface(image)
        skin, _ = self._moved(image)
        faults = []
        for item in after.get("ROIContourSequence") or []:
            number = int(item.ReferencedROINumber)
            contours = list(item.get("ContourSequence") or [])
            texts = [_stored(contour) for contour in contours]
            if number not in clipped and texts != [_stored(contour) for contour in own[number].get("ContourSequence") or []]:
                faults.append(f"contours of structure {number} changed")
            points = [points for contour in contours if len(points := contour_points(contour))]
            if any(leaves_surface(each, roles.get(number, OTHER), surface) for each in points):
                faults.append(f"structure {number} leaves the surface of the defaced image")
            share = follows_skin(points, skin)
            if share > DRAWN_SHARE:
                faults.append(f"structure {number} follows {100 * share:.0f} % of the skin that was taken away")
        self._result.checked["contours"] = {"structures": len(own), "clipped": len(clipped)}
        return faults

    def _surface(self, image: CaseImage) -> HeadSurface:
        """Of the written image; the one that contours were clipped to where every written voxel is what was planned."""
        patch, written = self._finished.patches[image.key], self._images[image.key]
        planned = exported_image(image, patch)
        same = np.array_equal(sitk.GetArrayViewFromImage(planned), sitk.GetArrayViewFromImage(written))
        known = self._written.surface if same else None
        return known or head_surface(image, patch, written)

    def _dose(self) -> list[str]:
        """Grid bytes equal, or edited where the patch says and nowhere else."""
        patch, faults = self._finished.dose_patch, []
        for each in (each for each in self._written.objects if each.key == "RTDOSE"):
            source, data = read_object(each.source), read_object(each.path)
            if patch is None:
                same = grid_bytes(source) == data.PixelData
            else:
                before, after = stored_dose(source, each.source.name), stored_dose(data, each.path.name)
                same = dose_matches(
                    before[:: read_order(source)], after[:: read_order(source)], patch, float(source.DoseGridScaling)
                )
            if not same or str(source.DoseGridScaling) != str(data.DoseGridScaling):
                faults.append(f"{each.path.name}: the dose grid is not what it should be")
        return faults

    def _read_back(self) -> list[str]:
        """Our own reader, the drawn surfaces, the DVHs."""
        finished = self._finished
        with user_names(finished.choices.names):
            back = read_case(self._written.folder, finished.id)
        faults = self._same_case(back)
        faces = DrawnFaces(finished.case, self._heads, finished.settings, finished.measurements)
        for key, image in self._images.items():
            faults += faces.image_faults(finished.case.image(key), image)
        faces.score_other_surfaces(back)
        faults += self._dose_outline_faults(back)
        names = {
            structure.name: structure.standard_name for structure in (back.structure_set.structures if back.structure_set else ())
        }
        clipped = {names.get(each.name, each.name) for each in self._written.clipped}
        clipped |= {"GTV_all"} if any(name.startswith("GTV") for name in clipped) else set()
        tolerance_gy = self._rounding_gy()
        rows = finished.measurements if any(each.key == "RTSTRUCT" for each in self._written.objects) else ()
        wrong, compared = dvh_faults(back, finished.settings, rows, self._options.dose_policy, clipped, tolerance_gy)
        self._result.checked |= {"surfaces": faces.told, "DVH": {"numbers": compared, "tolerance_gy": tolerance_gy}}
        return faults + wrong

    def _same_case(self, back: Case) -> list[str]:
        """The reader finds the same images at the same places, and as many structures."""
        uids, faults = self._written.uids, []
        by_series = {image.series_uid: image for image in back.images}
        for key in self._images:
            original = self._finished.case.image(key)
            found = by_series.get(uids.new(original.series_uid))
            if found is None:
                faults.append(f"{key} cannot be read back")
            elif found.image.GetSize() != original.image.GetSize() or found.image.GetSpacing() != original.image.GetSpacing():
                faults.append(f"{key} has another geometry when it is read back")
        structures = self._finished.case.structure_set
        if structures is not None and any(each.key == "RTSTRUCT" for each in self._written.objects):
            left = back.structure_set.structures if back.structure_set else ()
            if [each.name for each in left] != [each.name for each in structures.structures]:
                faults.append("the structures that are read back are not those of the source")
        return faults

    def _dose_outline_faults(self, back: Case) -> list[str]:
        """A dose that still draws the face, unless the risk was accepted."""
        judged = self._finished.judged
        if back.dose is None or judged.key not in self._heads:
            return []
        share = draws_skin(back.dose.image, *self._moved(judged))
        self._result.checked["dose ends at moved skin"] = round(share, 3)
        if share > DOSE_SHARE and not self._options.accept_risk:
            return [f"the dose ends at {100 * share:.0f} % of the skin that was taken away"]
        return []

    def _moved(self, image: CaseImage) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The original skin that moved, and its normals."""
        if image.key not in self._heads:
            return np.empty((0, 3)), np.empty((0, 3))
        if image.key not in self._skins:
            skin = original_skin(image, self._heads[image.key])
            self._skins[image.key] = moved_skin(image, skin, self._finished.patches[image.key])
        return self._skins[image.key]

    def _rounding_gy(self) -> float:
        """How far a stored dose may be from the measured one: half a step where the dose was blurred, else 0."""
        patch, dose = self._finished.dose_patch, self._finished.case.dose
        if patch is None or dose is None or self._options.dose_policy == KEEP:
            return 0.0
        altered = patch.values[patch.altered(dose.image)]
        if not altered.any():
            return 0.0
        return max(float(read_object(path).DoseGridScaling) for path in dose.sources)


def _like(values: NDArray[np.generic], image: CaseImage) -> sitk.Image:
    result = sitk.GetImageFromArray(values)
    result.CopyInformation(image.image)
    return result


def _stored(contour: Any) -> bytes:
    """A contour's coordinates as they stand in the file."""
    element = contour.get_item("ContourData") if "ContourData" in contour else None
    value = element.value if element is not None else b""
    return value.strip(b" \0") if isinstance(value, bytes) else str(value).encode()


def dose_matches(before: NDArray[Any], after: NDArray[Any], patch: Patch, scaling: float) -> bool:
    """The source's integers where the patch changed nothing; elsewhere the patch's dose, to half a step."""
    altered = np.zeros(before.shape, bool)
    altered[patch.box.slices] = (before[patch.box.slices] * scaling).astype(np.float32) != patch.values
    wanted = patch.values[altered[patch.box.slices]].astype(np.float64)
    off = np.abs(after[altered].astype(np.float64) * scaling - wanted)
    allowed = HALF_STEP * scaling + FLOAT32_RELATIVE * np.abs(wanted)
    return bool(np.array_equal(before[~altered], after[~altered]) and (off <= allowed).all())
