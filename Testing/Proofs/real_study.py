"""Real head-and-neck patients with CT, dose and structures through the four methods: what a cohort may say, and nothing of one.

``python Testing/Proofs/real_study.py --jobs 2``: needs ``../shared/data/rt_openkbp``. Stopped anywhere it continues. Real people:
``--work`` holds their faces under ``identifiable``; only the cohort's figures go into the record.
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from deface_compare.case_report import CaseReport
from deface_compare.cohort.summary import SummaryRow, find, read_summary
from deface_compare.output.folder import OutputFolder
from deface_compare.settings import DEFAULT_METHODS
from record import record
from study_run import DONE, SOME_UNREADABLE, expect, finish_study

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python" / "helpers"))

from places import SHARED_DATA

PATIENTS = SHARED_DATA / "rt_openkbp"
SHOWN = (
    ("success_rate", "", "", "%"),
    ("done_as_intended", "", "", "%"),
    ("data_whole", "", "", "%"),
    ("detection_rate", "", "", "%"),
    ("auc_own", "", "", ""),
    ("auc_reference", "", "", ""),
    ("auc_reconstructed", "", "", ""),
    ("intact_volume", "Bone_Mandible", "", "%"),
    ("intact_volume", "Parotid", "", "%"),
    ("intact_volume", "Brainstem", "", "%"),
    ("Dmean", "Bone_Mandible", "mask", "Gy"),
    ("Dmean", "Parotid", "mask", "Gy"),
    ("Dmean", "PTV", "mask", "Gy"),
    ("D95%", "PTV", "mask", "Gy"),
)
"""Metric, structure, dose policy and unit of the lines of the table."""
KINDS = ("laid anew", "placed by its", "not verified", "not certain where", "no head like", "no face between", "air where")
"""Words of a case's notes that say how its head was placed, or why not."""


def table(rows: Sequence[SummaryRow]) -> list[str]:
    """One line a number, one column a method: the median or rate, its interval, and of how many patients."""
    lines = ["| number | " + " | ".join(DEFAULT_METHODS) + " |", "|---|" + "---|" * len(DEFAULT_METHODS)]
    for metric, structure, policy, unit in SHOWN:
        found = find(rows, metric=metric, structure=structure, dose_policy=policy, unit=unit)
        cells = [
            _cell([row for row in found if row.method == method and row.image in ("CT", "DOSE")]) for method in DEFAULT_METHODS
        ]
        words = " ".join(part for part in (metric, structure, policy and f"({policy})", unit) if part)
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    return lines


def _cell(rows: Sequence[SummaryRow]) -> str:
    if not rows or math.isnan(rows[0].value):
        return "–"
    row = rows[0]
    if row.unit == "%" and row.domain in ("quality", "privacy"):
        return f"{round(row.value * row.n / 100)}/{row.n}"
    spread = "" if math.isnan(row.low) else f" [{row.low:.2f}, {row.high:.2f}]"
    return f"{row.value:.2f}{spread} (n {row.n})"


def places(out: OutputFolder) -> Counter[str]:
    """How many patients were placed by which witnesses, and why others were not."""
    counts: Counter[str] = Counter()
    for folder in out.finished_cases():
        notes = CaseReport.read(folder, measurements=False).notes
        kinds = (
            "laid anew",
            "placed by its",
            "not verified",
            "not certain where",
            "no head like",
            "no face between",
            "air where",
        )
        found = [kind for kind in kinds if any(kind in note for note in notes)]
        counts[found[0] if found else "verified at once"] += 1
    return counts


def main() -> None:
    """Run the study, print the cohort's figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", default="1")
    parser.add_argument("--work", type=Path, default=Path("build/proofs/real_study"))
    arguments = parser.parse_args()
    expect(PATIENTS.is_dir(), f"the real patients are in {PATIENTS.name}")
    code, said = finish_study(PATIENTS, arguments.work, "--jobs", arguments.jobs)
    expect(code in (DONE, SOME_UNREADABLE), f"the study ended with {code}", said.splitlines()[-3:])
    out = OutputFolder(arguments.work)
    print("\n".join(table(read_summary(out.summary))), flush=True)
    counted = places(out)
    print(dict(counted), flush=True)
    figures: dict[str, object] = {f"patients: {kind}": count for kind, count in sorted(counted.items())}
    figures["peak memory of a process, GB"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6, 2)
    record("real study", figures)


if __name__ == "__main__":
    main()
