"""Drawing a face of a planning CT of 512 x 512 x 150: ours beside plain VTK, five views each, one thread.

Ours resamples the face's box, smooths, keeps the largest part, closes cavities, meshes it and takes five pictures of fixed
cameras. Plain VTK (what a short script, or PyVista's ``contour`` and ``screenshot``, does) draws the iso-surface of the whole
scan: couch, head holder and the inside of the head with it. CPU seconds, the best of a few runs.

    python Testing/Benchmarks/bench_rendering.py
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import SimpleITK as sitk
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D, vtkMarchingCubes

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "DefaceCompare"), str(HERE)]

from calibration import best, calibration_s, loops  # noqa: E402

from deface_compare.anatomy.find_head import find_head  # noqa: E402
from deface_compare.anatomy.head_axes import head_axes  # noqa: E402
from deface_compare.case import CT, Case, CaseImage  # noqa: E402
from deface_compare.privacy.render import VIEWS_DEG, close_renderer, face_camera, renderer  # noqa: E402
from deface_compare.privacy.surface import face_surface, grey_values, image_box, outline_on_box, skin_level, surface_at  # noqa: E402
from deface_compare.sample.patient import sample_patient  # noqa: E402
from deface_compare.settings import Settings  # noqa: E402

SIZE, SPACING_MM = (512, 512, 150), (0.5, 0.5, 1.6)
SKIN_HU = -300.0


def plain_surface(image: sitk.Image, algorithm: type) -> vtkPolyData:
    """The iso-surface of the whole scan with normals from its slope."""
    grid = vtkImageData()
    grid.SetDimensions(*image.GetSize())
    grid.SetOrigin(*image.GetOrigin())
    grid.SetSpacing(*image.GetSpacing())
    grid.GetPointData().SetScalars(numpy_to_vtk(sitk.GetArrayFromImage(image).ravel()))
    cubes = algorithm()
    cubes.SetInputData(grid)
    cubes.SetValue(0, SKIN_HU)
    cubes.ComputeNormalsOn()
    cubes.ComputeScalarsOff()
    cubes.Update()
    surface: vtkPolyData = cubes.GetOutput()
    return surface


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--environments", help="as the other benchmarks have it; not needed here")
    parser.parse_args()
    image = CaseImage("CT", CT, sample_patient(1, 1, "hn", ct_size=SIZE, ct_spacing_mm=SPACING_MM).ct, "HU")
    head = find_head(Case("bench", (image,)), image, Settings())
    box, axes, level = image_box(head, image.image), head_axes(head), skin_level(image)
    cameras = [face_camera(axes, yaw, pitch) for yaw, pitch in VIEWS_DEG]
    outline = outline_on_box(head, box)
    own = surface_at(grey_values(image.image, box, level, outline), box)
    calibration = calibration_s()
    print(f"calibration loop: {calibration:.3f} s CPU; CT {'x'.join(map(str, SIZE))}, face box {'x'.join(map(str, box.size))}")
    surface_s = best(lambda: face_surface(image.image, box, level, outline))
    views_s = best(lambda: renderer().pictures(own, axes, cameras))
    total = surface_s + views_s
    triangles = own.GetNumberOfPolys()
    print(f"ours: surface {loops(surface_s, calibration)}, five views {views_s:.2f} s, {triangles} triangles")
    for name, algorithm in (("marching cubes", vtkMarchingCubes), ("flying edges", vtkFlyingEdges3D)):
        plain = plain_surface(image.image, algorithm)
        drawn_s = best(lambda algorithm=algorithm: plain_surface(image.image, algorithm))
        seen_s = best(lambda plain=plain: renderer().pictures(plain, axes, cameras))
        print(
            f"plain VTK, {name}: surface {loops(drawn_s, calibration)}, five views {seen_s:.2f} s, {plain.GetNumberOfPolys()}"
            f" triangles; ours takes {total / (drawn_s + seen_s):.2f} of its time"
        )
    close_renderer()
    return 0


if __name__ == "__main__":
    sys.exit(main())
