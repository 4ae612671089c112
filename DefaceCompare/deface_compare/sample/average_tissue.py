"""CT number, MR signals and FDG uptake of the average head: fields in its own mm."""

from __future__ import annotations

from enum import Enum
from functools import cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..anatomy.average_head import template_image
from .label_values import FLAIR_OF_LABEL, HU_OF_LABEL, SUV_OF_LABEL, T2_OF_LABEL
from .neck import with_neck
from .template.average_skin import average_skin_depth
from .template.labels import LABELS
from .template.shapes import Coordinates
from .template.source import like

Floats = NDArray[np.float32]


class Signal(str, Enum):
    """What a scanner measures."""

    HU = "CT number"
    T1 = "T1"
    SUV = "SUV"
    T2 = "T2"
    FLAIR = "FLAIR"

    @property
    def place(self) -> int:
        """Where tissues that are put in (CT number, T1 signal, SUV) have their value; other MR weightings take that of T1."""
        return {Signal.HU: 0, Signal.SUV: 2}.get(self, 1)


LABELLED = {Signal.HU: HU_OF_LABEL, Signal.SUV: SUV_OF_LABEL, Signal.T2: T2_OF_LABEL, Signal.FLAIR: FLAIR_OF_LABEL}
SOFT: dict[Signal, tuple[float, float, float]] = {
    Signal.HU: (-95.0, 55.0, 25.0),
    Signal.T1: (175.0, 95.0, 150.0),
    Signal.SUV: (0.4, 0.8, 0.6),
    Signal.T2: (124.0, 36.0, 60.0),
    Signal.FLAIR: (124.0, 36.0, 60.0),
}
"""Fat, muscle and dermis."""
MR_SCALE = 5.0
"""MR signal over the template's: the tables of T2 and FLAIR give the former."""
T1_BRAIN, WHITE_FROM_T1 = 140.0, 40.0
"""Template T1 of average brain; what is brighter is white matter, darker grey matter, at most so much."""
PER_T1 = {Signal.HU: -0.10, Signal.SUV: -0.035, Signal.T2: -0.4, Signal.FLAIR: -0.4}
"""White matter is a little less dense on CT, takes up half as much FDG as grey matter, and is darker on T2."""
AVERAGE_EDGE_MM = 4.0
"""The average head's signal counts from this depth on."""
DRAWN_BELOW_MM = -95.0
"""Below this z the average head's signal is drawn from the labels; above it, it is an average of real heads."""
CSF_T1, CSF_T1_RANGE = 132.0, 30.0
"""Template T1 in the brain below which there is fluid, and the range over which it mixes: ventricles and wide sulci."""
PLANES_SEED, PLANES_MM, PLANES_WIDTH, PLANES_SHARE = 5, 9.0, 0.22, 0.75
"""Fat between muscles: where a smooth random field (its seed and size in mm) is near zero (standard deviations); its share."""


@cache
def average_signal(signal: Signal) -> sitk.Image:
    """A signal of the average head (float32)."""
    head = template_image("average_head")
    labels = sitk.GetArrayFromImage(template_image("average_labels"))
    t1 = sitk.GetArrayFromImage(head).astype(np.float32)
    at = Coordinates(head)
    planes = muscle_planes(labels)
    if signal is Signal.T1:
        depth = average_skin_depth()
        values = outwards(t1, sitk.GetArrayViewFromImage(depth) < AVERAGE_EDGE_MM)
        planes = np.where(at.z < DRAWN_BELOW_MM, planes, np.float32(0.0))
    else:
        values = _of_labels(signal, labels, t1)
    values += planes * (np.float32(SOFT[signal][0]) - values)
    return like(with_neck(values, signal.place, at, labels == LABELS["airway"], head.GetSpacing()[0]), head)


def _of_labels(signal: Signal, labels: NDArray[np.uint8], t1: Floats) -> Floats:
    """The value of each voxel's label; in the brain grey, white and fluid are told apart by the template's T1."""
    table = np.zeros(256, np.float32)
    for name, value in LABELLED[signal].items():
        table[LABELS[name]] = value
    if signal in (Signal.T2, Signal.FLAIR):
        table /= MR_SCALE
    table[LABELS["air"]] = SOFT[signal][0]
    brain = labels == LABELS["brain"]
    texture = np.where(brain, np.clip(t1 - T1_BRAIN, -WHITE_FROM_T1, WHITE_FROM_T1), 0.0).astype(np.float32)
    values = table[labels] + np.float32(PER_T1[signal]) * texture
    water = np.where(brain, np.clip((CSF_T1 - t1) / CSF_T1_RANGE, 0.0, 1.0), 0.0).astype(np.float32)
    return np.asarray(values + water * (table[LABELS["csf"]] - values), dtype=np.float32)


@cache
def outside_share() -> sitk.Image:
    """1 outside the average head's skin, 0 inside (float32)."""
    labels = template_image("average_labels")
    return like((sitk.GetArrayViewFromImage(labels) == LABELS["air"]).astype(np.float32), labels)


def outwards(values: Floats, edge: NDArray[np.bool_]) -> Floats:
    """Values with those of the edge replaced by the nearest inner ones: the average head's own skin fades into air."""
    nearest = ndimage.distance_transform_edt(edge, return_distances=False, return_indices=True)
    smooth = ndimage.gaussian_filter(values[tuple(nearest)], 1.0)
    return np.where(edge, smooth, values)


def muscle_planes(labels: NDArray[np.uint8]) -> Floats:
    """Share of fat in the muscle of the average head, shape (z, y, x): thin planes, as between real muscles."""
    random = np.random.default_rng(PLANES_SEED)
    size = PLANES_MM / template_image("average_labels").GetSpacing()[0]
    field = ndimage.gaussian_filter(random.standard_normal(labels.shape, dtype=np.float32), (2.0 * size, size, size))
    planes = np.exp(-((field / (PLANES_WIDTH * field.std())) ** 2))
    return np.asarray(PLANES_SHARE * planes * (labels == LABELS["muscle"]), dtype=np.float32)


def sampled(field: sitk.Image, average_mm: Floats, outside: float) -> Floats:
    """A field of the average head at points of it (linear interpolation).

    Parameters
    ----------
    field : SimpleITK.Image
        float32, LPS mm, identity direction.
    average_mm : ndarray, shape (3, ...)
        x, y, z in average-head mm.
    outside : float
        Value outside the field.
    """
    index = np.empty_like(average_mm)
    for axis, (origin, spacing) in enumerate(zip(field.GetOrigin(), field.GetSpacing(), strict=True)):
        np.subtract(average_mm[axis], np.float32(origin), out=index[2 - axis])
        index[2 - axis] /= np.float32(spacing)
    values = sitk.GetArrayViewFromImage(field)
    return np.asarray(ndimage.map_coordinates(values, index, order=1, cval=outside, output=np.float32))
