"""Re-identification, method by image: the 12 real MR heads with their second scans, and 40 sample patients.

``python Testing/Proofs/faces.py [--patients 40] [--jobs 1]``. Stopped anywhere it continues. The heads lie in ``../shared/data``;
without them only the sample patients are done, and it says so. What is printed goes into docs/validation.md; pictures of the
heads lie in ``build/proofs/faces/*/identifiable`` and stay there.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from deface_compare.cli.main import main as deface_compare
from deface_compare.cohort.summary import MINUS, SummaryRow, find
from deface_compare.study.pool import pool
from record import record
from study_run import DONE, difference, expect, finish_study

HEADS = Path(__file__).resolve().parents[3] / "shared" / "data" / "mr_cohort_dev"
SUBJECTS = range(1, 13)
SCANS = {"T1": "MR_T1", "FL": "MR_FLAIR"}
TWICE = 2
"""So many subjects are compared by one process twice and by two workers: the same bytes each time."""
COLUMNS = {
    "auc_headline": "strongest",
    "auc_own": "A own",
    "auc_low_score": "A low score",
    "auc_mean_landmarks": "A mean landmarks",
    "auc_reconstructed": "C rebuilt",
    "auc_border": "D border",
    "auc_reference": "B reference",
    "auc_pooled": "A pooled",
}
CONTROLS = ("control_rerendered_auc", "control_faceless_auc", "control_planted_auc")


def make_heads(folder: Path, subjects: Sequence[int]) -> Path:
    """One folder a scan, and who is who."""
    folder.mkdir(parents=True, exist_ok=True)
    persons = [("folder", "person")]
    for subject in subjects:
        for file, key in SCANS.items():
            name = f"subject-{subject:02}-{file}"
            (folder / name).mkdir(exist_ok=True)
            described = {"id": name, "images": {key: str(HEADS / f"Subj{subject}_{file}.nii.gz")}}
            (folder / name / "case.json").write_text(json.dumps(described), encoding="utf-8")
            persons.append((name, f"subject-{subject:02}"))
    with (folder / "persons.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows(persons)
    return folder


def compared(source: Path, out: Path, *options: str) -> list[SummaryRow]:
    """The cohort's rows."""
    code, said = finish_study(source, out, *options)
    expect(code == DONE, f"the study of {source.name} ended with {code}", said.splitlines()[-3:])
    return list(pool([out], out).summary)


def table(rows: Sequence[SummaryRow]) -> Iterator[str]:
    """Method by image: the columns, rank 1, detection; below files, second scans, controls, differences."""
    yield f"| image | method | n | {' | '.join(COLUMNS.values())} | rank 1, % | face found |"
    yield "|---|---|---|" + "---|" * (len(COLUMNS) + 2)
    for own in find(rows, metric="auc_own"):
        if own.method and MINUS not in own.method:
            same = [row for row in rows if (row.image, row.method, row.n) == (own.image, own.method, own.n)]
            cells = [value(find(same, metric=metric)) for metric in (*COLUMNS, "rank1_own")]
            seen = value(find(rows, metric="detection_rate", image=own.image, method=own.method))
            yield f"| {own.image} | {own.method} | {own.n} | {' | '.join(cells)} | {seen} |"
    for metric in ("auc_highest_file", "auc_any_file", "auc_second_scan", "rank1_second_scan", *CONTROLS, "auc_headline"):
        yield f"\n{metric}\n"
        for row in find(rows, metric=metric):
            if metric != "auc_headline" or MINUS in row.method:
                words = " ".join(part for part in (row.image, row.method, row.dose_policy) if part)
                yield f"- {words}: {value([row])} ({row.note})"


def value(rows: Sequence[SummaryRow]) -> str:
    """The first row's number with its interval, or why there is none."""
    if not rows:
        return "–"
    row = rows[0]
    if math.isnan(row.value):
        return row.note
    return f"{row.value:.2f}" + ("" if math.isnan(row.low) else f" [{row.low:.2f}, {row.high:.2f}]")


def same_bytes(work: Path) -> str:
    """Compare some scans by one process, again, and by two workers."""
    source = make_heads(work / "few", SUBJECTS[:TWICE])
    outs = {"once": "1", "again": "1", "two": "2"}
    for name, jobs in outs.items():
        code, said = finish_study(source, work / name, "--jobs", jobs)
        expect(code == DONE, f"the study ended with {code}", said.splitlines()[-3:])
    for name in ("again", "two"):
        other = [file for file in difference(work / "once", work / name) if not file.startswith(("study.json", "report"))]
        expect(not other, f"{name} differs", other)
    return "bit-identical"


def heads(work: Path, jobs: str) -> dict[str, object]:
    """The real heads: their table is printed, their figures returned."""
    rows = compared(make_heads(work / "heads", SUBJECTS), work / "heads-out", "--jobs", jobs)
    print("\n".join(table(rows)), flush=True)
    undefaced = [row for row in find(rows, metric="rank1_second_scan", method="") if row.image.startswith(SCANS["T1"])]
    return {
        "12 MR heads, undefaced T1 → FLAIR, rank 1": undefaced[0].note if undefaced else "not available",
        f"files of {TWICE} persons by one process twice and by two workers": same_bytes(work / "same"),
    }


def main() -> None:
    """Run both cohorts, print their tables, record the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=40, help="sample patients; 0 leaves them out")
    parser.add_argument("--jobs", default="1")
    parser.add_argument("--work", type=Path, default=Path("build/proofs/faces"))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if HEADS.is_dir():
        record("faces", heads(arguments.work, arguments.jobs))
    else:
        print(f"no real heads at {HEADS}: sample patients only", flush=True)
    if not arguments.patients:
        return
    patients = arguments.work / f"{arguments.patients}-patients"
    if not patients.is_dir():
        growing = arguments.work / "growing"
        made = deface_compare(["sample", str(growing), "--patients", str(arguments.patients), "--jobs", arguments.jobs])
        expect(made == DONE, "sample patients are made")
        growing.rename(patients)
    rows = compared(patients, arguments.work / f"{patients.name}-out", "--jobs", arguments.jobs)
    print("\n".join(table(rows)), flush=True)


if __name__ == "__main__":
    main()
