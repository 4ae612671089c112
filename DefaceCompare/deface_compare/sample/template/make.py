"""Make ``data/templates`` from the published averages.

``python -m deface_compare.sample.template.make PYDEFACE_WHEEL NILEARN_WHEEL OUT``
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from ...errors import DefaceCompareError, UnusableInput
from ...storage.atomic import write_text, written
from .labels import LABELS, REGIONS, face_regions, tissue_labels
from .source import ICBM_MEMBER, MEAN_HEAD_MEMBER, like, read_from_wheel, register_brain, symmetric_head
from .surface import LANDMARKS_MM, skin_depth
from .t1 import SKIN_ISOVALUE, t1_like

MNI_BRAIN_THRESHOLD = 20.0
"""ICBM152 brain intensity (0-255) above which a voxel is brain."""
MNI_SPACING_MM = 2.0


def make_templates(pydeface_wheel: Path, nilearn_wheel: Path, out: Path) -> None:
    """Derive every template file from the two wheels.

    Parameters
    ----------
    pydeface_wheel, nilearn_wheel : Path
        The wheels as the package index serves them.
    out : Path
        Folder for the ``.nrrd`` and ``.json`` files; made if it is absent.

    Raises
    ------
    UnusableInput
        If a wheel does not hold the average it should.
    """
    out.mkdir(parents=True, exist_ok=True)
    source = symmetric_head(read_from_wheel(pydeface_wheel, MEAN_HEAD_MEMBER))
    mni = read_from_wheel(nilearn_wheel, ICBM_MEMBER)
    mni_to_average = register_brain(source, mni)
    average_to_mni = sitk.AffineTransform(mni_to_average.GetInverse())
    brain = sitk.Resample(sitk.Cast(mni > MNI_BRAIN_THRESHOLD, sitk.sitkFloat32), source, average_to_mni, sitk.sitkLinear, 0.0)
    depth, brain_mask = skin_depth(source), sitk.GetArrayFromImage(brain) > 0.5
    labels = tissue_labels(source, depth, brain_mask)
    _write(out / "average_head.nrrd", like(t1_like(source, depth, labels), source))
    _write(out / "average_labels.nrrd", like(labels, source))
    _write(out / "average_regions.nrrd", like(face_regions(source, depth, brain_mask), source))
    _write(out / "average_brain.nrrd", like(brain_mask.astype(np.uint8), source))
    _write(out / "mni_brain.nrrd", _axis_aligned(mni))
    description: dict[str, Any] = {
        "frame": "LPS mm; x to patient left, y to posterior, z up; mid-sagittal plane at x = 0",
        "skin_isovalue": SKIN_ISOVALUE,
        "landmarks_mm": {name: list(point) for name, point in LANDMARKS_MM.items()},
        "average_to_mni": [*average_to_mni.GetMatrix(), *average_to_mni.GetTranslation()],
        "average_to_mni_meaning": "mni = M x + t, row-major M then t; maps average-head mm to MNI mm, both LPS",
        "labels": LABELS,
        "regions": REGIONS,
        "notice": "see NOTICE.txt",
    }
    _write_json(out / "average_head.json", description)
    _write_json(out / "average_labels.json", {"labels": LABELS, "regions": REGIONS})


def _axis_aligned(mni: sitk.Image) -> sitk.Image:
    """The ICBM152 brain at 2 mm with identity direction, uint8."""
    corners = np.array([mni.TransformIndexToPhysicalPoint((i, j, k)) for i in (0, 196) for j in (0, 232) for k in (0, 188)])
    lower, upper = corners.min(axis=0), corners.max(axis=0)
    size = [int(n) for n in np.floor((upper - lower) / MNI_SPACING_MM) + 1]
    smooth = sitk.SmoothingRecursiveGaussian(mni, 0.7)
    spacing, identity = [MNI_SPACING_MM] * 3, np.eye(3).ravel().tolist()
    aligned = sitk.Resample(smooth, size, sitk.Transform(), sitk.sitkLinear, lower.tolist(), spacing, identity, 0.0)
    array = np.clip(np.rint(sitk.GetArrayFromImage(aligned)), 0, 255).astype(np.uint8)
    array[array < 2] = 0
    return like(array, aligned)


def _write(path: Path, image: sitk.Image) -> None:
    """Write a gzip-compressed NRRD under a temporary name, then rename it."""
    with written(path) as temporary:
        sitk.WriteImage(image, str(temporary), useCompression=True, compressionLevel=9)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    """Write readable JSON under a temporary name, then rename it."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def main(arguments: list[str]) -> int:
    """Command line of the script; returns the exit code."""
    try:
        if len(arguments) != 3:
            raise UnusableInput("give three paths: the pydeface wheel, the nilearn wheel, the folder for the templates")
        make_templates(Path(arguments[0]), Path(arguments[1]), Path(arguments[2]))
    except DefaceCompareError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
