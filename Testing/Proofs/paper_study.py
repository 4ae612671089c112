"""The published comparison at its size: 185 sample patients, 88 brain (CT, MR, dose) and 97 head and neck (CT, PET, dose).

``python Testing/Proofs/paper_study.py --patients 185 --jobs 2``. Stopped anywhere it continues; with a smaller number it does the
first patients of both sites in proportion, and says what all would take. SYNTHETIC patients: they test the pipeline.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from deface_compare.cohort.summary import SummaryRow, find, is_of_one_arm
from deface_compare.sample.make_sample import make_patient
from deface_compare.study.pool import pool
from record import record
from study_run import DONE, expect, finish_study

SITES = {"brain": (88, "PET", 0), "hn": (97, "MR", 88)}
"""Patients of each site, the images that they do not have, and what is added to their number: a number is a head."""
CT_SIZE, CT_SPACING_MM = (256, 256, 108), (1.0, 1.0, 2.5)
SEED = 1
PUBLISHED = (
    ("success_rate", "", "", "%"),
    ("auc_headline", "", "", ""),
    ("auc_own", "", "", ""),
    ("auc_reference", "", "", ""),
    ("median", "Cavity_Oral", "", "HU"),
    ("median", "Eye", "", "HU"),
    ("median", "Lens", "", "HU"),
    ("intact_volume", "Cavity_Oral", "", "%"),
    ("tissue_volume", "Cavity_Oral", "", "%"),
    ("D95%", "GTV", "mask", "Gy"),
    ("Dmean", "Eye", "follow", "Gy"),
    ("Dmean", "Lens", "follow", "Gy"),
)
"""Metric, structure, dose policy and unit of the lines that the publication tells."""


def make_patients(work: Path, share: float) -> dict[str, int]:
    """Write the patients that are not there yet; how many each site has now (an earlier call may have made more)."""
    counts = {}
    for site, (whole, missing, before) in SITES.items():
        for number in range(1, math.ceil(share * whole) + 1):
            folder = work / "patients" / site / f"sample-{number:03d}"
            if folder.is_dir():
                continue
            growing = work / "growing"
            shutil.rmtree(growing, ignore_errors=True)
            make_patient(before + number, growing, SEED, site, CT_SIZE, CT_SPACING_MM)
            shutil.rmtree(growing / missing)
            folder.parent.mkdir(parents=True, exist_ok=True)
            growing.rename(folder)
        counts[site] = len(list((work / "patients" / site).glob("sample-*")))
    return counts


def table(rows: Sequence[SummaryRow]) -> list[str]:
    """Lines as the publication lists them: cohort, image, number, and every method's value."""
    methods = list(dict.fromkeys(row.method for row in rows if is_of_one_arm(row)))
    lines = ["| cohort, image | number | " + " | ".join(methods) + " |", "|---|---|" + "---|" * len(methods)]
    for cohort in SITES:
        for metric, structure, policy, unit in PUBLISHED:
            found = find(rows, cohort=cohort, metric=metric, structure=structure, dose_policy=policy, unit=unit)
            for image in dict.fromkeys(row.image for row in found if is_of_one_arm(row)):
                cells = [_cell(find(found, image=image, method=method)) for method in methods]
                words = " ".join(part for part in (metric, structure, policy and f"({policy})", unit) if part)
                lines.append(f"| {cohort}, {image} | {words} | " + " | ".join(cells) + " |")
    return lines


def _cell(rows: Sequence[SummaryRow]) -> str:
    if not rows or math.isnan(rows[0].value):
        return "–"
    row = rows[0]
    if row.metric == "success_rate":
        return f"{round(row.value * row.n / 100)}/{row.n}"
    spread = "" if math.isnan(row.low) else f" [{row.low:.2f}, {row.high:.2f}]"
    return f"{row.value:.2f}{spread}"


def main() -> None:
    """Run the study, or a share of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=185)
    parser.add_argument("--jobs", default="1")
    parser.add_argument("--work", type=Path, default=Path("build/proofs/paper_study"))
    arguments = parser.parse_args()
    everyone = sum(whole for whole, _, _ in SITES.values())
    counts = make_patients(arguments.work, arguments.patients / everyone)
    outs, made, began, cpu = [], 0, time.monotonic(), os.times()
    for site in counts:
        out = arguments.work / site
        before = {path.parent.name: path.stat().st_mtime_ns for path in out.glob("cases/*/case_report.json")}
        code, said = finish_study(arguments.work / "patients" / site, out, "--jobs", arguments.jobs)
        expect(code == DONE, f"the study of {site} ended with {code}", said.splitlines()[-3:])
        after = {path.parent.name: path.stat().st_mtime_ns for path in out.glob("cases/*/case_report.json")}
        made += sum(before.get(case) != stamp for case, stamp in after.items())
        outs.append(out)
    used = os.times()
    seconds = used.children_user + used.children_system - cpu.children_user - cpu.children_system
    report = pool(outs, arguments.work / "pooled")
    print("\n".join(table(report.summary)), flush=True)
    patients = sum(counts.values())
    figures: dict[str, object] = {
        "sample patients (slices 256 × 256), brain + head and neck": f"{counts['brain']} + {counts['hn']}",
        "peak memory of a process, GB": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6, 2),
        "failed rows": report.manifest["counts"]["failed"],
    }
    if made:
        figures[f"CPU s a patient, pooling included (over {made} compared in this call)"] = round(seconds / made, 1)
        figures["wall-clock min of this call"] = round((time.monotonic() - began) / 60, 1)
    if made and patients < everyone:
        figures["ESTIMATE for all 185 on two cores, min"] = round(everyone * seconds / made / 2 / 60)
    record("paper study", figures)


if __name__ == "__main__":
    main()
