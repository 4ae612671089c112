"""The ENT phantom of ``../shared/data`` as a patient: its planned structures, and a CT made from its outer contour."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from deface_compare.case import Structure
from deface_compare.readers import read_case
from deface_compare.structures.mask import structure_mask


def planned_structures(contours: Path, scratch: Path) -> tuple[Structure, ...]:
    dose = contours.parent / "EclipseEnt_Dose.nrrd"
    (scratch / "planned").mkdir(exist_ok=True)
    content = {"id": "ent", "images": {}, "structures": str(contours), "dose": str(dose)}
    (scratch / "planned" / "case.json").write_text(json.dumps(content))
    structure_set = read_case(scratch / "planned").structure_set
    assert structure_set is not None
    return structure_set.structures


def ct_of_body(body: Structure) -> sitk.Image:
    assert body.contours is not None
    points = np.concatenate(body.contours)
    low, high = points.min(axis=0) - 20.0, points.max(axis=0) + 20.0
    low[2], high[2] = points[:, 2].min(), points[:, 2].max()
    spacing = np.array([1.5, 1.5, 2.5])
    size = np.ceil((high - low) / spacing).astype(int) + 1
    ct = sitk.Image(size.tolist(), sitk.sitkInt16)
    ct.SetSpacing(spacing.tolist())
    ct.SetOrigin(low.tolist())
    inside = structure_mask(body, ct)
    assert inside is not None
    filled = sitk.GetImageFromArray(np.where(inside.whole(ct), 0, -1000).astype(np.int16))
    filled.CopyInformation(ct)
    return filled
