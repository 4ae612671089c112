"""SlicerRT's own comparison of two drawings of one structure: Dice and Hausdorff distance, nothing left behind in the scene.

What it calls is recorded in ``Testing/SlicerHost/slicerrt_api.json`` with the place in SlicerRT's sources that declares it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
import slicer
from numpy.typing import NDArray

from deface_compare.case import Structure
from deface_compare.errors import NotAvailable
from deface_compare.geometry.lattice import Lattice

from ..nodes.structures import add_structures
from ..nodes.volumes import remove_node

ENGINE = "SlicerRT-SegmentComparison"
"""How rows name it."""
MODULE = "segmentcomparison"
"""Name of SlicerRT's module in ``slicer.modules``."""
PARAMETER_NODE = "vtkMRMLSegmentComparisonNode"
MARGIN_VOXELS = 2
"""Around both drawings: SlicerRT's distances need the outside of a surface."""


@dataclass(frozen=True)
class SegmentsCompared:
    """What SlicerRT found of two segments.

    Parameters
    ----------
    dice : float
    hd95_mm : float
        The larger 95th percentile of the distances between the voxels of the two boundaries, mm.
    """

    dice: float
    hd95_mm: float


def comparison_logic() -> Any | None:
    """SlicerRT's comparison logic, or None where SlicerRT is not installed."""
    module = getattr(getattr(slicer, "modules", None), MODULE, None)
    return None if module is None else module.logic()


def compare_masks(
    logic: Any,
    scene: Any,
    planned: NDArray[np.bool_],
    again: NDArray[np.bool_],
    lattice: Lattice,
    between: Callable[[], None] = lambda: None,
) -> SegmentsCompared | str:
    """Compare two masks on one grid, with nodes of their own: as labelmap segments they are what SlicerRT would make of them.

    Parameters
    ----------
    logic : vtkSlicerSegmentComparisonModuleLogic
    scene : vtkMRMLScene
        The scene of `logic`.
    planned, again : ndarray of bool, shape (z, y, x)
    lattice : Lattice
        Its first voxel is the masks'.
    between : callable
        Called without arguments before each of SlicerRT's two steps; what it raises ends the measuring.

    Returns
    -------
    SegmentsCompared, or SlicerRT's own reason why there is none

    Raises
    ------
    NotAvailable
        If the scene does not know SlicerRT's parameter node.
    """
    parameters = scene.AddNewNodeByClass(PARAMETER_NODE)
    if parameters is None:
        raise NotAvailable("SlicerRT's Segment Comparison is not available: the scene does not know its parameter node")
    nodes: list[Any] = []
    try:
        for name, mask in (("planned", planned), ("drawn again", again)):
            structure = Structure(name=name, standard_name=name, labelmap=_padded(mask, lattice))
            nodes.append(add_structures(scene, [structure], f"DefaceCompare {name}"))
        parameters.SetAndObserveReferenceSegmentationNode(nodes[0])
        parameters.SetReferenceSegmentID(nodes[0].GetSegmentation().GetNthSegmentID(0))
        parameters.SetAndObserveCompareSegmentationNode(nodes[1])
        parameters.SetCompareSegmentID(nodes[1].GetSegmentation().GetNthSegmentID(0))
        return _compute(logic, parameters, between)
    finally:
        for node in nodes:
            remove_node(scene, node)
        scene.RemoveNode(parameters)


def _compute(logic: Any, parameters: Any, between: Callable[[], None]) -> SegmentsCompared | str:
    """Dice, then the distances: two calls, so that Slicer can do something else between them."""
    for step in (logic.ComputeDiceStatistics, logic.ComputeHausdorffDistances):
        between()
        message = step(parameters)
        if message:
            return str(message)
    if not (parameters.GetDiceResultsValid() and parameters.GetHausdorffResultsValid()):
        return "SlicerRT gave no valid result"
    return SegmentsCompared(parameters.GetDiceCoefficient(), parameters.GetPercent95HausdorffDistanceForBoundaryMm())


def _padded(mask: NDArray[np.bool_], lattice: Lattice) -> sitk.Image:
    """A mask as an image with some air around it."""
    image = sitk.GetImageFromArray(np.pad(mask, MARGIN_VOXELS).astype(np.uint8))
    image.SetSpacing(lattice.spacing.tolist())
    image.SetDirection(lattice.direction.ravel().tolist())
    image.SetOrigin(lattice.points(np.full((1, 3), -MARGIN_VOXELS))[0].tolist())
    return image
