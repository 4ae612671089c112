"""One patient as read: images, structure set and dose. Coordinates are DICOM/ITK LPS in mm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkPolyData

from .demographics import UNKNOWN, Demographics

CT, MR, PET = "CT", "MR", "PET"
"""The modalities of a `CaseImage` (DICOM's PT is called PET here, as in the tables)."""
DOSE_IMAGE, BODY_IMAGE = "DOSE", "BODY"
"""Stand for an image's key in rows about the dose grid and the outer contour."""


class _Voxels:
    """What a view's memory belongs to: it holds the image as long as the view, or a part of it, is there.

    SimpleITK's own view does not: once the image is gone, it shows whatever comes to lie in its memory.
    """

    def __init__(self, image: sitk.Image) -> None:
        self.image = image
        self.__array_interface__: dict[str, Any] = dict(sitk.GetArrayViewFromImage(image).__array_interface__)


@dataclass(frozen=True)
class OwnFrame:
    """Where a grid lay before a registration moved it into another frame of reference (LPS mm)."""

    uid: str
    origin: tuple[float, ...]
    direction: tuple[float, ...]

    def put_back(self, image: sitk.Image) -> sitk.Image:
        """The same voxels on the grid's own place; nothing is resampled."""
        result = sitk.Image(image)
        result.SetOrigin(self.origin)
        result.SetDirection(self.direction)
        return result


@dataclass(frozen=True)
class StoredForm:
    """How a DICOM series' stored integers became its image, where a slice's own header does not tell.

    Parameters
    ----------
    bits_below : int
        Unused bits below the stored ones.
    inverted : bool
        Whether slices marked MONOCHROME1 are stored as negatives (air is their largest number).
    factor : float
        On the values that the headers' scaling gives (Bq/ml to SUVbw).
    padding : float, optional
        What stands for voxels beyond the field of view.
    planes : tuple of int, optional
        The image's slice index of each file where their spacing changes; the slices between are interpolated.
    real_world : bool
        Whether the headers' mapping to real world values stands for the slopes that they do not state.
    """

    bits_below: int = 0
    inverted: bool = False
    factor: float = 1.0
    padding: float | None = None
    planes: tuple[int, ...] | None = None
    real_world: bool = False


@dataclass(frozen=True)
class CaseImage:
    """One 3-D image of a patient.

    Parameters
    ----------
    key : str
        The image's name in every table: ``CT``, ``CT_2``, ``MR_T1``, ``MR_T1C``, ``MR_T2``, ``MR_FLAIR``, ``MR``, ``PET``.
    modality : str
        ``CT``, ``MR`` or ``PET``.
    image : SimpleITK.Image
        Scalar 3-D image in LPS mm; CT in HU, PET in SUVbw where it can be had, MR as stored.
    unit : str
        ``HU``, ``SUVbw``, ``Bq/ml`` or ``a.u.``.
    frame_of_reference_uid : str
        Images with the same value share one coordinate system. Files of one ``case.json`` share ``""``.
    date, series_uid : str
        As read, for matching only; never printed in a shared table.
    notes : tuple of str
        What a reader of the numbers must know ("values are not HU: shifted by -1024").
    own_frame : OwnFrame, optional
        Of an image that a registration moved into `frame_of_reference_uid`: its own frame and place.
    stored_form : StoredForm, optional
        Of an image read from DICOM.
    """

    key: str
    modality: str
    image: sitk.Image
    unit: str
    frame_of_reference_uid: str = ""
    series_uid: str = ""
    date: str = ""
    notes: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()
    own_frame: OwnFrame | None = None
    stored_form: StoredForm = StoredForm()
    defaced_before: str = ""
    """How header or file name say that the scan was defaced before; ``""`` if they do not."""

    def array(self) -> NDArray[np.generic]:
        """The voxels as a read-only view, shape (z, y, x), in the stored type; it holds the image as long as it is there."""
        return np.asarray(_Voxels(self.image))


RELATIVE = "relative"
"""Unit of a dose that its file tells only as shares of a value of its own."""


@dataclass(frozen=True)
class Dose:
    """A dose grid (float32, LPS mm).

    `unit` is ``Gy``, or ``relative`` where the file tells doses only as shares of a value of its own. `remarks` is what every
    row of the dose must say (it names no file).
    """

    image: sitk.Image
    frame_of_reference_uid: str = ""
    prescription_gy: float | None = None
    summation: str = ""
    notes: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()
    unit: str = "Gy"
    own_frame: OwnFrame | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Structure:
    """One structure; holds exactly one of `contours`, `surface`, `labelmap`.

    That choice fixes the DVH end model (contours: slab; surface and labelmap: surface). Other forms are computed, never stored.

    Parameters
    ----------
    name : str
        The planned name (of real patients: for the key file only).
    standard_name : str
        AAPM TG-263 name (``Parotid_L``), or the planned name's place holder where unknown (``structure-07``).
    group : str
        One of `structures.organs.GROUPS`, a further organ's or a user's own; ``exclude`` (helpers) or ``other`` (no such name).
    side : str
        ``L``, ``R``, ``B`` or ``""``.
    contours : tuple of (n, 3) arrays, optional
        Closed planar polygons, LPS mm; several polygons in one plane combine by even-odd.
    surface : vtkPolyData, optional
        A closed surface in LPS mm.
    labelmap : SimpleITK.Image, optional
        uint8, 1 = inside, LPS mm.
    """

    name: str
    standard_name: str
    group: str = "other"
    side: str = ""
    contours: tuple[NDArray[np.float64], ...] | None = None
    surface: vtkPolyData | None = None
    labelmap: sitk.Image | None = None
    notes: tuple[str, ...] = ()
    plane_spacing_mm: float | None = None
    """Distance of the structure set's contour planes: the thickness of a structure drawn in one plane only."""
    prescription_gy: float | None = None
    """A target's own prescribed dose, where the plan tells it."""
    problem: str = ""
    """Why the structure cannot be measured although it was planned; its rows give this reason."""

    def __post_init__(self) -> None:
        forms = [form for form in (self.contours, self.surface, self.labelmap) if form is not None]
        if len(forms) != 1:
            raise ValueError(f"structure {self.standard_name} must hold exactly one of contours, surface, labelmap")


@dataclass(frozen=True)
class StructureSet:
    """The structures of one RTSTRUCT or segmentation."""

    structures: tuple[Structure, ...]
    frame_of_reference_uid: str = ""
    referenced_series_uid: str = ""
    notes: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()
    remarks: tuple[str, ...] = ()
    """What every row of the structures must say (it names no file): that another set was the plan's."""

    def in_group(self, group: str) -> tuple[Structure, ...]:
        """All structures of one organ group, in planned order."""
        return tuple(s for s in self.structures if s.group == group)


@dataclass(frozen=True)
class Case:
    """One patient. `images[0]` is the primary image (see `readers`); any part may be missing."""

    id: str
    images: tuple[CaseImage, ...] = ()
    structure_set: StructureSet | None = None
    dose: Dose | None = None
    synthetic: bool = False
    notes: tuple[str, ...] = ()
    person: str = ""
    """Who this is, for matching repeat scans; lives in the key file only."""
    missing_dose: str = ""
    """Why a patient with dose files has no dose; its rows give this reason."""
    missing_structures: str = ""
    """Why a patient with a structure set has none that can be used; its rows give this reason."""
    resegmented: Mapping[str, StructureSet | str] = field(default_factory=dict)
    """By method: the structures drawn again on its defaced images, or the reason why there are none."""
    other_structure_sets: tuple[StructureSet, ...] = ()
    """Structures of the same file that lie in other frames of reference, one set a frame: measured on the images there."""
    folder: Path | None = None
    """Where it was read from; for the key file, and to keep its names out of what is shared."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many files below the patient's folder were not used, by reason."""
    demographics: Demographics = UNKNOWN
    """Sex and age; never in a shared table, kept in ``identifiable/`` only."""

    @property
    def primary(self) -> CaseImage | None:
        """The image on which faces are searched and structures were drawn."""
        return self.images[0] if self.images else None

    def image(self, key: str) -> CaseImage:
        """The image called `key` (KeyError if there is none)."""
        for candidate in self.images:
            if candidate.key == key:
                return candidate
        raise KeyError(key)

    def renamed(self, case_id: str) -> Case:
        """The same patient under another id."""
        return replace(self, id=case_id)
