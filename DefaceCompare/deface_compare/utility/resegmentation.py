"""How a structure drawn again on the defaced image agrees with the planned one: Dice, HD95, surface Dice, volume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt, generate_binary_structure

from ..case import Case, StructureSet
from ..defacers.defacing import Defacing
from ..errors import NotAvailable
from ..geometry.lattice import Lattice
from ..measurement import FAILED, Measurement, Scope, percent_change
from ..structures.organs import PLACE_HOLDER, is_place_holder
from ..structures.region import Region, regions
from ..structures.region_voxels import PARTIAL_FACTOR, SMALL_ORGAN_CC

SURFACE_TOLERANCE_MM = 2.0
"""Surfaces closer than this agree (surface Dice at 2 mm, as in published studies of defacing and autocontouring)."""
HAUSDORFF_PERCENTILE = 95.0
RESEGMENTATION_METRICS = ("resegmented_volume", "resegmented_dice", "resegmented_hd95", "resegmented_surface_dice_2mm")
FACES = generate_binary_structure(3, 1)
"""Neighbours that share a face."""


@dataclass(frozen=True)
class Agreement:
    """Two drawings of one structure on one grid.

    Parameters
    ----------
    volume_before_cc, volume_after_cc : float
    dice : float
        2 |A and B| / (|A| + |B|), voxels by their centres.
    hd95_mm : float
        The larger of the two 95th percentiles of the distance from one surface to the other.
    surface_dice : float
        Share of both surfaces that lies within `SURFACE_TOLERANCE_MM` of the other.
    """

    volume_before_cc: float
    volume_after_cc: float
    dice: float
    hd95_mm: float
    surface_dice: float


def agreement(before: NDArray[np.bool_], after: NDArray[np.bool_], spacing_mm: NDArray[np.float64]) -> Agreement:
    """Compare two masks.

    Surfaces are the voxels of a mask with a face to the outside; distances are between their centres (exact Euclidean).

    Parameters
    ----------
    before, after : ndarray of bool, shape (z, y, x)
        None of them empty.
    spacing_mm : ndarray, shape (3,)
        Voxel size in x, y, z.
    """
    before, after = np.pad(before, 1), np.pad(after, 1)
    sampling = tuple(spacing_mm[::-1])
    surface_before, surface_after = (mask & ~binary_erosion(mask, FACES) for mask in (before, after))
    to_after = distance_transform_edt(~surface_after, sampling=sampling)[surface_before]
    to_before = distance_transform_edt(~surface_before, sampling=sampling)[surface_after]
    near = np.count_nonzero(to_after <= SURFACE_TOLERANCE_MM) + np.count_nonzero(to_before <= SURFACE_TOLERANCE_MM)
    voxel_cc = float(np.prod(spacing_mm)) / 1000.0
    count_before, count_after = int(np.count_nonzero(before)), int(np.count_nonzero(after))
    return Agreement(
        volume_before_cc=count_before * voxel_cc,
        volume_after_cc=count_after * voxel_cc,
        dice=2.0 * int(np.count_nonzero(before & after)) / (count_before + count_after),
        hd95_mm=max(float(np.percentile(distances, HAUSDORFF_PERCENTILE)) for distances in (to_after, to_before)),
        surface_dice=near / (len(to_after) + len(to_before)),
    )


def region_agreement(before: Region, after: Region, lattice: Lattice) -> tuple[Agreement, str]:
    """Compare two regions on a grid, on sub-voxels if the first is smaller than 2 cc; with the engine's name.

    Raises
    ------
    NotAvailable
        If one of them is empty or holds no voxel centre.
    """
    masks = region_masks(before, after, lattice)
    found = agreement(masks.before, masks.after, masks.lattice.spacing)
    return found, f"builtin-resegmentation-x{masks.factor}"


@dataclass(frozen=True)
class RegionMasks:
    """Two regions as masks on one box of a grid.

    Parameters
    ----------
    before, after : ndarray of bool, shape (z, y, x)
        None of them empty.
    lattice : Lattice
        Of sub-voxels where `factor` is not 1.
    first : ndarray of int, shape (3,)
        Index (x, y, z) in `lattice` of the masks' first voxel.
    factor : int
        Sub-voxels a voxel and axis.
    """

    before: NDArray[np.bool_]
    after: NDArray[np.bool_]
    lattice: Lattice
    first: NDArray[np.int_]
    factor: int


def region_masks(before: Region, after: Region, lattice: Lattice) -> RegionMasks:
    """Both regions on the box around them, on sub-voxels if the first is smaller than 2 cc.

    Raises
    ------
    NotAvailable
        If one of them is empty or holds no voxel centre.
    """
    factor = 1
    if _volume_cc(before, lattice) < SMALL_ORGAN_CC:
        factor, lattice = PARTIAL_FACTOR, lattice.refined(PARTIAL_FACTOR)
    boxes = [before.box(lattice), after.box(lattice)]
    box = (np.min([low for low, _ in boxes], axis=0), np.max([high for _, high in boxes], axis=0))
    masks = [region.inside(lattice, box) for region in (before, after)]
    for mask, which in zip(masks, ("planned structure", "structure drawn again"), strict=True):
        if not mask.any():
            raise NotAvailable(f"the {which} holds no voxel of the image's grid")
    return RegionMasks(masks[0], masks[1], lattice, box[0], factor)


def _volume_cc(region: Region, lattice: Lattice) -> float:
    return float(np.count_nonzero(region.inside(lattice, region.box(lattice)))) * lattice.voxel_cc


def resegmentation_rows(case: Case, defacing: Defacing, scope: Scope) -> Iterator[Measurement]:
    """Rows of every structure that is planned or was drawn again after this method; none if nothing was drawn again."""
    again = case.resegmented.get(defacing.method)
    if again is None:
        return
    grid = case.primary.image if case.primary is not None else case.dose.image if case.dose is not None else None
    reason = again if isinstance(again, str) else ""
    if case.structure_set is None or grid is None:
        reason = reason or "the case has no structure set to compare with"
    image = case.primary.key if case.primary is not None else ""
    if reason or isinstance(again, str) or case.structure_set is None or grid is None:
        for metric in RESEGMENTATION_METRICS:
            yield scope.missing(metric, reason, image=image)
        return
    planned = {region.name: region for region in regions(case.structure_set)}
    drawn = drawn_again_by_name(again, planned)
    lattice = Lattice.of(grid)
    for name in dict.fromkeys((*planned, *drawn)):
        yield from _rows(name, planned.get(name), drawn.get(name), lattice, defacing, scope, image)


def drawn_again_by_name(again: StructureSet, planned: Mapping[str, Region]) -> dict[str, Region]:
    """The regions drawn again by name. A place holder tells a place in its own set: those are paired by their planned names."""
    unnamed = {region.structures[0].name: name for name, region in planned.items() if is_place_holder(name)}
    found: dict[str, Region] = {}
    for number, region in enumerate(regions(again), 1):
        name = region.name
        if is_place_holder(name):
            name = unnamed.get(region.structures[0].name, f"{PLACE_HOLDER}again-{number:02d}")
        found[name] = region
    return found


def _rows(
    name: str,
    before: Region | None,
    after: Region | None,
    lattice: Lattice,
    defacing: Defacing,
    scope: Scope,
    image: str,
) -> Iterator[Measurement]:
    try:
        if defacing.status == FAILED:
            raise NotAvailable(f"the method failed: {defacing.note}")
        if after is None:
            raise NotAvailable("the structure was not drawn again")
        if before is None:
            raise NotAvailable("the structure was drawn again but is not planned")
        found, engine = region_agreement(before, after, lattice)
    except NotAvailable as reason:
        for metric in RESEGMENTATION_METRICS:
            yield scope.missing(metric, str(reason), image=image, structure=name)
        return
    numbers = {
        "resegmented_volume": (found.volume_before_cc, found.volume_after_cc),
        "resegmented_dice": (1.0, found.dice),
        "resegmented_hd95": (0.0, found.hd95_mm),
        "resegmented_surface_dice_2mm": (1.0, found.surface_dice),
    }
    for metric, (original, defaced) in numbers.items():
        percent = percent_change(original, defaced) if metric == "resegmented_volume" else float("nan")
        yield scope.row(
            metric, original=original, defaced=defaced, change_percent=percent, image=image, structure=name, engine=engine
        )
