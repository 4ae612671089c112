"""A patient whose face is not the average one, known in closed form: the average head's skin, moved along slow seeded waves."""

from __future__ import annotations

from functools import cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.anatomy.average_head import average_head
from deface_compare.anatomy.head import Head
from deface_compare.case import CaseImage
from deface_compare.geometry.boxes import whole_box
from deface_compare.geometry.grids import on_grid
from deface_compare.geometry.level_set import distance_outside_mm, grid_points_mm, mask_level_mm

WAVES, WAVE_MM, WAVE_LENGTH_MM = 6, 2.0, 60.0
"""Waves of about a feature's size: the skin moves by up to some 6 mm, 2.6 mm in the middle."""
LAYERS_MM = (2.0, 8.0, 11.0, 16.0)
"""Ends of skin, fat, muscle and bone under the surface; deeper lies brain."""
CT_LAYERS_HU = (40.0, -90.0, 50.0, 700.0, 35.0)
MR_LAYERS = (350.0, 700.0, 300.0, 60.0, 450.0)
"""As in T1: bright fat, dark bone."""
NOISE = {"CT": 12.0, "MR": 15.0}
SEED = 11


@cache
def other_face(modality: str) -> tuple[CaseImage, Head]:
    """The patient as a CT (int16 HU) or an MR (int16, a.u.) of 2 mm voxels; nobody may change it."""
    average = average_head()
    grid = average.outline
    level = mask_level_mm(grid) + _waves_mm(grid)
    random = np.random.default_rng(SEED)
    layers, air = (CT_LAYERS_HU, -1000.0) if modality == "CT" else (MR_LAYERS, 0.0)
    tissue = np.select([level > -end for end in LAYERS_MM], layers[:-1], layers[-1])
    solid = np.clip(0.5 - level / 2.0, 0.0, 1.0)  # an edge of one voxel
    values = air + solid * (tissue - air) + NOISE[modality] * random.standard_normal(level.shape)
    values = np.abs(values) if modality == "MR" else values  # an MR shows magnitudes
    head = Head(
        image_key=modality,
        outline=on_grid(level < 0, grid),
        devices=on_grid(np.zeros(level.shape, dtype=bool), grid),
        brain=average.brain,
        brain_source="image",
        brain_independent=average.brain,
        average_to_patient=sitk.AffineTransform(3),
        brain_to_patient=average.to_mni,
        landmarks_mm=average.landmarks_mm,
        face_extent="full",
        witnesses=("its formula",),
        skin=on_grid(level.astype(np.float32), grid),
    )
    return CaseImage(modality, modality, on_grid(np.rint(values).astype(np.int16), grid), "HU"), head


def _waves_mm(grid: sitk.Image) -> NDArray[np.float64]:
    """How far the skin lies inside the average's, mm; nothing near the brain."""
    random = np.random.default_rng(SEED)
    at = grid_points_mm(grid, whole_box(grid))
    moved = np.zeros(len(at))
    for _ in range(WAVES):
        along = random.normal(size=3)
        along *= 2.0 * np.pi / (WAVE_LENGTH_MM * np.linalg.norm(along))
        moved += WAVE_MM * np.cos(at @ along + random.uniform(0.0, 2.0 * np.pi))
    shape = sitk.GetArrayViewFromImage(grid).shape
    brain = sitk.GetArrayViewFromImage(average_head().brain) > 0
    away = np.clip((distance_outside_mm(brain, grid.GetSpacing()[0]) - 5.0) / 15.0, 0.0, 1.0)
    return moved.reshape(shape) * away
