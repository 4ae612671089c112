"""The rows of one method on one case: volume, intensity and dose of every region. A gap is a row with its reason."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..case import PET, Case, CaseImage
from ..defacers.defacing import Defacing
from ..geometry.boxes import Patch, box_at, common_part
from ..measurement import NOT_AVAILABLE, Measurement, Missing, Scope, metrics, percent_change
from ..settings import Settings
from ..structures.region import Region
from .baseline import Baseline, RegionOnImage
from .dose_rows import dose_rows
from .dvh_table import DvhTable
from .intensity import UNCHANGED, intensity_percent, measure_change, measure_intensities
from .resegmentation import RESEGMENTATION_METRICS, resegmentation_rows
from .volume import NOTABLY_ALTERED_HU, measure_volumes

ZERO_FILL_NOTE = "zero fill, as in the published percentages"
SUV_METRICS = ("SUVmean", "SUVmax")


def utility_rows(
    case: Case, baseline: Baseline, defacing: Defacing, scope: Scope, settings: Settings, curves: DvhTable | None = None
) -> list[Measurement]:
    """All volume, intensity and dose rows of one method on one case.

    Parameters
    ----------
    baseline : Baseline
        `utility_baseline` of the same case.
    defacing : Defacing
        Its failure becomes rows with status ``failed``; an image that it left out, rows ``not available``.
    curves : DvhTable, optional
        Where the DVH curves behind the rows are kept for drawing.

    Returns
    -------
    list of Measurement
        One row for each image, region and metric, for each dose policy, region and metric, and, where structures were drawn
        again after this method, for each of them.
    """
    rows: list[Measurement] = []
    for image in case.images:
        rows.extend(_image_rows(image, baseline, defacing, scope, settings))
    rows.extend(dose_rows(case.dose, baseline, defacing, scope, curves))
    rows.extend(resegmentation_rows(case, defacing, scope))
    return rows


def _image_rows(
    image: CaseImage, baseline: Baseline, defacing: Defacing, scope: Scope, settings: Settings
) -> Iterator[Measurement]:
    known = baseline.images[image.key]
    missing = defacing.blocked(image.key)
    if isinstance(known, str):
        for metric in image_metrics(image.modality, target=False):
            yield scope.missing(metric, known, image=image.key, unit=_unit(metric, image))
        return
    for region in baseline.regions:
        wanted = image_metrics(image.modality, region.target and region.group != "gtv")
        on_image = known.regions[region.name]
        if isinstance(on_image, str):
            why = missing or Missing(NOT_AVAILABLE, on_image)
            for metric in wanted:
                yield scope.missing(
                    metric,
                    why.reason,
                    image=image.key,
                    structure=region.name,
                    status=why.status,
                    unit=_unit(metric, image),
                )
        elif missing is not None:
            yield from _original_rows(image, region, on_image, wanted, missing, scope)
        else:
            original = image.array()[on_image.voxels.box]
            defaced = defaced_box(original, on_image.voxels.box, defacing.patches[image.key])
            yield from _region_rows(image, region, on_image, original, defaced, known.tissue_above, wanted, scope, settings)


def _unit(metric: str, image: CaseImage) -> str | None:
    """The image's own unit for an intensity; None: as ``data/metrics.csv`` has it."""
    return image.unit if metrics()[metric].unit == "HU" else None


def image_metrics(modality: str, target: bool) -> list[str]:
    """The metrics of a region on an image of a modality; CTV and PTV (`target`) have volumes only."""
    names = [m.name for m in metrics().values() if m.domain == "volume" or (m.domain == "intensity" and not target)]
    left_out = RESEGMENTATION_METRICS if modality == PET else (*RESEGMENTATION_METRICS, *SUV_METRICS)
    return [name for name in names if name not in left_out]


def defaced_box(original: NDArray[np.generic], box: tuple[slice, slice, slice], patch: Patch) -> NDArray[np.generic]:
    """A box of the defaced image, shape (z, y, x); `original`, the box of the original, itself where the patch does not reach."""
    z, y, x = box
    common = common_part(box_at((x.start, y.start, z.start), original), patch.box)
    if common is None:
        return original
    own, theirs = common
    if np.array_equal(original[own], patch.values[theirs]):
        return original
    values = original.copy()
    values[own] = patch.values[theirs]
    return values


def _original_rows(
    image: CaseImage, region: Region, on_image: RegionOnImage, wanted: list[str], missing: Missing, scope: Scope
) -> Iterator[Measurement]:
    """The rows where there is no defaced image: the original's numbers, and why there are no others."""
    volumes, intensities = on_image.volumes, on_image.intensities
    known = {
        "planned_volume": volumes.planned_cc,
        "intact_volume": volumes.planned_cc,
        "tissue_volume": volumes.tissue_original_cc,
        "median": intensities.median,
        "mean": intensities.mean,
    }
    if image.unit == "SUVbw":
        known |= {"SUVmean": intensities.mean, "SUVmax": intensities.largest}
    for metric in wanted:
        yield scope.missing(
            metric,
            missing.reason,
            image=image.key,
            structure=region.name,
            status=missing.status,
            engine=on_image.voxels.engine,
            original=known.get(metric, math.nan),
            unit=_unit(metric, image),
        )


def _region_rows(
    image: CaseImage,
    region: Region,
    on_image: RegionOnImage,
    original: NDArray[np.generic],
    defaced: NDArray[np.generic],
    tissue_above: float,
    wanted: list[str],
    scope: Scope,
    settings: Settings,
) -> Iterator[Measurement]:
    voxels, volumes = on_image.voxels, on_image.volumes
    if defaced is not original:
        volumes = measure_volumes(voxels, original, defaced, image.modality, tissue_above)
    numbers: dict[str, tuple[float, float, float, str]] = {
        "planned_volume": (volumes.planned_cc, math.nan, math.nan, "; ".join(region.notes)),
        "intact_volume": (
            volumes.planned_cc,
            volumes.intact_cc,
            percent_change(volumes.planned_cc, volumes.intact_cc),
            f"{volumes.notably_altered_cc:.3f} cc altered by more than {NOTABLY_ALTERED_HU:g} HU" if image.unit == "HU" else "",
        ),
        "tissue_volume": (
            volumes.tissue_original_cc,
            volumes.tissue_defaced_cc,
            percent_change(volumes.tissue_original_cc, volumes.tissue_defaced_cc),
            "" if volumes.tissue_original_cc else "no tissue inside the structure",
        ),
    }
    numbers.update(_intensity_numbers(image, on_image, original, defaced, settings))
    cut = f"{100 * voxels.outside_fraction:.1f} % of the structure lies outside the image" if voxels.outside_fraction else ""
    for metric in wanted:
        before, after, percent, note = numbers[metric]
        if metric in SUV_METRICS and image.unit != "SUVbw":
            reason = f"the PET is in {image.unit}, not SUVbw"
            yield scope.missing(metric, reason, image=image.key, structure=region.name, engine=voxels.engine)
            continue
        yield scope.row(
            metric,
            original=before,
            defaced=after,
            change_percent=percent,
            image=image.key,
            structure=region.name,
            unit=_unit(metric, image),
            engine=voxels.engine,
            note="; ".join(part for part in (note, cut) if part),
        )


def _intensity_numbers(
    image: CaseImage,
    on_image: RegionOnImage,
    original: NDArray[np.generic],
    defaced: NDArray[np.generic],
    settings: Settings,
) -> dict[str, tuple[float, float, float, str]]:
    before = on_image.intensities
    after, change = before, UNCHANGED
    if defaced is not original:
        after = measure_intensities(on_image.voxels, defaced)
        change = measure_change(on_image.voxels, original, defaced, image.modality)
    note = ZERO_FILL_NOTE if settings.fill == "zero" else ""
    pairs = {
        "median": (before.median, after.median),
        "mean": (before.mean, after.mean),
        "SUVmean": (before.mean, after.mean),
        "SUVmax": (before.largest, after.largest),
    }
    numbers = {name: (a, b, intensity_percent(image.modality, before.median, a, b), note) for name, (a, b) in pairs.items()}
    numbers["mean_absolute_difference"] = (0.0, change.mean_absolute_difference, math.nan, note)
    numbers["altered_fraction"] = (0.0, change.altered_percent, math.nan, "")
    return numbers
