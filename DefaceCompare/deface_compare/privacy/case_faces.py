"""The faces of one case: originals, what each method left of them, and what else of the patient's files shows a face."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ..anatomy.head import Head
from ..case import BODY_IMAGE, DOSE_IMAGE, Case, CaseImage
from ..defacers.defacing import Defacing
from ..errors import FaceNotFound, NotAvailable
from ..geometry.boxes import box_for_grid
from ..measurement import FAILED, NOT_AVAILABLE, Measurement, Missing, Scope
from ..output.folder import OutputFolder
from ..output.kept_methods import KeptMethods
from ..settings import FOLLOW, KEEP, MASK, Settings
from .average_overlay import average_overlay
from .contact_sheet import tile, write_contact_sheet
from .face import FaceReference
from .face_prints import (
    BODY,
    DOSE_KEEP,
    DOSE_SURFACES,
    FACELESS,
    ORIGINAL,
    PLANTED,
    RERENDERED,
    FacePrint,
    FacePrints,
    joined_print,
    load_face_prints,
    original_print,
    probe_print,
    save_face_prints,
    surface_print,
)
from .inner_anatomy import InnerPrints
from .networks.models import models_folder
from .other_surfaces import body_grey, body_mask, box_grid, dose_greys
from .render import read_png, write_png
from .rows import OWN, missing_privacy_rows, privacy_rows, surface_rows
from .scorer import NO_MODEL, FaceScorer

NEAR_FACE_MM = 6.0
"""So much of an image around the face's box is looked at, at least two voxels: linear interpolation asks for one."""
REBUILT = "+rebuilt"
"""Ends a method's key where its rebuilt faces are meant; no key holds a plus sign."""


def open_scorer(model: str, seed: int, views: int, maps: bool = False) -> FaceScorer:
    """One scorer a process; without weights or OpenGL one that gives the reason in every row, until they are there."""
    try:
        return _scorer(model, seed, views, maps, models_folder())
    except NotAvailable as reason:
        return FaceScorer(NO_MODEL, seed, str(reason))


@cache
def _scorer(model: str, seed: int, views: int, maps: bool, folder: Path) -> FaceScorer:
    return FaceScorer(model, seed, views=views, maps=maps)


class CaseFaces:
    """What originals are compared with, and the prints and pictures collected on the way.

    Parameters
    ----------
    case : Case
    heads : mapping of image key to Head
    reasons : mapping of image key to Missing
        Why an image has no head.
    settings : Settings
    out : Path, optional
        Where pictures and prints go; nothing is written if it is None.
    """

    def __init__(
        self, case: Case, heads: Mapping[str, Head], reasons: Mapping[str, Missing], settings: Settings, out: Path | None
    ) -> None:
        self._case, self._heads, self._out = case, heads, out
        self._scorer = open_scorer(settings.face_model, settings.seed, settings.face_views, settings.face_maps)
        self._prints: dict[tuple[str, str], FacePrint] = {}
        self._tiles: dict[tuple[str, str], NDArray[np.uint8]] = {}
        self._references: dict[str, FaceReference | str] = {}
        for image in case.images:
            self._references[image.key] = reasons[image.key].reason if image.key not in heads else self._original(image)
        self._inner = InnerPrints(case, heads, out) if settings.inner_anatomy and out is not None else None
        self._dose_scored: NDArray[np.float32] | None = None
        self._body: NDArray[np.bool_] | str | None = None

    def rows(self, defacing: Defacing, scope: Scope) -> list[Measurement]:
        """The privacy rows of one method: every image, the dose grid and the outer contour."""
        if self._inner is not None:
            self._inner.add(defacing)
        overlays: dict[int, vtkPolyData | str] = {}
        rows: list[Measurement] = []
        for image in self._case.images:
            reference = self._references[image.key]
            missing = defacing.blocked(image.key)
            if missing is not None:
                rows += missing_privacy_rows(scope, image.key, missing.reason, missing.status)
            elif isinstance(reference, str):
                rows += missing_privacy_rows(scope, image.key, reference, NOT_AVAILABLE)
            else:
                rows += self._image_rows(image, reference, defacing, scope, overlays)
        return [*rows, *self._dose_rows(defacing, scope), *self._body_rows(defacing, scope)]

    def keep(self, kept: KeptMethods, method: str) -> None:
        """Take over the prints and pictures of a method that is not run again."""
        if self._out is None:
            return
        if self._inner is not None:
            self._inner.keep(kept, method)
        prints = self._kept_prints(OutputFolder(kept.out), kept.case_id)
        self._prints |= {(surface, of): each for (surface, of), each in prints.items() if of == method}
        if any((surface, method) in prints for surface in DOSE_SURFACES.values()) and (DOSE_KEEP, ORIGINAL) in prints:
            self._prints.setdefault((DOSE_KEEP, ORIGINAL), prints[DOSE_KEEP, ORIGINAL])
        for image in self._case.images:
            for shown in (method, method + REBUILT):
                picture = kept.share_picture(image.key, shown, self._out)
                if picture is not None:
                    self._tiles[image.key, shown] = tile(read_png(picture))

    def write(self) -> None:
        """Write what was collected: prints of faces and inner anatomy, and the contact sheet."""
        if self._inner is not None:
            self._inner.write()
        if self._out is None or not self._prints:
            return
        extents = {key: each.extent for key, each in self._references.items() if isinstance(each, FaceReference)}
        folder = OutputFolder(self._out)
        for number, model in enumerate(self._scorer.models):
            prints = {key: each.of(model) for key, each in self._prints.items()}
            path = folder.face_prints(self._case.id, model.key if number else "")
            folder.make_private(path.parent)
            save_face_prints(path, FacePrints(model.title, model.sha256, prints, extents))
        rows, columns = (list(dict.fromkeys(names)) for names in zip(*self._tiles, strict=True))
        sheet = folder.contact_sheet(self._case.id)
        folder.make_private(sheet.parent)
        write_contact_sheet(sheet, self._tiles, rows, columns)

    def _kept_prints(self, folder: OutputFolder, case_id: str) -> dict[tuple[str, str], FacePrint]:
        """The prints of an earlier run by the models of this one; none where one of them was not there."""
        paths = [folder.face_prints(case_id, model.key if k else "") for k, model in enumerate(self._scorer.models)]
        if not paths or not all(path.is_file() for path in paths):
            return {}
        found = [load_face_prints(path).prints for path in paths]
        return {key: joined_print([each[key] for each in found]) for key in found[0]}

    def _original(self, image: CaseImage) -> FaceReference | str:
        """Score an original and its controls."""
        head = self._heads[image.key]
        try:
            reference = self._scorer.reference(image, head)
        except (FaceNotFound, NotAvailable) as reason:
            return str(reason)
        if not reference.unscored:
            self._prints[image.key, ORIGINAL] = original_print(reference)
            self._prints[image.key, RERENDERED] = probe_print(self._scorer.control(image, head, reference))
            if reference.faceless is not None:
                self._prints[image.key, FACELESS] = probe_print(reference.faceless)
            if reference.planted is not None:
                self._prints[image.key, PLANTED] = probe_print(reference.planted)
        self._keep_picture(image.key, ORIGINAL, reference.frontal)
        return reference

    def _image_rows(
        self,
        image: CaseImage,
        reference: FaceReference,
        defacing: Defacing,
        scope: Scope,
        overlays: dict[int, vtkPolyData | str],
    ) -> list[Measurement]:
        overlay = "" if reference.unscored else self._overlay(image, defacing, overlays)
        try:
            probe = self._scorer.probe(_seen(image, reference, defacing), reference, overlay)
        except NotAvailable as reason:
            return missing_privacy_rows(scope, image.key, str(reason), FAILED)
        if not reference.unscored:
            self._prints[image.key, defacing.method] = probe_print(probe)
        self._keep_picture(image.key, defacing.method, probe.frontal)
        self._keep_picture(image.key, defacing.method + REBUILT, probe.frontal_rebuilt)
        return privacy_rows(reference, probe, scope, image.key)

    def _overlay(self, image: CaseImage, defacing: Defacing, known: dict[int, vtkPolyData | str]) -> vtkPolyData | str:
        """The average face for this image's frame of reference, found once a method."""
        head = self._heads[image.key]
        if id(head) not in known:
            key = head.image_key if head.image_key in defacing.patches else image.key
            try:
                known[id(head)] = average_overlay(self._case.image(key), head, defacing.patches[key])
            except NotAvailable as reason:
                known[id(head)] = str(reason)
        return known[id(head)]

    def _dose_rows(self, defacing: Defacing, scope: Scope) -> list[Measurement]:
        """The dose grid under each policy: as it is (``keep``, the same for every method), masked, and as the image."""
        dose = self._case.dose
        reference = self._reference_in(dose.frame_of_reference_uid) if dose else None
        if dose is None or reference is None or not {MASK, FOLLOW} <= set(defacing.dose_patches):
            return []
        highest = float(sitk.GetArrayViewFromImage(dose.image).max())
        if self._dose_scored is None:
            self._dose_scored = self._drawn_dose(dose.image, reference, highest)
            self._prints[DOSE_KEEP, ORIGINAL] = surface_print(self._dose_scored, len(reference.cameras))
        rows = surface_rows(reference, self._dose_scored, scope, DOSE_IMAGE, KEEP)
        known = [(dose.image, self._dose_scored)]  # drawing takes longer than comparing two grids
        for policy in (MASK, FOLLOW):
            edited = defacing.dose_patches[policy].whole(dose.image)
            found = next((scored for grid, scored in known if _equal(grid, edited)), None)
            if found is None:
                found = self._drawn_dose(edited, reference, highest)
                known.append((edited, found))
            self._prints[DOSE_SURFACES[policy], defacing.method] = surface_print(found, len(reference.cameras))
            rows += surface_rows(reference, found, scope, DOSE_IMAGE, policy)
        return rows

    def _drawn_dose(self, dose: sitk.Image, reference: FaceReference, highest: float) -> NDArray[np.float32]:
        box = reference.box.coarse()
        greys = dose_greys(dose, box, highest)
        return self._scorer.frontal_embeddings(greys, box, reference, [0.0] * len(greys))

    def _body_rows(self, defacing: Defacing, scope: Scope) -> list[Measurement]:
        """The outer contour as it lies on the defaced image that it was drawn on."""
        structures = self._case.structure_set
        bodies = structures.in_group("external") if structures else ()
        reference = self._reference_in(structures.frame_of_reference_uid) if structures else None
        if not bodies or reference is None or reference.image_key not in defacing.edits:
            return []
        box = reference.box.coarse()
        if self._body is None:
            try:
                self._body = body_mask(bodies[0], box)
            except NotAvailable as reason:
                self._body = str(reason)
        if isinstance(self._body, str):
            return [scope.missing(OWN, self._body, image=BODY_IMAGE, engine=reference.engine)]
        outline = defacing.edits[reference.image_key].outlined(self._body, box_grid(box))
        found = self._scorer.frontal_embeddings([body_grey(outline, box)], box, reference, [0.0])
        self._prints[BODY, defacing.method] = surface_print(found, len(reference.cameras))
        return surface_rows(reference, found, scope, BODY_IMAGE)

    def _reference_in(self, frame_uid: str) -> FaceReference | None:
        """The first scored original of a frame of reference: whose face a surface that is no image is compared with."""
        for image in self._case.images:
            reference = self._references[image.key]
            if image.frame_of_reference_uid == frame_uid and isinstance(reference, FaceReference) and not reference.unscored:
                return reference
        return None

    def _keep_picture(self, image_key: str, method: str, frontal: NDArray[np.uint8] | None) -> None:
        if self._out is None or frontal is None:
            return
        folder = OutputFolder(self._out)
        path = folder.render(self._case.id, image_key, method)
        folder.make_private(path.parent)
        write_png(path, frontal)
        self._tiles[image_key, method] = tile(frontal)


def _seen(image: CaseImage, reference: FaceReference, defacing: Defacing) -> sitk.Image:
    """The part of a defaced image that shows the face, as an attacker sees it; all of it would stand beside the next edit."""
    margin_mm = max(NEAR_FACE_MM, 2.0 * max(image.image.GetSpacing()))
    box = box_for_grid(image.image, box_grid(reference.box), margin_mm)
    return defacing.seen_patch(image).part(image.image, box)


def _equal(first: sitk.Image, second: sitk.Image) -> bool:
    return np.array_equal(sitk.GetArrayViewFromImage(first), sitk.GetArrayViewFromImage(second))
