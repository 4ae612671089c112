"""What a script in Slicer calls: nodes in, rows and nodes out, the same rows as the command line."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer

from deface_compare.case_report import CaseReport
from deface_compare.compare import compare_case
from deface_compare.defacers import defacer
from deface_compare.errors import UnusableInput
from deface_compare.measurement import Measurement
from deface_compare.progress import Progress, silent
from deface_compare.readers import read_case
from deface_compare.settings import DEFAULT_METHODS, Settings

from ..slicerrt.rows import add_slicerrt_rows
from .case_folder import nodes_to_case_folder
from .report import CaseNodes, report_to_nodes


@dataclass(frozen=True)
class Comparison:
    """A finished comparison: its rows, those of SlicerRT where it is asked for, and what was brought into the scene."""

    report: CaseReport
    nodes: CaseNodes
    slicerrt_rows: tuple[Measurement, ...] = ()


def compare_nodes(
    images: Mapping[str, Any],
    segmentation: Any | None = None,
    dose: Any | None = None,
    methods: Sequence[str] = DEFAULT_METHODS,
    settings: Settings | None = None,
    progress: Progress = silent,
    scene: Any | None = None,
    slicerrt: bool = False,
) -> Comparison:
    """Compare defacing methods on nodes, in this process (scripts, batch, tests; the panel starts a child process).

    The nodes go through a case folder, exactly what the command line reads, so that both give the same rows.
    The folders in between hold faces: they are made with mode 0700 and removed.

    Parameters
    ----------
    images : mapping of image key to vtkMRMLScalarVolumeNode
        ``CT``, ``MR_T1``, ``PET`` ...; the first one is the primary.
    segmentation : vtkMRMLSegmentationNode, optional
    dose : vtkMRMLScalarVolumeNode, optional
        In Gy.
    methods : sequence of str
        Keys of `defacers.REGISTRY`.
    settings : Settings, optional
    progress : callable
        ``progress(done, total, text) -> bool``; False cancels, and then nothing enters the scene.
    scene : vtkMRMLScene, optional
        Where results go; the application's scene if not given.
    slicerrt : bool
        Measure the dose with SlicerRT too, where it is installed; minutes for many structures on a large grid.

    Returns
    -------
    Comparison

    Raises
    ------
    UnusableInput
        Nodes that cannot be compared, with one sentence; a scene that was closed meanwhile.
    Cancelled
        If `progress` answered False.
    """
    chosen = [defacer(key) for key in methods]
    into = scene or slicer.mrmlScene
    refuse_closed(images, into)
    with tempfile.TemporaryDirectory(prefix="DefaceCompare-") as temporary:
        case = read_case(nodes_to_case_folder(Path(temporary) / "case", images, segmentation, dose))
        out = Path(temporary) / "out"
        out.mkdir(mode=0o700)
        report = compare_case(case, chosen, settings or Settings(), progress=progress, out=out)
        refuse_closed(images, into)
        extra = add_slicerrt_rows(out, case, into, segmentation, progress=progress) if slicerrt else []
        (nodes,) = report_to_nodes(out, into, images)
    return Comparison(report, nodes, tuple(extra))


def refuse_closed(images: Mapping[str, Any], scene: Any) -> None:
    """Raise `UnusableInput` if the images are no longer in the scene: their results would belong to nothing."""
    if any(node.GetScene() is not scene for node in images.values()):
        raise UnusableInput("The scene was closed while its images were compared: nothing was kept.")
