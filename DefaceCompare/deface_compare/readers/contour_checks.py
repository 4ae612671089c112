"""Do contours lie where a patient's organs do? Their unit of length, their axes and their sides, told where nothing fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy

from ..case import CT, Case, CaseImage, Structure, StructureSet
from ..geometry.boxes import index_to_mm
from ..structures.organs import EXTERNAL, SIDE, is_headline_organ, is_target

TYPICAL_EXTENT_MM: Mapping[str, float] = {
    "Brain": 165.0,
    "Brainstem": 60.0,
    "Bone_Mandible": 122.0,
    "Larynx": 42.0,
    "Parotid": 52.0,
    "Eye": 25.0,
    "External": 250.0,
    "BODY": 250.0,
    "Body": 250.0,
}
"""The longest side of an organ's box. Mandible, brainstem, larynx and parotid: medians of 56 to 75 real patients
(``rt_openkbp``), of which none is under 0.45 or over 1.9 times its median; brain and eye: adults' length and diameter."""
MOST_TIMES = 4.0
"""An organ this many times as long or short as usual is drawn in another unit, or is none. A child's are half as long."""
UNITS_MM: Mapping[str, float] = {"m": 1000.0, "inches": 25.4, "cm": 10.0, "µm": 0.001}
POINTS = 2000
"""So many points of a structure tell where it lies."""
AIR_HU = -700.0
"""Contours of organs pass through less than this in airways only."""
MOST_IN_AIR = 0.4
"""Share of an organ's points that lie in air or beyond the scan from which on it is beside the patient (78 real patients: the
median organ's voxels have 0.002 at most; with any axis exchanged 1.0)."""
LEAST_IN_TISSUE = 0.8
"""Axes are named if so much of the median organ lies in tissue there."""
AXES: Mapping[str, tuple[float, float, float]] = {
    "RAS instead of LPS": (-1.0, -1.0, 1.0),
    "axes with left and right exchanged": (-1.0, 1.0, 1.0),
    "axes with front and back exchanged": (1.0, -1.0, 1.0),
    "axes with head and feet exchanged": (1.0, 1.0, -1.0),
}
ASIDE_MM = 5.0
"""A left organ whose middle lies so far right of its partner's has the wrong name or lies in mirrored contours."""


def with_contour_remarks(case: Case) -> Case:
    """The case with what must be said of where its structures lie, in its notes and in every row of theirs."""
    if case.structure_set is None:
        return case
    own = contour_remarks(case.structure_set, case.images)
    return replace(case, structure_set=_remarked(case.structure_set, own), notes=(*case.notes, *own)) if own else case


def contour_remarks(structures: StructureSet, images: Sequence[CaseImage] = ()) -> tuple[str, ...]:
    """Why drawn contours may lie elsewhere than on the organs that they name; nothing where nothing says so.

    Parameters
    ----------
    structures : StructureSet
        Voxel structures are not judged: they lie on a grid of their own file.
    images : sequence of CaseImage
        A CT in the structures' frame of reference tells tissue from air.
    """
    drawn = {each.standard_name: points for each in structures.structures if (points := _points_mm(each)) is not None}
    unit = _unit_remark(drawn)
    if unit:
        return (unit,)
    ct = next((each for each in images if _tells_air(each, structures)), None)
    axes = _axes_remark(drawn, ct) if ct is not None else ""
    return (axes,) if axes else tuple(filter(None, (_sides_remark(drawn),)))


def _points_mm(structure: Structure) -> NDArray[np.float64] | None:
    """Points of a drawn structure, shape (n, 3), LPS mm; None where there are none, or it lies on voxels."""
    if structure.problem or structure.labelmap is not None:
        return None
    if structure.contours:
        points = np.concatenate(structure.contours)
    elif structure.surface is not None and structure.surface.GetNumberOfPoints():
        points = vtk_to_numpy(structure.surface.GetPoints().GetData()).astype(np.float64)
    else:
        return None
    return np.asarray(points[:: max(1, len(points) // POINTS)], np.float64)


def _tells_air(image: CaseImage, structures: StructureSet) -> bool:
    return image.modality == CT and image.frame_of_reference_uid == structures.frame_of_reference_uid


def _unit_remark(drawn: Mapping[str, NDArray[np.float64]]) -> str:
    """That organs are as long in another unit as organs are, ``""`` where they are so in mm."""
    typical = {name: TYPICAL_EXTENT_MM.get(SIDE.sub("", name)) for name in drawn}
    times = {name: float(np.ptp(drawn[name], axis=0).max()) / mm for name, mm in typical.items() if mm}
    if not times:
        return ""
    usual = float(np.median(list(times.values())))
    if 1 / MOST_TIMES <= usual <= MOST_TIMES:
        return ""
    fitting = [unit for unit, mm in UNITS_MM.items() if 1 / MOST_TIMES <= usual * mm <= MOST_TIMES]
    nearest = min(fitting, key=lambda unit: abs(np.log(usual * UNITS_MM[unit])), default="")
    name = min(times, key=lambda each: abs(np.log(times[each] / usual)))
    long_mm = times[name] * (typical[name] or 0.0)
    likely = f"they are likely in {nearest}" if nearest else "they are likely in another unit"
    return f"the contours make {name} {long_mm:.3g} mm long: {likely}, not in mm; they are used as the file states them"


def _axes_remark(drawn: Mapping[str, NDArray[np.float64]], ct: CaseImage) -> str:
    """That organs lie in air or beyond the scan, and in which axes they would not, ``""`` where they lie in tissue."""
    organs = [points for name, points in drawn.items() if is_headline_organ(name)]
    if not organs:
        return ""
    in_air = _share_in_air(organs, ct)
    if in_air <= MOST_IN_AIR:
        return ""
    turned = {words: _share_in_air(organs, ct, signs) for words, signs in AXES.items()}
    best = min(turned, key=lambda words: turned[words])
    likely = f": they are likely in {best}" if 1 - turned[best] >= LEAST_IN_TISSUE else ""
    return (
        f"{100 * in_air:.0f} % of the contours of the median organ lie in air or beyond the CT{likely}; they are used as the file"
        " states them"
    )


def _share_in_air(
    organs: Sequence[NDArray[np.float64]], ct: CaseImage, signs: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> float:
    """The median organ's share of points in air or beyond the scan, its axes turned by `signs`."""
    return float(np.median([np.mean(_values_at(ct, points * signs) < AIR_HU) for points in organs]))


def _values_at(image: CaseImage, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """The voxels at points, shape (n,); minus infinity beyond the scan."""
    matrix, origin = index_to_mm(image.image)
    index = np.rint(np.linalg.inv(matrix) @ (points_mm - origin).T).astype(np.int64)
    inside = np.all((index >= 0) & (index < np.array(image.image.GetSize())[:, None]), axis=0)
    values = np.full(len(points_mm), -np.inf)
    values[inside] = image.array()[tuple(index[::-1, inside])]
    return values


def _sides_remark(drawn: Mapping[str, NDArray[np.float64]]) -> str:
    """That left organs lie right of their partners."""
    pairs = [name[:-1] for name in drawn if name.endswith("_L") and f"{name[:-1]}R" in drawn and not is_target(name)]
    across = {pair: float(drawn[f"{pair}L"][:, 0].mean() - drawn[f"{pair}R"][:, 0].mean()) for pair in pairs}
    wrong = [pair for pair, mm in across.items() if mm < -ASIDE_MM]
    if not wrong:
        return ""
    if len(wrong) == len(pairs) > 1:
        return (
            f"the left one of all {len(pairs)} pairs of organs lies on the right: left and right are exchanged in the contours or"
            " in the names; both are used as the file states them"
        )
    names = ", ".join(pair.rstrip("_") for pair in wrong)
    return f"{names}: the one named left lies on the patient's right; both are used as the file states them"


def _remarked(structures: StructureSet, remarks: tuple[str, ...]) -> StructureSet:
    noted = tuple(
        each if each.group == EXTERNAL else replace(each, notes=(*each.notes, *remarks)) for each in structures.structures
    )
    return replace(structures, structures=noted, remarks=(*structures.remarks, *remarks))
