"""The pictures of docs/methods.md: one synthetic head and what each built-in method leaves, from the front and from 40 degrees.

``python Testing/Tools/draw_methods.py COHORT/sample-001 OUT`` with the first patient of ``deface-compare sample``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare import compare_case, read_case
from deface_compare.anatomy.find_head import find_head
from deface_compare.anatomy.head_axes import head_axes
from deface_compare.privacy.render import face_camera, renderer, write_png
from deface_compare.privacy.surface import face_box, face_surface, outline_on_box, skin_level
from deface_compare.settings import DEFAULT_METHODS, Settings

METHODS = (*DEFAULT_METHODS, "eye_line")
YAWS_DEG = (0.0, 40.0)
SIDE_PX, BOTTOM_PX = 48, 72
"""Black margins that are cut off each picture."""


def drawn(image: sitk.Image, setting: tuple, within: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """The skin of an image from both sides, side by side, shape (height, width, 3)."""
    box, level, axes = setting
    surface = face_surface(image, box, level, within)
    pictures = renderer().pictures(surface, axes, [face_camera(axes, yaw) for yaw in YAWS_DEG])
    return np.concatenate([picture[:-BOTTOM_PX, SIDE_PX:-SIDE_PX] for picture in pictures], axis=1)


def main() -> None:
    """Deface the patient by every method and draw each result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("patient", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    case, settings = read_case(arguments.patient), Settings(face_model="none")
    ct = case.image("CT")
    head = find_head(case, ct, settings)
    setting = face_box(head), skin_level(ct), head_axes(head)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_png(arguments.out / "method_original.png", drawn(ct.image, setting, outline_on_box(head, setting[0])))
    work = arguments.out / "compared"
    compare_case(case, METHODS, settings, out=work)
    for method in METHODS:
        (path,) = work.rglob(f"{method}/CT.nrrd")
        write_png(arguments.out / f"method_{method}.png", drawn(sitk.ReadImage(str(path)), setting))


if __name__ == "__main__":
    main()
