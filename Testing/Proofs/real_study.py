"""Real head-and-neck patients with CT, dose and structures through the four methods: what a cohort may say, and nothing of one.

``python Testing/Proofs/real_study.py --jobs 2``: needs ``../shared/data/rt_openkbp``. Stopped anywhere it continues. Real people:
``--work`` holds their faces under ``identifiable``; only the cohort's figures go into the record.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections import Counter
from pathlib import Path

from deface_compare.case_report import CaseReport
from deface_compare.cohort.patient_table import patient_table
from deface_compare.cohort.summary import read_summary
from deface_compare.measurement_table import read_measurements
from deface_compare.output.folder import OutputFolder
from real_tables import answer_lines, auc_lines, change_lines, feature_lines, published_lines
from record import record
from study_run import DONE, SOME_UNREADABLE, expect, finish_study

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python" / "helpers"))

from places import SHARED_DATA

PATIENTS = SHARED_DATA / "rt_openkbp"
KINDS = ("laid anew", "placed by its", "not verified", "not certain where", "no head like", "no face between", "air where")
"""Words of a case's notes that say how its head was placed, or why not."""


def places(out: OutputFolder) -> Counter[str]:
    """How many patients were placed by which witnesses, and why others were not."""
    counts: Counter[str] = Counter()
    for folder in out.finished_cases():
        notes = CaseReport.read(folder, measurements=False).notes
        found = [kind for kind in KINDS if any(kind in note for note in notes)]
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
    summary, patients = read_summary(out.summary), patient_table(read_measurements(out.measurements))
    for lines in (answer_lines, feature_lines, auc_lines, published_lines):
        print("\n".join(lines(summary)), end="\n\n", flush=True)
    print("\n".join(change_lines(patients)), end="\n\n", flush=True)
    counted = places(out)
    print(dict(counted), flush=True)
    figures: dict[str, object] = {f"patients: {kind}": count for kind, count in sorted(counted.items())}
    figures["peak memory of a process, GB"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6, 2)
    record("real study", figures)


if __name__ == "__main__":
    main()
