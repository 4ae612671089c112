"""The long proof that no face leaves with an export: sample and real patients are searched, leaks are planted; resumable.

    python Testing/Proofs/leaks.py [--sample 20] [--real 10] [--limit-min 60]

Sample patients are made; real ones (``../shared/data/rt_openkbp``) are written as DICOM RT with the outer contour that a
planning system would draw. Each is compared once by all methods, then exported by every method and dose policy (what the export
refuses without ``--accept-risk`` counts as refused), and what was written is searched by `leak_search`, which knows no rule of
the export's. At last each leak of `planted_leaks` is planted into an export, where the search has to find it, and into a
source, from which it must not leave. A line an export goes to a log of this very code; a second run goes on where the first one
ended. Real people: only the cohort's figures go into the record. `Testing/Python/export/test_leaks.py` runs a slice in `make
test`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python" / "helpers"))

from deface_compare.anatomy.find_heads import find_heads
from deface_compare.anatomy.head import Head
from deface_compare.case import Case
from deface_compare.errors import ExportFailed, UnusableInput
from deface_compare.export import export_case as export_module
from deface_compare.export.export_case import export_with
from deface_compare.export.options import ExportOptions
from deface_compare.output.code_mark import code_mark
from deface_compare.output.finished_case import open_finished_case
from deface_compare.output.folder import OutputFolder
from deface_compare.sample.make_sample import make_sample
from deface_compare.settings import DEFAULT_METHODS, DOSE_POLICIES, Settings
from export_patient import METHOD, compared, copied, export, source
from leak_search import gone_skin, leaks
from places import SHARED_DATA
from planted_leaks import LEAKS, Target
from record import CODE_DIGITS, record
from study_run import finish_study
from written_patient import write_as_dicom

REAL = SHARED_DATA / "rt_openkbp"
REAL_PATIENTS = (2, 4, 13, 15, 17, 20, 21, 24, 26, 30)
"""The first ten that show the whole face (the folder's README)."""
CLEAN, LEAKING, REFUSED, FAILED = "clean", "leaking", "refused", "failed"


def cohorts(work: Path, sample: int, real: int) -> Iterator[Path]:
    """Make the patients that are not there yet; the folders that hold one folder a patient."""
    if sample:
        folder = work / f"sample_{sample}"
        if not folder.is_dir():
            growing = work / "growing"
            shutil.rmtree(growing, ignore_errors=True)
            make_sample(growing, sample)
            growing.rename(folder)
        yield folder
    if real and REAL.is_dir():
        folder = work / f"real_{real}"
        for number in REAL_PATIENTS[:real]:
            if not (folder / f"pt_{number:03d}" / "RTDOSE.dcm").is_file():
                write_as_dicom(REAL / f"pt_{number:03d}", folder / f"pt_{number:03d}")
        yield folder


def exports_of(out: Path, work: Path, known: Mapping[str, Any], until: float) -> Iterator[dict[str, Any]]:
    """Export and search what the log lacks, one line each."""
    for case in OutputFolder(out).finished_cases():
        export_module.find_heads = _searched_once()
        for method in DEFAULT_METHODS:
            for policy in DOSE_POLICIES:
                key = f"{out.name}/{case.name}/{method}/{policy}"
                if key not in known and time.monotonic() < until:
                    yield {"export": key, "method": method, "policy": policy, **_searched(case, work / "export", method, policy)}


def _searched_once() -> Callable[[Case, Settings], tuple[dict[str, Head], dict[str, str]]]:
    """The search for the heads of one case, whose exports all come from the same original: a third of an export's time."""
    known: list[tuple[dict[str, Head], dict[str, str]]] = []

    def search(case: Case, settings: Settings) -> tuple[dict[str, Head], dict[str, str]]:
        if not known:
            known.append(find_heads(case, settings))
        return known[0]

    return search


def _searched(case: Path, to: Path, method: str, policy: str) -> dict[str, Any]:
    """What became of one export: refused for its dose, or written and searched."""
    shutil.rmtree(to, ignore_errors=True)
    begin = time.process_time()
    try:
        finished = open_finished_case(case, method, policy)
        written = export_with(case, to, ExportOptions(method, policy, accept_risk=True))
    except (UnusableInput, ExportFailed) as reason:
        return {"what": REFUSED if isinstance(reason, UnusableInput) else FAILED, "told": str(reason)}
    risks = [note for note in written.notes if note.startswith("accepted: ") and "privacy check" not in note]
    image = finished.judged
    skin = gone_skin(image.image, finished.patches[image.key].whole(image.image))
    found = leaks(to, skin, finished.source)
    seconds = round(time.process_time() - begin, 1)
    shutil.rmtree(to)
    # what the export itself refuses without --accept-risk is no leak of it
    what = REFUSED if risks else LEAKING if found else CLEAN
    return {"what": what, "told": "; ".join(found or risks), "seconds": seconds}


def planted(work: Path) -> dict[str, int]:
    """How many leaks are found in an export, and how many do not leave from a source."""
    shutil.rmtree(work / "planted", ignore_errors=True)
    (work / "planted").mkdir(parents=True)
    case = compared(work / "planted" / "small")
    sound = work / "planted" / "export"
    arguments = ("--accept-risk", "--dose-policy", "mask")
    export(case, sound, *arguments)
    finished = open_finished_case(case, METHOD, "mask")
    image = finished.case.image("CT")
    skin = gone_skin(image.image, finished.patches["CT"].whole(image.image))
    counts = Counter({"found": 0, "kept back": 0})
    for number, (name, plant) in enumerate(LEAKS.items()):
        spoilt, from_source = work / "planted" / f"spoilt_{number}", work / "planted" / f"source_{number}"
        shutil.copytree(sound, spoilt)
        plant(Target(spoilt, source(case), skin))
        counts["found"] += bool(leaks(spoilt, skin, source(case)))
        other = copied(case, from_source, lambda patient, plant=plant: plant(Target(patient, source(case), skin)))
        code = export(other, from_source / "export", *arguments)
        counts["kept back"] += code != 0 or leaks(from_source / "export", skin, from_source / "patient") == []
        print(f"{name}: {dict(counts)}", flush=True)
        shutil.rmtree(spoilt)
        shutil.rmtree(from_source)
    return dict(counts)


def main() -> int:
    """Run what the log lacks; record cohort figures. Exit code 1 if anything leaks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sample", type=int, default=20)
    parser.add_argument("--real", type=int, default=10)
    parser.add_argument("--limit-min", type=float, default=1e6, help="begin no export after so many minutes")
    parser.add_argument("--work", type=Path, default=Path("build/proofs/leaks"))
    arguments = parser.parse_args()
    until = time.monotonic() + 60.0 * arguments.limit_min
    arguments.work.mkdir(parents=True, exist_ok=True)
    path = arguments.work / f"{code_mark()[:CODE_DIGITS]}.jsonl"
    known = read_log(path)
    for cohort in cohorts(arguments.work, arguments.sample, arguments.real):
        out = arguments.work / f"out_{cohort.name}"
        finish_study(cohort, out, "--jobs", "1")
        for line in exports_of(out, arguments.work, known, until):
            with path.open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
            known[line["export"]] = line
    counts = planted(arguments.work)
    figures = {
        f"{len(LEAKS)} planted leaks": f"{counts['found']} found in an export, {counts['kept back']} kept back from a source"
    }
    figures |= figures_of(list(known.values()))
    record("leaks", figures)
    whole = counts == {"found": len(LEAKS), "kept back": len(LEAKS)}
    return 0 if whole and not any(line["what"] in (LEAKING, FAILED) for line in known.values()) else 1


def figures_of(lines: list[dict[str, Any]]) -> dict[str, str]:
    """Exports by cohort and policy: of how many patients, how many clean, refused, leaking."""
    figures = {}
    for kind in dict.fromkeys(_cohort(line) for line in lines):
        for policy in DOSE_POLICIES:
            here = [line for line in lines if _cohort(line) == kind and line["policy"] == policy]
            counts = Counter(line["what"] for line in here)
            told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
            patients = len({line["export"].split("/")[1] for line in here})
            figures[f"exports of {kind} patients, dose policy {policy}"] = f"{told or 'none yet'} ({patients} patients)"
    return figures


def _cohort(line: Mapping[str, Any]) -> str:
    """``sample`` or ``real``."""
    return str(line["export"]).removeprefix("out_").split("_")[0]


def read_log(path: Path) -> dict[str, dict[str, Any]]:
    """The log's lines by export; a line that was cut is left out."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {entry["export"]: entry for line in lines if line.endswith("}") for entry in [json.loads(line)]}


if __name__ == "__main__":
    sys.exit(main())
