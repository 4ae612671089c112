"""Devices that touch the skin: what the structure set says is not the patient, and what stands out of a face too far."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..case import CT, Case, CaseImage, Structure
from ..geometry.boxes import box_around
from ..geometry.grids import on_grid
from ..geometry.morphology import grown, largest_part
from ..structures.mask import structure_mask
from .average_head import AverageHead, average_outside_mm

DEVICE_NAME = re.compile(r"bolus|thermoplast|bite ?block|mouthpiece", re.IGNORECASE)
"""Planned structures of this name are devices, whatever the planned body says."""
SMALLEST_CC = 3.0
"""Less than this outside the planned body is the planner's stroke, not a device (a shell over the face has 150 cc)."""
SECOND_LAYER, SECOND_LAYER_SHARE = 1.2, 0.05
"""A device has this share of its voxels more than so many voxels outside the planned body (2.5 mm of shell: 0.32); a body drawn
too tight has a single layer (0.005)."""
LAYERS = 2
"""So many voxels around what lies outside the planned body tell whether it is more than one layer."""
SMALLEST_PART_CC = 0.5
"""Less than this standing out of a face is noise."""
AXES = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
MOST_OUTSIDE = 0.25
"""If more than this share of the outline lies outside the planned body, the contour is not the patient's whole outline."""
STANDS_OUT_MM, STUB_MM = 16.0, 5.0
"""On CT nothing of a face stands so far out of the average head laid on it (three real heads: 7, 8 and 12 mm); what does is cut
off this far out. MR ghosts reach further."""
FRONT_MM, ABOVE_CHIN_MM = -60.0, 10.0
"""The front of the face in average-head mm: y of its back, and its lower end over the chin (necks differ in pose)."""


@dataclass(frozen=True)
class Patient:
    """The outline without the devices that touch it, everything that is not the patient, and what was found.

    Parameters
    ----------
    outline, devices : SimpleITK.Image
        uint8 on the working grid.
    notes : tuple of str
        A sentence for each kind of device.
    """

    outline: sitk.Image
    devices: sitk.Image
    notes: tuple[str, ...] = ()

    def without(self, device: NDArray[np.bool_], what: str) -> Patient:
        """The same without `device`, shape (z, y, x)."""
        outline = sitk.GetArrayViewFromImage(self.outline) > 0
        volume_cc = float((device & outline).sum()) * self.outline.GetSpacing()[0] ** 3 / 1000.0
        kept = largest_part(outline & ~device)
        devices = (sitk.GetArrayViewFromImage(self.devices) > 0) | (outline & ~kept)
        note = f"{volume_cc:.0f} cc that touch the patient count as devices: {what}"
        return Patient(on_grid(kept, self.outline), on_grid(devices, self.outline), (*self.notes, note))


def without_planned_devices(case: Case, image: CaseImage, patient: Patient) -> Patient:
    """Take out of a CT's outline what is planned as a device, and what lies outside the planned body (MR shows no plastic)."""
    structures = case.structure_set
    if image.modality != CT or structures is None or structures.frame_of_reference_uid != image.frame_of_reference_uid:
        return patient
    outline = sitk.GetArrayViewFromImage(patient.outline) > 0
    named = np.zeros_like(outline)
    for structure in structures.structures:
        if DEVICE_NAME.search(structure.name):
            named |= _on(structure, patient.outline)
    if (named & outline).any():
        patient = patient.without(named, "planned as such")
    for structure in structures.in_group("external"):
        outside = _outside(structure, patient.outline)
        if outside.any():
            return patient.without(outside, "outside the planned body")
    return patient


def without_standing_out(image: CaseImage, patient: Patient, average: AverageHead, to_average: sitk.Transform) -> Patient:
    """Take out of a CT's outline what stands out of the face further than a nose: bite blocks, tubes."""
    if image.modality != CT:
        return patient
    grid = patient.outline
    outline = sitk.GetArrayViewFromImage(grid) > 0
    core = outline & _in_front(grid, average, to_average)
    front = box_around(core)
    if front is None:
        return patient
    out_mm = _out_of_average_mm(sitk.RegionOfInterest(grid, front.size, front.offset), to_average)
    part = core[front.slices] & (out_mm > STANDS_OUT_MM)
    if not part.any():
        return patient
    part = _large_parts(part, grid.GetSpacing()[0], SMALLEST_PART_CC)
    if not part.any():
        return patient
    core[:] = False
    core[front.slices] = part
    out_mm = _out_of_average_mm(grid, to_average)
    steps = round((STANDS_OUT_MM - STUB_MM) / grid.GetSpacing()[0]) + 1
    device = ndimage.binary_dilation(core, iterations=steps, mask=outline & (out_mm > STUB_MM))
    return patient.without(device, "standing out of the face")


def _out_of_average_mm(grid: sitk.Image, to_average: sitk.Transform) -> NDArray[np.float32]:
    """How far outside the average head the voxels of a grid lie."""
    return sitk.GetArrayFromImage(sitk.Resample(average_outside_mm(), grid, to_average, sitk.sitkLinear, 0.0))


def _in_front(grid: sitk.Image, average: AverageHead, to_average: sitk.Transform) -> NDArray[np.bool_]:
    """Which voxels of the working grid lie before the face, from the chin to the vertex."""
    start = np.array(to_average.TransformPoint(grid.GetOrigin()))
    rows = [np.array(to_average.TransformPoint(grid.TransformIndexToPhysicalPoint(unit))) - start for unit in AXES]
    x, y, z = (np.arange(n, dtype=np.float64) for n in grid.GetSize())
    in_plane = start + x[None, :, None] * rows[0] + y[:, None, None] * rows[1]
    higher = z[:, None] * rows[2]  # what a slice adds to the places in the first one
    before = in_plane[None, :, :, 1] < (FRONT_MM - higher[:, 1])[:, None, None]
    above = in_plane[None, :, :, 2] > (average.landmarks_mm["chin"][2] + ABOVE_CHIN_MM - higher[:, 2])[:, None, None]
    return np.asarray(before & above)


def _outside(body: Structure, outline: sitk.Image) -> NDArray[np.bool_]:
    """Connected parts of the outline outside a planned body, where that was drawn; nothing if it is no whole outline."""
    inside = _on(body, outline)
    patient = sitk.GetArrayFromImage(outline) > 0
    drawn = inside.any(axis=(1, 2))
    patient[~drawn] = False
    outside = patient & ~inside
    around = box_around(outside, LAYERS)
    if around is None or outside.sum() > MOST_OUTSIDE * patient.sum():
        return np.zeros_like(outside)
    box = around.slices
    outside[box] = _thick_parts(outside[box], inside[box], outline.GetSpacing()[0])
    return outside


def _thick_parts(outside: NDArray[np.bool_], inside: NDArray[np.bool_], spacing_mm: float) -> NDArray[np.bool_]:
    """The large parts of `outside` that are more than one voxel thick over `inside`."""
    labels, count = ndimage.label(_large_parts(outside, spacing_mm, SMALLEST_CC), np.ones((3, 3, 3)))
    second = ~grown(inside, SECOND_LAYER * spacing_mm, spacing_mm)
    thick = np.bincount(labels[second], minlength=count + 1) >= SECOND_LAYER_SHARE * np.bincount(labels.ravel())
    thick[0] = False
    return np.asarray(thick[labels])


def _large_parts(mask: NDArray[np.bool_], spacing_mm: float, smallest_cc: float) -> NDArray[np.bool_]:
    """The connected parts (corners count) of at least `smallest_cc`."""
    labels, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    large = np.bincount(labels.ravel()) * spacing_mm**3 / 1000.0 >= smallest_cc
    large[0] = False
    return np.asarray(large[labels])


def _on(structure: Structure, grid: sitk.Image) -> NDArray[np.bool_]:
    found = structure_mask(structure, grid)
    return np.zeros(grid.GetSize()[::-1], bool) if found is None else found.whole(grid)
