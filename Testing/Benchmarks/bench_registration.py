"""The average head laid on a patient: our affine and spline fit beside ANTs SyN (PyPI antspyx), one thread.

Asked is what the method needs: how near the average head's skin comes to the patient's where no face is (forehead, temples,
jaw, neck, back). The face itself must not be followed, or the patient's own face would be put back; the last column says how
far each one leaves it. SyN gets the patient on our working grid and its own defaults (affine start, mutual information).
CPU seconds; ours count from the stored image to the fitted spline, SyN's the registration alone.

    python Testing/Benchmarks/bench_registration.py --environments FOLDER [IMAGE ...]

Without images two synthetic patients' MR are taken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "DefaceCompare"))

from environments import environment, told_by  # noqa: E402

from deface_compare.anatomy.average_head import average_head  # noqa: E402
from deface_compare.anatomy.face_region import face_region  # noqa: E402
from deface_compare.anatomy.find_head import find_head  # noqa: E402
from deface_compare.anatomy.head import Head  # noqa: E402
from deface_compare.case import MR, Case, CaseImage  # noqa: E402
from deface_compare.defacers.average_face import FACE_LEFT_OUT_MM, average_level, average_skin  # noqa: E402
from deface_compare.geometry.boxes import margin_in_view_mm, whole_box  # noqa: E402
from deface_compare.geometry.grids import (  # noqa: E402
    mapped,
    on_grid,
    onto_grid,
)
from deface_compare.geometry.level_set import (  # noqa: E402
    mask_level_mm,
    sample_at,
)
from deface_compare.sample.patient import sample_patient  # noqa: E402
from deface_compare.settings import Settings  # noqa: E402

PACKAGES = ("antspyx==0.6.3",)
BORDER_MM = 4.0
"""Skin nearer than this to the end of the scan is not judged."""
MIDDLE_SHARE = 0.5
"""Points of the working grid whose level is within this share of a voxel are skin."""


def found_head(image: CaseImage) -> tuple[Head, float]:
    """The head with its affine fit, and CPU seconds."""
    average_level(), average_head()  # what is kept for the next patient does not count
    begin = time.process_time()
    head = find_head(Case(id="bench", images=(image,)), image, Settings())
    return head, time.process_time() - begin


def ours(image: CaseImage, head: Head) -> tuple[NDArray[np.float64], float]:
    """mm from the average head's skin on the head's working grid, and CPU seconds of the deformable part."""
    begin = time.process_time()
    level, _ = average_skin(image, head, whole_box(head.grid))
    return level.astype(np.float64), time.process_time() - begin


def theirs(python: Path, image: CaseImage, head: Head) -> tuple[NDArray[np.float64], float]:
    """The same from SyN."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        average = average_head()
        sitk.WriteImage(onto_grid(image.image, head.grid, 0.0), str(folder / "patient.nrrd"))
        sitk.WriteImage(sitk.Cast(average.image, sitk.sitkFloat32), str(folder / "average.nrrd"))
        sitk.WriteImage(on_grid(average_level(), average.outline), str(folder / "level.nrrd"))
        told = told_by(python, HERE / "registration_antspyx.py", folder)
        return sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "warped.nrrd"))).astype(float), float(told["seconds"])


def distances_mm(level: NDArray[np.float64], head: Head, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the surface of level 0 lies from the patient's skin at points near it, patient mm, both between voxels."""
    warped = mask_level_mm(on_grid(level < 0, head.grid))
    return np.abs(sample_at(warped, head.grid, points, 0.0) - sample_at(head.skin_level_mm, head.grid, points, 0.0))


def skin_points(image: CaseImage, head: Head) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Points of the patient's skin that the average head covers, LPS mm, and which of them belong to the face or the ears."""
    index = np.argwhere(np.abs(head.skin_level_mm) < MIDDLE_SHARE * head.grid.GetSpacing()[0])
    points = index[:, ::-1] * np.array(head.grid.GetSpacing()) + np.array(head.grid.GetOrigin())
    steering = sitk.GetArrayFromImage(average_head().steering).astype(np.float32)
    covered = sample_at(steering, average_head().outline, mapped(head.average_to_patient, points), 0.0) > 0.5
    points = points[covered & (margin_in_view_mm(image.image, points) > BORDER_MM)]
    region = face_region(head)
    return points, region.face(points, FACE_LEFT_OUT_MM) | region.ears(points)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("images", nargs="*", type=Path, help="T1 images of whole heads")
    parser.add_argument("--environments", type=Path, required=True, help="where antspyx's environment is or will be")
    arguments = parser.parse_args()
    python = environment(arguments.environments, "antspyx", PACKAGES)
    images = [sitk.ReadImage(str(path)) for path in arguments.images] or [sample_patient(n, 1, "brain").mr for n in (1, 2)]
    for number, stored in enumerate(images, 1):
        image = CaseImage("MR_T1", MR, stored, "a.u.")
        head, affine_seconds = found_head(image)
        level, seconds = ours(image, head)
        found = {"ours": (level, affine_seconds + seconds), "SyN": theirs(python, image, head)}
        points, face = skin_points(image, head)
        for name, (level, cost) in found.items():
            away = distances_mm(level, head, points)
            skull = away[~face]
            print(
                f"head {number}, {name}: {cost:.1f} s CPU; skin off the face: mean {skull.mean():.2f} mm, "
                f"95th percentile {np.percentile(skull, 95):.2f} mm; face: mean {away[face].mean():.2f} mm",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
