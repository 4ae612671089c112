"""Table of the shared real heads through the built-in methods, as Markdown: what the gate says of each head, and CPU seconds.

`python Testing/Proofs/measure_real_heads.py ../shared/data OUT`: heads that OUT already holds are not measured again, so a
stopped run goes on. Every face is drawn from two sides into OUT/identifiable/contact_sheets (real people: keep them to
yourself). Brain voxels of the MR heads are counted on their DLMUSE labels, those of the phantom on its planned brain, which no
method sees; the two CTs have no such mask. The figures in docs/validation.md come from here.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Python" / "helpers"))

from deface_compare.anatomy.air import skin_threshold  # noqa: E402
from deface_compare.anatomy.find_head import find_head  # noqa: E402
from deface_compare.anatomy.head import Head  # noqa: E402
from deface_compare.anatomy.head_axes import head_axes  # noqa: E402
from deface_compare.case import CT, MR, Case, CaseImage  # noqa: E402
from deface_compare.defacers import defacer  # noqa: E402
from deface_compare.defacers.deface import deface  # noqa: E402
from deface_compare.measurement import Scope  # noqa: E402
from deface_compare.output.folder import OutputFolder  # noqa: E402
from deface_compare.privacy.contact_sheet import tile, write_contact_sheet  # noqa: E402
from deface_compare.privacy.render import face_camera, renderer  # noqa: E402
from deface_compare.privacy.surface import face_surface, image_box, outline_on_box, skin_level  # noqa: E402
from deface_compare.quality.gate import quality_rows  # noqa: E402
from deface_compare.readers import read_case  # noqa: E402
from deface_compare.settings import DEFAULT_METHODS, Settings  # noqa: E402
from deface_compare.structures.mask import structure_mask  # noqa: E402
from ent_phantom import ct_of_body, planned_structures  # noqa: E402

METHODS = (*DEFAULT_METHODS, "eye_line")
"""The built-in methods, the one on demand included."""
SUBJECTS = range(1, 13)
YAWS_DEG = (0.0, 40.0)
Found = TypeVar("Found")


def heads(data: Path) -> Iterator[tuple[str, Case, NDArray[np.bool_] | None]]:
    """Name, case and a brain that no method sees, (z, y, x) on the image, of each head."""
    folder = data / "mr_cohort_dev"
    for subject in SUBJECTS:
        labels = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"Subj{subject}_T1_DLMUSE.nii.gz"))) > 0
        stored = sitk.ReadImage(str(folder / f"Subj{subject}_T1.nii.gz"))
        yield f"MR {subject}", _case(CaseImage("MR_T1", MR, stored, "a.u.")), labels
    cranium = sitk.ReadImage(str(data / "ct_head_cranium" / "cranium_ct.nrrd"))
    yield "CT cranium", _case(CaseImage("CT", CT, cranium, "HU")), None
    yield "CT headsq", read_case(data / "ct_head_headsq" / "dicom"), None
    with tempfile.TemporaryDirectory() as scratch:
        contours = data / "rt_eclipse_ent" / "EclipseEnt_Structures.seg"
        planned = {each.name: each for each in planned_structures(contours, Path(scratch))}
    ct = ct_of_body(planned["BODY"])
    brain = structure_mask(planned["BRAIN"], ct)
    yield "phantom ENT", _case(CaseImage("CT", CT, ct, "HU")), None if brain is None else brain.whole(ct)


def _case(image: CaseImage) -> Case:
    return Case(id="case-001", images=(image,))


def timed(work: Callable[[], Found]) -> tuple[Found, float]:
    """What a piece of work gives, and its CPU seconds."""
    begin = time.process_time()
    return work(), time.process_time() - begin


def measured(name: str, case: Case, brain: NDArray[np.bool_] | None, out: Path) -> dict[str, dict[str, float]]:
    """All numbers of one head by method; its faces are drawn on the way."""
    image, settings = case.images[0], Settings()
    head, seconds = timed(lambda: find_head(case, image, settings))
    numbers: dict[str, dict[str, float]] = {"head": {"seconds": seconds}}
    tiles = _views(image.image, image, head, "original")
    for key in METHODS:
        defacing, seconds = timed(lambda key=key: deface(defacer(key), case, {image.key: head}, settings))  # type: ignore[misc]
        scope = Scope(case.id, key, "", settings.fill, settings.protect)
        rows = {row.metric: row for row in quality_rows(case, {image.key: head}, defacing, scope, settings)}
        numbers[key] = {metric: row.defaced for metric, row in rows.items() if row.status == "ok"}
        numbers[key]["moved_share"] = (
            float(rows["done_as_intended"].note.split()[0]) if rows["done_as_intended"].status == "ok" else np.nan
        )
        numbers[key]["seconds"] = seconds
        if image.key in defacing.patches:
            edited = defacing.edited_image(image)
            numbers[key]["head_volume_percent"] = volume_change_percent(image, edited, head)
            if brain is not None:
                changed = sitk.GetArrayViewFromImage(edited) != image.array()
                numbers[key]["true_brain_voxels"] = int((brain & changed).sum())
            tiles |= _views(edited, image, head, key)
    rows_of_views = list(dict.fromkeys(row for row, _ in tiles))
    sheet = OutputFolder(out).contact_sheet(name.replace(" ", "-"))
    OutputFolder(out).make_private(sheet.parent)
    write_contact_sheet(sheet, tiles, rows_of_views, ["original", *METHODS])
    return numbers


def volume_change_percent(image: CaseImage, edited: sitk.Image, head: Head) -> float:
    """Change of the volume above the skin threshold, in percent of the head's."""
    before, after = (
        int((values > skin_threshold(image)).sum()) for values in (image.array(), sitk.GetArrayViewFromImage(edited))
    )
    voxel_mm3 = float(np.prod(image.image.GetSpacing()))
    whole_mm3 = float(sitk.GetArrayViewFromImage(head.outline).sum()) * head.grid.GetSpacing()[0] ** 3
    return 100.0 * (after - before) * voxel_mm3 / whole_mm3


def _views(shown: sitk.Image, image: CaseImage, head: Head, column: str) -> dict[tuple[str, str], NDArray[np.uint8]]:
    """Small pictures of a face from two sides."""
    box, axes = image_box(head, image.image), head_axes(head)
    within = outline_on_box(head, box) if column == "original" else None
    surface = face_surface(shown, box, skin_level(image), within)
    pictures = renderer().pictures(surface, axes, [face_camera(axes, yaw) for yaw in YAWS_DEG])
    return {(f"{yaw:g} degrees", column): tile(picture) for yaw, picture in zip(YAWS_DEG, pictures, strict=True)}


def cell(own: dict[str, float]) -> str:
    """Face gone or the share that moved, 95th percentile of the movement, cover of the face, change of volume, seconds."""
    if "done_as_intended" not in own:
        return "not judged"
    verdict = "gone" if own["done_as_intended"] == 1.0 else f"no ({own['moved_share']:.0f} %)"
    moved, covered = own["face_surface_moved_p95"], own.get("face_covered_fraction", np.nan)
    return f"{verdict}, {moved:.0f} mm, {covered:.0f} %, {own['head_volume_percent']:+.1f} %, {own['seconds']:.1f} s"


def main() -> None:
    """Measure what is missing, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", default=(), metavar="NAME", help="these heads only, for example 'MR 4'")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    print(f"| head | {' | '.join(METHODS)} | brain voxels |\n|---|{'---|' * len(METHODS)}---|", flush=True)
    for name, case, brain in heads(arguments.data.resolve()):
        if arguments.only and name not in arguments.only:
            continue
        kept = arguments.out / f"{name.replace(' ', '-')}.json"
        if not kept.is_file():
            kept.write_text(json.dumps(measured(name, replace(case, id="case-001"), brain, arguments.out)), encoding="utf-8")
        numbers = json.loads(kept.read_text(encoding="utf-8"))
        hurt = "-" if brain is None else sum(numbers[key].get("true_brain_voxels", 0) for key in METHODS)
        print(f"| {name} | {' | '.join(cell(numbers[key]) for key in METHODS)} | {hurt} |", flush=True)


if __name__ == "__main__":
    main()
