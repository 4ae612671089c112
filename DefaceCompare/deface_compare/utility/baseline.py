"""What is known of a case before any defacing: regions on each image, original intensities and original DVHs. Once a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..anatomy.air import skin_threshold
from ..case import Case, CaseImage
from ..errors import NotAvailable
from ..readers.checks import dose_warnings
from ..settings import Settings
from ..structures.region import Region, regions
from ..structures.region_voxels import RegionVoxels, region_voxels
from .dose_sampling import DoseSamples, sample_region
from .intensity import Intensities, measure_intensities
from .volume import Volumes, measure_volumes


@dataclass(frozen=True)
class RegionOnImage:
    """A region on one image with its original numbers."""

    voxels: RegionVoxels
    volumes: Volumes
    intensities: Intensities


@dataclass(frozen=True)
class ImageBaseline:
    """All regions on one image.

    Parameters
    ----------
    tissue_above : float
        Skin threshold of the original image.
    regions : mapping of region name to RegionOnImage, or to the reason why it cannot be measured
    """

    tissue_above: float
    regions: Mapping[str, RegionOnImage | str]


@dataclass(frozen=True)
class Baseline:
    """The original numbers of one case.

    Parameters
    ----------
    regions : tuple of Region
        What gives rows, in table order.
    images : mapping of image key to ImageBaseline, or to the reason why no region lies on it
    dose : mapping of region name to DoseSamples, or to the reason why it has no DVH
    dose_reason : str
        Why there is no dose at all, else ``""``.
    """

    regions: tuple[Region, ...]
    images: Mapping[str, ImageBaseline | str]
    dose: Mapping[str, DoseSamples | str]
    dose_reason: str = ""


def utility_baseline(case: Case, settings: Settings) -> Baseline:
    """Measure a case's originals. Never raises for what a case lacks: each gap is a reason that becomes rows."""
    structure_set = case.structure_set
    if structure_set is None:
        reason = case.missing_structures or "the case has no structure set"
        return Baseline((), {image.key: reason for image in case.images}, {}, dose_reason=reason)
    placed = _placed_regions(case)
    if not placed:
        reason = "; ".join(("the set holds nothing but helpers and body outlines", *structure_set.notes))
        return Baseline((), {image.key: reason for image in case.images}, {}, dose_reason=reason)
    images: dict[str, ImageBaseline | str] = {}
    for image in case.images:
        if image.frame_of_reference_uid not in {one.frame for one in placed}:
            images[image.key] = "no registration: the image is in another frame of reference than the structure set"
        else:
            images[image.key] = _image_baseline(image, placed)
    dose, dose_reason = _dose_baseline(case, placed, settings)
    return Baseline(tuple(one.region for one in placed), images, dose, dose_reason)


@dataclass(frozen=True)
class _Placed:
    """A region and the frame of reference that it lies in."""

    region: Region
    frame: str


def _placed_regions(case: Case) -> tuple[_Placed, ...]:
    """What gives rows: the structure set's regions, then those that it has in other frames of reference."""
    sets = [one for one in (case.structure_set, *case.other_structure_sets) if one is not None]
    return tuple(_Placed(region, one.frame_of_reference_uid) for one in sets for region in regions(one))


def _image_baseline(image: CaseImage, placed: Sequence[_Placed]) -> ImageBaseline:
    tissue_above = skin_threshold(image)
    array = image.array()
    on_image: dict[str, RegionOnImage | str] = {}
    for one in placed:
        region = one.region
        if one.frame != image.frame_of_reference_uid:
            on_image[region.name] = "no registration: the structure is in another frame of reference than the image"
            continue
        try:
            voxels = region_voxels(region, image.image)
        except NotAvailable as reason:
            on_image[region.name] = str(reason)
            continue
        values = array[voxels.box]
        on_image[region.name] = RegionOnImage(
            voxels=voxels,
            volumes=measure_volumes(voxels, values, values, image.modality, tissue_above),
            intensities=measure_intensities(voxels, values),
        )
    return ImageBaseline(tissue_above, on_image)


def _dose_baseline(case: Case, placed: Sequence[_Placed], settings: Settings) -> tuple[dict[str, DoseSamples | str], str]:
    if case.dose is None:
        return {}, case.missing_dose or "the case has no dose"
    assert case.structure_set is not None
    if case.dose.frame_of_reference_uid not in {one.frame for one in placed}:
        return {}, "the dose is in another frame of reference than the structure set"
    remarks = (*case.dose.remarks, *case.structure_set.remarks)
    warnings = (*remarks, *dose_warnings(case.dose.image, case.dose.unit, prescription_gy=case.dose.prescription_gy))
    dose: dict[str, DoseSamples | str] = {}
    for one in placed:
        region = one.region
        if one.frame != case.dose.frame_of_reference_uid:
            dose[region.name] = "the dose is in another frame of reference than the structure"
            continue
        try:
            dose[region.name] = sample_region(region, case.dose.image, settings.dvh_oversampling, settings.dvh_ends, warnings)
        except NotAvailable as reason:
            dose[region.name] = str(reason)
    return dose, ""
