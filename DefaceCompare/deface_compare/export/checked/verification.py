"""What is checked after writing, always: everything is read again and compared with the source and with what was measured."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...anatomy.head import Head
from ...case import Case, CaseImage, Structure
from ...errors import DefaceCompareError
from ...output.finished_case import FinishedCase
from ...readers import read_case
from ...readers.dicom.header import PYDICOM_ERRORS
from ...readers.dicom.stored_pixels import read_object
from ...settings import KEEP
from ...structures.name_words import user_names
from ..beyond_image import dose_beyond, structures_beyond
from ..dose_outline import DRAWN_SHARE as DOSE_SHARE
from ..dose_outline import dose_edges, draws_skin
from ..moved_skin import NO_MOVED_SKIN, MovedSkin, moved_skins
from ..options import BY_TOOL, ExportOptions
from ..written.dose_grid import grid_bytes, read_order, stored_dose
from ..written.head_surface import HeadSurface, head_surface
from ..written.image_slice import exported_image
from ..written.written_set import WrittenSet
from .contour_check import ContourCheck
from .drawn_faces import DrawnFaces
from .drawn_together import DrawnTogether
from .dvh_check import dvh_faults
from .identity_check import identity_search
from .identity_search import IdentitySearch
from .one_reading import OneReading
from .read_again import difference
from .reference_check import reference_faults
from .shared_names import SharedNames
from .voxel_check import dose_matches


@dataclass
class Verification:
    """What was found.

    Parameters
    ----------
    faults : list of str
        Each one sentence.
    accepted : list of str
        Risks that the user accepted.
    notes : list of str
        What could not be checked.
    checked : dict
        What was checked, with its numbers.
    search : IdentitySearch, optional
        What looked for the source's identity, where headers are cleaned.
    """

    faults: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    checked: dict[str, Any] = field(default_factory=dict)
    search: IdentitySearch | None = None


class Verifier:
    """Checks one written set.

    Parameters
    ----------
    heads : mapping of image key to Head
        Of the original images.
    moved : mapping of image key to MovedSkin, optional
        As `moved_skins` finds it.
    """

    def __init__(
        self,
        finished: FinishedCase,
        options: ExportOptions,
        written: WrittenSet,
        heads: Mapping[str, Head],
        moved: Mapping[str, MovedSkin] | None = None,
    ) -> None:
        self._finished, self._options, self._written, self._heads = finished, options, written, heads
        self._moved = moved_skins(finished, heads) if moved is None else moved
        self._result = Verification(faults=list(written.faults))
        self._once = OneReading(finished, written)
        self._images: dict[str, sitk.Image] = {}
        self._touching: set[int] = set()
        self._numbers: list[int] = []
        self._names = SharedNames(finished.case.structure_set, written.names, by_tool=options.headers == BY_TOOL)
        self._together = DrawnTogether(self._moved.get(finished.judged.key, NO_MOVED_SKIN))

    def run(self) -> Verification:
        """All checks; one that cannot even be made is a fault."""
        checks: dict[str, Callable[[], list[str]]] = {
            "identity of the source": self._wanted,
            "references": self._references,
            "identity": self._identity,
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
        return reference_faults(written.folder, old, allowed, self._once.look_at)

    def _identity(self) -> list[str]:
        """Nothing of the names, identifiers, dates and UIDs in the source is left where headers are cleaned."""
        search = self._result.search
        return [] if search is None else search.faults(self._written.folder, self._once.left)

    def _wanted(self) -> list[str]:
        """What of an identity the source holds."""
        if self._options.cleans_headers:
            search = self._result.search = self._once.search = identity_search(self._finished, self._options, self._written)
            self._result.checked["identity"] = {"values of the source searched for": len(search)}
        return []

    def _pixels(self) -> list[str]:
        """Untouched voxels are bit-identical in the stored integers; touched ones are what was measured, to half a step."""
        faults, altered = [], {}
        for image in self._finished.case.images:
            objects = [each for each in self._written.objects if each.key == image.key]
            if not objects:
                continue
            edit = self._once.edit(image.key)
            for each in objects:
                faults += self._once.slice_faults(each)
            altered[image.key] = {
                "slices": len(objects),
                "altered voxels": int(sum(edit.altered(k).sum() for k in range(len(edit)))),
            }
            self._images[image.key] = _like(self._once.whole(image.key), image)
        self._result.checked["pixels"] = altered
        return faults

    def _contours(self) -> list[str]:
        """Unclipped contours are byte for byte the source's; none leaves the surface of the written image."""
        objects = [each for each in self._written.objects if each.key == "RTSTRUCT"]
        structures = self._finished.case.structure_set
        if not objects or structures is None:
            return []
        image = self._finished.drawn_on
        assert image is not None
        clipped = {each.number for each in self._written.clipped}
        check = ContourCheck(read_object(objects[0].source), structures.structures, self._surface(image), image.key)
        written = read_object(objects[0].path)
        faults = check.faults(written, clipped, self._together)
        self._numbers = [int(roi.ROINumber) for roi in written.get("StructureSetROISequence") or []]
        self._touching |= check.touching
        self._result.checked["contours"] = {"structures": check.structures, "clipped": len(clipped)}
        return faults + self._together.contour_faults()

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
        faults += self._unless_accepted(faces.faults_alone(back, self._images, self._touching_in(back)).values())
        if faces.unscored:
            self._result.notes.append(f"what was written was not looked at for the original's face: {faces.unscored}")
        faults += self._unless_accepted(self._dose_outline_faults(back))
        called = self._names.called
        clipped = self._standard_names({called.get(each.name, each.name) for each in self._written.clipped}, back)
        if finished.dose_patch is not None:
            beyond = structures_beyond(finished, finished.judged.image)
            clipped |= self._standard_names({called.get(name, name) for name in beyond}, back)
        clipped |= self._names.unnamed
        clipped |= {"GTV_all"} if any(name.startswith("GTV") for name in clipped) else set()
        tolerance_gy = self._rounding_gy()
        rows = finished.measurements if any(each.key == "RTSTRUCT" for each in self._written.objects) else ()
        wrong, compared = dvh_faults(back, finished.settings, rows, self._options.dose_policy, clipped, tolerance_gy)
        self._result.checked |= {"surfaces": faces.told, "DVH": {"numbers": compared, "tolerance_gy": tolerance_gy}}
        return faults + wrong

    def _standard_names(self, planned: Collection[str], back: Case) -> set[str]:
        """What the structures of some planned names are called in rows, as read back: several may have one planned name."""
        read = back.structure_set.structures if back.structure_set else ()
        found = {each.standard_name for each in read if each.name in planned}
        return found | (set(planned) - {each.name for each in read})

    def _same_case(self, back: Case) -> list[str]:
        """The reader finds the same images at the same places, and as many structures."""
        uids, faults = self._written.uids, []
        by_series = {image.series_uid: image for image in back.images}
        for key in self._images:
            original = self._finished.case.image(key)
            found = by_series.get(uids.new(original.series_uid))
            if found is None:
                faults.append(f"{key} cannot be read back")
            elif what := difference(found, original, self._images[key], self._options):
                faults.append(f"{key} {what}")
        structures = self._finished.case.structure_set
        if structures is not None and any(each.key == "RTSTRUCT" for each in self._written.objects):
            left = back.structure_set.structures if back.structure_set else ()
            faults += self._names.faults(left)
        return faults

    def _touching_in(self, back: Case) -> list[Structure]:
        """The structures that lie at the skin, as read back; their order is that of their numbers."""
        read = back.structure_set.structures if back.structure_set else ()
        return [each for number, each in zip(self._numbers, read, strict=False) if number in self._touching and each.contours]

    def _dose_outline_faults(self, back: Case) -> list[str]:
        """A dose that still draws the face, alone, beyond the image, or together with all else."""
        judged, dose = self._finished.judged, back.dose
        if judged.key not in self._heads:
            return []
        faults = []
        if dose is not None:
            moved = self._moved[judged.key]
            share = draws_skin(dose.image, moved)
            self._result.checked["dose ends at moved skin"] = round(share, 3)
            if share > DOSE_SHARE:
                faults.append(f"the dose ends at {100 * share:.0f} % of the skin that was taken away")
            if self._finished.dose_patch is not None and dose_beyond(judged.image, dose.image).any():
                faults.append(f"there is dose beyond image {judged.key}, where nothing was defaced")
            self._together.add("dose", dose_edges(dose.image, moved))
        for key, image in self._images.items():
            original = self._finished.case.image(key)
            if original.frame_of_reference_uid == judged.frame_of_reference_uid:
                self._together.add_image(original, image)
        self._result.checked["moved skin followed by"] = self._together.told()
        return faults + self._together.faults()

    def _unless_accepted(self, faults: Iterable[str]) -> list[str]:
        """Faults of which the user said that they are accepted are told, not raised."""
        if not self._options.accept_risk:
            return [f"{fault} (--accept-risk writes it all the same)" for fault in faults]
        self._result.accepted += faults
        return []

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
