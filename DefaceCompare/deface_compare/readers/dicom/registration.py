"""Spatial Registration objects: rigid 4x4 matrices that join frames of reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ...case import CaseImage, Dose, OwnFrame
from .header import Header, naming_file

SPATIAL_REGISTRATION = "1.2.840.10008.5.1.4.1.1.66.1"
"""SOP class of matrix registrations; deformable ones (66.3) are another class."""

RIGID_TOLERANCE = 1e-3
"""How far a rotation's columns may be from orthonormal: vendors write few digits; 1e-3 is 0.1 mm over 100 mm."""

HEAD_MM = 100.0
"""Half the edge of the cube at whose corners two matrices are compared: a head about the origin of its frame."""

SAME_MM = 0.1
"""Matrices that agree to this at every corner of the head say the same."""

LEAST_OVERLAP_MM = 10.0
"""Images that a matrix lays on one another share at least so much along each axis: no head is thinner."""

LARGEST_TURN_DEGREES = 45.0
"""Frames are the patient's own axes, in whatever position he lay: no two scans of him are turned by more."""

Matrix = NDArray[np.float64]
"""Shape (4, 4); maps column points (x, y, z, 1) in LPS mm."""


@dataclass(frozen=True)
class _Edge:
    """One matrix of one file: maps points of the frame `source` into the frame `target`."""

    source: str
    target: str
    matrix: Matrix
    written: str
    file: str


def rigid_joins(
    headers: Sequence[Header],
    frames: Sequence[str],
    instances: Mapping[str, str],
    corners_mm: Mapping[str, Sequence[NDArray[np.float64]]] | None = None,
    present: Collection[str] = (),
) -> tuple[dict[str, tuple[str, Matrix]], list[str]]:
    """Join frames of reference by the Spatial Registration objects of a folder.

    Parameters
    ----------
    headers : sequence of Header
        All REG objects.
    frames : sequence of str
        FrameOfReferenceUIDs in order of importance, the primary image's first.
    instances : mapping of SOPInstanceUID to FrameOfReferenceUID
        Of the images: a registration may name images instead of a frame.
    corners_mm : mapping of FrameOfReferenceUID to arrays of shape (8, 3), optional
        Where the images of each frame lie, LPS mm: a matrix that lays none on another one is not used.
    present : collection of FrameOfReferenceUID, optional
        All frames that images, structures and doses lie in: a registration that leads to none of them is told.

    Returns
    -------
    joins : dict of FrameOfReferenceUID to (FrameOfReferenceUID, matrix of shape (4, 4))
        Where each frame that can be reached goes: the earliest of `frames`, and the rigid matrix that maps its LPS mm there.
        A frame that stays on its own is not in it.
    notes : list of str
        What was not used and why. (DICOM PS3.3 C.20.2: each matrix maps an item's frame into the object's own frame.)
    """
    edges: list[_Edge] = []
    notes: list[str] = []
    for header in headers:
        found, why_not = _edges_of(header, instances)
        edges.extend(found)
        why_not = why_not or ([] if found else ["joins no two frames of reference and was not used"])
        notes.extend(f"registration {header.path.name} {reason}" for reason in why_not)
    chosen = _one_a_pair(edges, notes)
    notes.extend(_leading_nowhere(chosen, present) if present else ())
    joins: dict[str, tuple[str, Matrix]] = {}
    for root in dict.fromkeys(frames):
        if root not in joins:
            _spread(root, chosen, joins)
    joins = {source: join for source, join in joins.items() if source != join[0]}
    return {source: join for source, join in joins.items() if _is_likely(source, join, corners_mm or {}, notes)}, notes


@naming_file
def _edges_of(header: Header, instances: Mapping[str, str]) -> tuple[list[_Edge], list[str]]:
    """The usable matrices of one file, and why others are not."""
    if header.text("SOPClassUID") != SPATIAL_REGISTRATION:
        return [], ["is no matrix registration and was not used"]
    target = header.text("FrameOfReferenceUID")
    written = "".join(header.text(name) or "0" for name in ("ContentDate", "ContentTime", "SeriesDate", "SeriesTime"))
    edges: list[_Edge] = []
    reasons: list[str] = []
    for item in header.dataset.get("RegistrationSequence") or []:
        sources = _frames_of(item, instances)
        if not target or not sources:
            continue
        matrix, reason = _matrix_of(item)
        if sources == {target}:
            if matrix is not None and not same_place(matrix, np.eye(4)):
                return [], ["moves its own frame of reference and was not used"]
            continue
        if matrix is None:
            reasons.append(f"{reason} and was not used")
            continue
        edges.extend(_Edge(source, target, matrix, written, header.path.name) for source in sorted(sources - {target}))
    return edges, reasons


def _frames_of(item: Dataset, instances: Mapping[str, str]) -> set[str]:
    """The frame that an item of RegistrationSequence speaks of, by its UID or by the images it names."""
    named = str(item.get("FrameOfReferenceUID") or "")
    if named:
        return {named}
    images = (str(image.get("ReferencedSOPInstanceUID") or "") for image in item.get("ReferencedImageSequence") or [])
    return {instances[image] for image in images if image in instances}


def _matrix_of(item: Dataset) -> tuple[Matrix | None, str]:
    """The rigid matrix of an item; None and the reason if there is none."""
    groups = item.get("MatrixRegistrationSequence") or []
    parts = [part for group in groups for part in group.get("MatrixSequence") or []]
    matrices = []
    for part in parts:
        values = np.array([float(v) for v in part.get("FrameOfReferenceTransformationMatrix") or []])
        if values.size != 16 or not np.isfinite(values).all():
            return None, "holds a matrix that is not 4x4"
        rigid = _rigid(values.reshape(4, 4))
        if rigid is None:
            return None, "holds a matrix that is not rigid"
        matrices.append(rigid)
    if not matrices:
        return None, "holds no matrix"
    forward, backward = _product(matrices), _product(matrices[::-1])
    if not same_place(forward, backward):
        return None, "holds several matrices whose order matters"
    return forward, ""


def _product(matrices: Iterable[Matrix]) -> Matrix:
    whole: Matrix = np.eye(4)
    for matrix in matrices:
        whole = matrix @ whole
    return whole


def _inverse(matrix: Matrix) -> Matrix:
    """The way back of a rigid matrix."""
    inverse: Matrix = np.eye(4)
    inverse[:3, :3] = matrix[:3, :3].T
    inverse[:3, 3] = -matrix[:3, :3].T @ matrix[:3, 3]
    return inverse


def _rigid(matrix: Matrix) -> Matrix | None:
    """The nearest rigid matrix (its rotation by singular values); None if that is not near."""
    left, _, right = np.linalg.svd(matrix[:3, :3])
    rotation = left @ right
    near = np.abs(rotation - matrix[:3, :3]).max() <= RIGID_TOLERANCE
    if not near or np.linalg.det(rotation) < 0 or not np.allclose(matrix[3], (0, 0, 0, 1), atol=1e-9):
        return None
    rigid = matrix.copy()
    rigid[:3, :3] = rotation
    return rigid


def same_place(first: Matrix, second: Matrix) -> bool:
    """Whether two matrices take a head to the same place, to `SAME_MM`."""
    signs = np.array([[(n >> axis) & 1 for axis in range(3)] for n in range(8)]) * 2 - 1
    corners = np.column_stack([HEAD_MM * signs, np.ones(8)])
    return bool(np.abs(corners @ (first - second).T).max() <= SAME_MM)


def _one_a_pair(edges: Sequence[_Edge], notes: list[str]) -> list[_Edge]:
    """For each pair of frames the newest matrix; a pair whose newest matrices differ is left out."""
    pairs: dict[frozenset[str], list[_Edge]] = {}
    for edge in edges:
        pairs.setdefault(frozenset((edge.source, edge.target)), []).append(edge)
    chosen = []
    for rivals in pairs.values():
        newest = max(edge.written for edge in rivals)
        last = [edge for edge in rivals if edge.written == newest]
        forward: list[Matrix] = [edge.matrix if edge.source == last[0].source else _inverse(edge.matrix) for edge in last]
        files = ", ".join(dict.fromkeys(edge.file for edge in last))
        if not all(same_place(forward[0], other) for other in forward[1:]):
            notes.append(f"registrations {files} disagree about the same frames and none was used")
            continue
        if len(rivals) > len(last):
            notes.append(f"{len(rivals)} registrations of the same frames; the newest, {last[0].file}, was used")
        chosen.append(last[0])
    return chosen


def _leading_nowhere(edges: Sequence[_Edge], present: Collection[str]) -> list[str]:
    """Files of which every matrix ends in a frame that nothing here lies in, and from which no other matrix goes on."""
    ways = Counter(frame for edge in edges for frame in (edge.source, edge.target))
    used = {edge.file for edge in edges if all(frame in present or ways[frame] > 1 for frame in (edge.source, edge.target))}
    return [
        f"registration {file} joins a frame of reference that no image, structure or dose here lies in, and was not used"
        for file in dict.fromkeys(edge.file for edge in edges)
        if file not in used
    ]


def _is_likely(
    source: str, join: tuple[str, Matrix], corners_mm: Mapping[str, Sequence[NDArray[np.float64]]], notes: list[str]
) -> bool:
    """Whether a frame's images are laid on those of the frame it is joined to; a large turn is told."""
    target, matrix = join
    laid = [_box(corners @ matrix[:3, :3].T + matrix[:3, 3]) for corners in corners_mm.get(source, ())]
    boxes = [_box(corners) for corners in corners_mm.get(target, ())]
    if laid and boxes and not any(_overlap(one, other) for one in laid for other in boxes):
        notes.append("a registration lays images beside one another, where they share nothing, and was not used")
        return False
    turn_degrees = float(np.degrees(np.arccos(np.clip((np.trace(matrix[:3, :3]) - 1) / 2, -1, 1))))
    if turn_degrees > LARGEST_TURN_DEGREES:
        notes.append(f"a registration turns images by {turn_degrees:.0f} degrees, which is likely wrong; it was used")
    return True


def _box(points_mm: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The box around points, shape (n, 3), with room for half a head about its middle: a part of one may lie beside another."""
    low, high = points_mm.min(axis=0), points_mm.max(axis=0)
    middle = 0.5 * (low + high)
    return np.minimum(low, middle - 0.5 * HEAD_MM), np.maximum(high, middle + 0.5 * HEAD_MM)


def _overlap(
    one: tuple[NDArray[np.float64], NDArray[np.float64]], other: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> bool:
    """Whether two boxes share `LEAST_OVERLAP_MM` along each axis."""
    return bool((np.minimum(one[1], other[1]) - np.maximum(one[0], other[0]) >= LEAST_OVERLAP_MM).all())


def _spread(root: str, edges: Sequence[_Edge], joins: dict[str, tuple[str, Matrix]]) -> None:
    """Reach every frame that a chain of matrices leads to from `root`, forwards or backwards, shortest chain first."""
    joins[root] = (root, np.eye(4))
    waiting = [root]
    while waiting:
        here = waiting.pop(0)
        for edge in edges:
            for near, far, to_near in (
                (edge.target, edge.source, edge.matrix),
                (edge.source, edge.target, _inverse(edge.matrix)),
            ):
                if near == here and far not in joins:
                    joins[far] = (root, joins[here][1] @ to_near)
                    waiting.append(far)


Joins = Mapping[str, tuple[str, Matrix]]
"""FrameOfReferenceUID to the frame it is joined to and the rigid matrix (4, 4) that maps its LPS mm there."""


def moved(image: sitk.Image, matrix: Matrix) -> sitk.Image:
    """The same voxels on the grid moved by a rigid matrix (4, 4), LPS mm: nothing is resampled."""
    result = sitk.Image(image)
    result.SetOrigin((matrix[:3, :3] @ np.array(image.GetOrigin()) + matrix[:3, 3]).tolist())
    result.SetDirection((matrix[:3, :3] @ np.array(image.GetDirection()).reshape(3, 3)).ravel().tolist())
    return result


def joined_image(image: CaseImage, joins: Joins) -> CaseImage:
    """An image in the frame that its own is joined to; unchanged if there is no registration."""
    if image.frame_of_reference_uid not in joins:
        return image
    target, matrix = joins[image.frame_of_reference_uid]
    return replace(
        image,
        image=moved(image.image, matrix),
        frame_of_reference_uid=target,
        own_frame=OwnFrame(image.frame_of_reference_uid, image.image.GetOrigin(), image.image.GetDirection()),
        notes=(*image.notes, "placed by a Spatial Registration object; its voxels were not resampled"),
    )


def joined_dose(dose: Dose, joins: Joins) -> Dose:
    """The dose in the frame that its own is joined to; unchanged if there is no registration."""
    if dose.frame_of_reference_uid not in joins:
        return dose
    target, matrix = joins[dose.frame_of_reference_uid]
    return replace(
        dose,
        image=moved(dose.image, matrix),
        frame_of_reference_uid=target,
        own_frame=OwnFrame(dose.frame_of_reference_uid, dose.image.GetOrigin(), dose.image.GetDirection()),
        notes=(*dose.notes, "the dose was placed by a Spatial Registration object; its voxels were not resampled"),
    )
