"""Table of the shared real heads through the built-in methods, as Markdown: what the gate says of each head, and seconds.

`python Testing/measure_real_heads.py ../shared/data OUT`: what OUT already holds is not made again, so a stopped run goes on; the
faces are drawn, too (OUT/*/identifiable/contact_sheets: real people, keep them to yourself). `--no-faces` leaves that out. Brain
voxels of the MR heads are counted on their DLMUSE labels, those of the phantom on its planned brain, which no method sees; the
two CTs have no such mask. The figures in docs/verification.md come from here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "Python"))

from measure_sample_heads import verdict  # noqa: E402

from DefaceCompareLib.case import Case  # noqa: E402
from DefaceCompareLib.compare import compare_case  # noqa: E402
from DefaceCompareLib.defacers import defacer  # noqa: E402
from DefaceCompareLib.measurement import Measurement, read_measurements  # noqa: E402
from DefaceCompareLib.readers import read_case  # noqa: E402
from DefaceCompareLib.settings import DEFAULT_METHODS, Settings  # noqa: E402
from DefaceCompareLib.structure_mask import structure_mask  # noqa: E402
from test_real_heads import ct_of_body, planned_structures  # noqa: E402

METHODS = (*DEFAULT_METHODS, "eye_line")
"""The built-in methods, the one on demand included."""
SUBJECTS = range(1, 13)


def heads(data: Path, scratch: Path) -> Iterator[tuple[str, Case, NDArray[np.bool_] | None]]:
    """Name, case and a brain that no method sees (z, y, x on the image), of each head."""
    for subject in SUBJECTS:
        folder = data / "mr_cohort_dev"
        labels = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"Subj{subject}_T1_DLMUSE.nii.gz"))) > 0
        yield f"MR {subject}", _of_file(scratch, f"mr-{subject:02}", "MR_T1", folder / f"Subj{subject}_T1.nii.gz"), labels
    yield "CT cranium", _of_file(scratch, "cranium", "CT", data / "ct_head_cranium" / "cranium_ct.nrrd"), None
    yield "CT headsq", read_case(data / "ct_head_headsq" / "dicom"), None
    (scratch / "ent-planned").mkdir(parents=True, exist_ok=True)
    contours = data / "rt_eclipse_ent" / "EclipseEnt_Structures.seg"
    planned = {each.name: each for each in planned_structures(contours, scratch / "ent-planned")}
    ct = ct_of_body(planned["BODY"])
    sitk.WriteImage(ct, str(scratch / "ent.nrrd"))
    brain = structure_mask(planned["BRAIN"], ct)
    yield "phantom ENT", _of_file(scratch, "ent", "CT", scratch / "ent.nrrd"), None if brain is None else brain.whole(ct)


def _of_file(scratch: Path, name: str, key: str, path: Path) -> Case:
    """A case of one image file."""
    folder = scratch / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "case.json").write_text(json.dumps({"id": name, "images": {key: str(path.resolve())}}), encoding="utf-8")
    return read_case(folder)


def compared(name: str, case: Case, out: Path, faces: bool) -> tuple[list[Measurement], dict[str, float]]:
    """Compare one head, unless that is done; its rows, and the seconds of each method."""
    done = out / name.replace(" ", "-")
    folder = done / "cases" / "case-001"
    if not (folder / "case_report.json").is_file():
        settings = Settings() if faces else Settings(face_model="none")
        compare_case(replace(case, id="case-001"), [defacer(key) for key in METHODS], settings, out=done)
    return read_measurements(folder / "measurements.csv"), json.loads((folder / "timings.json").read_text(encoding="utf-8"))


def cell(rows: list[Measurement], image: str, seconds: float) -> str:
    """Verdict, share of the face that is covered, seconds."""
    covered = next(row.defaced for row in rows if row.metric == "face_covered_fraction")
    return f"{verdict(rows, image)}, {covered:.0f} %, {seconds:.1f} s"


def main() -> None:
    """Compare, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--no-faces", action="store_true")
    arguments = parser.parse_args()
    out: Path = arguments.out
    print(f"| head | {' | '.join(METHODS)} | brain voxels |\n|---|{'---|' * len(METHODS)}---|", flush=True)
    for name, case, brain in heads(arguments.data, out / "cases"):
        rows, seconds = compared(name, case, out, not arguments.no_faces)
        image = case.images[0]
        hurt = 0
        cells = []
        for method in METHODS:
            own = [row for row in rows if row.method == method]
            cells.append(cell(own, image.key, seconds[method]))
            path = out / name.replace(" ", "-") / "cases" / "case-001" / method / f"{image.key}.nrrd"
            if brain is not None and path.is_file():
                hurt += int((brain & (sitk.GetArrayFromImage(sitk.ReadImage(str(path))) != image.array())).sum())
        print(f"| {name} | {' | '.join(cells)} | {'-' if brain is None else hurt} |", flush=True)


if __name__ == "__main__":
    main()
