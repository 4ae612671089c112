"""Tables of the synthetic heads through the built-in methods, as Markdown: eight plain patients, and one of each difficulty.

`python Testing/Proofs/measure_sample_heads.py OUT`: what OUT already holds is not made again, so a stopped run goes on; about
15 minutes
on one core. The figures in docs/validation.md come from here.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from deface_compare.compare import compare_case
from deface_compare.defacers import defacer
from deface_compare.measurement import Measurement
from deface_compare.measurement_table import read_measurements
from deface_compare.readers import read_case
from deface_compare.sample.difficulty import Difficulty
from deface_compare.sample.make_sample import make_patient
from deface_compare.settings import DEFAULT_METHODS, Settings
from deface_compare.utility.dose_rows import DOSE_IMAGE

PATIENTS, SEED = 8, 1
FIRST_DIFFICULT = 10
"""Patient number of the first difficulty, so that every difficult head is another head."""
ORGANS = ("Brain", "Eye_L", "Cavity_Oral", "Parotid_L")


def compared(name: str, number: int, difficulties: Sequence[Difficulty], out: Path) -> tuple[list[Measurement], dict[str, float]]:
    """Make and compare one patient, unless that is done; its rows, and the seconds of each method."""
    done = out / "compared" / name / "cases" / "case-001"
    if not (done / "case_report.json").is_file():
        source = out / "patients" / name
        if not source.exists():
            make_patient(number, source, SEED, None, None, None, difficulties)
        methods = [defacer(key) for key in DEFAULT_METHODS]
        case = read_case(source).renamed("case-001")
        compare_case(case, methods, Settings(face_model="none"), out=out / "compared" / name)
    return read_measurements(done / "measurements.csv"), json.loads((done / "timings.json").read_text(encoding="utf-8"))


def plain_table(found: Sequence[tuple[list[Measurement], dict[str, float]]]) -> Iterable[str]:
    """Method x modality over the plain patients."""
    yield f"| method | image | success | face gone | moved p95, mm | brain voxels | altered {', '.join(ORGANS)}, % | seconds |"
    yield "|---|---|---|---|---|---|---|---|"
    for method in DEFAULT_METHODS:
        seconds = np.median([times[method] for _, times in found])
        for image in dict.fromkeys(row.image for rows, _ in found for row in rows if row.domain == "quality"):
            rows = [row for each, _ in found for row in each if row.method == method and row.image == image]
            moved = numbers(rows, "face_surface_moved_p95")
            shares = [numbers(rows, "altered_fraction", organ) for organ in ORGANS]
            hurt = max(numbers(rows, "brain_voxels_altered"))
            movement = f"{np.median(moved):.1f} ({min(moved):.1f} to {max(moved):.1f})" if image != DOSE_IMAGE else "-"
            altered = " / ".join(f"{np.median(each):.0f}" for each in shares) if image != DOSE_IMAGE else "-"
            yield (
                f"| {method} | {image} | {count(rows, 'success')} | {count(rows, 'face_gone')} | {movement} | {hurt:.0f} | "
                f"{altered} | {seconds:.1f} |"
            )


def difficult_table(found: dict[str, list[Measurement]]) -> Iterable[str]:
    """Difficulty x method: what the gate says of each image."""
    yield f"| difficulty | {' | '.join(DEFAULT_METHODS)} |"
    yield f"|---|{'---|' * len(DEFAULT_METHODS)}"
    for name, rows in found.items():
        cells = []
        for method in DEFAULT_METHODS:
            own = [row for row in rows if row.method == method]
            cells.append(
                ", ".join(f"{key} {verdict(own, key)}" for key in dict.fromkeys(row.image for row in own) if key != "DOSE")
            )
        yield f"| {name} | {' | '.join(cells)} |"


def verdict(rows: Sequence[Measurement], image: str) -> str:
    """ok with the movement, ``no`` with the share that moved, or the reason why there is none."""
    own = {row.metric: row for row in rows if row.image == image and row.domain == "quality"}
    if own["success"].status == "ok" and own["success"].defaced == 1.0:
        return f"ok ({own['face_surface_moved_p95'].defaced:.0f} mm)"
    if own["done_as_intended"].status != "ok":
        return own["done_as_intended"].status
    hurt = own["brain_voxels_altered"].defaced or 0.0
    return f"no ({own['face_surface_moved_p95'].defaced:.1f} mm{f', {hurt:.0f} brain voxels' if hurt else ''})"


def numbers(rows: Iterable[Measurement], metric: str, structure: str = "") -> list[float]:
    """The numbers of one metric, those that are missing left out."""
    wanted = [row.defaced for row in rows if row.metric == metric and row.structure == structure and row.status == "ok"]
    return [float(value) for value in wanted if value is not None] or [float("nan")]


def count(rows: Iterable[Measurement], metric: str) -> str:
    """k/n."""
    own = [row for row in rows if row.metric == metric]
    return f"{sum(row.status == 'ok' and row.defaced == 1.0 for row in own)}/{len(own)}"


def main() -> None:
    """Make, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args().out
    plain = [compared(f"plain-{number}", number, (), out) for number in range(1, PATIENTS + 1)]
    print("\n".join(plain_table(plain)), "\n", flush=True)
    hard = {each.value: compared(each.value, FIRST_DIFFICULT + place, (each,), out)[0] for place, each in enumerate(Difficulty)}
    print("\n".join(difficult_table(hard)))


if __name__ == "__main__":
    main()
