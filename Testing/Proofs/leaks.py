"""The long proof that no face leaves with an export: sample and real patients are searched, leaks are planted; resumable.

    python Testing/Proofs/leaks.py [--sample 20] [--real 10] [--no-planted] [--limit-min 60]

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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python" / "helpers"))

from deface_compare.anatomy.find_heads import find_heads
from deface_compare.anatomy.head import Head
from deface_compare.case import Case, CaseImage
from deface_compare.errors import ExportFailed, UnusableInput
from deface_compare.export import export_case as export_module
from deface_compare.export.export_case import export_with
from deface_compare.export.moved_skin import moved_skins
from deface_compare.export.options import ExportOptions
from deface_compare.output import finished_case as finished_module
from deface_compare.output.code_mark import code_mark
from deface_compare.output.finished_case import open_finished_case
from deface_compare.output.folder import OutputFolder
from deface_compare.privacy.face import FaceReference
from deface_compare.privacy.scorer import FaceScorer
from deface_compare.readers import read_case
from deface_compare.readers.choices import ReadingChoices
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
        with original_found_once():
            for method in DEFAULT_METHODS:
                for policy in DOSE_POLICIES:
                    key = f"{out.name}/{case.name}/{method}/{policy}"
                    if key not in known and time.monotonic() < until:
                        found = _searched(case, work / f"export_{out.name}", method, policy)
                        yield {"export": key, "method": method, "policy": policy, **found}


@contextmanager
def original_found_once() -> Iterator[None]:
    """The exports of one case all come from the same original: it is read, and its heads and faces are found, once."""
    read: dict[str, Case] = {}
    found: list[tuple[dict[str, Head], dict[str, str]]] = []
    faces: dict[str, FaceReference] = {}
    score = FaceScorer.reference

    def read_once(source: Path, case_id: str, choices: ReadingChoices) -> Case:
        key = repr(choices)
        if key not in read:
            read[key] = read_case(source, case_id, choices)
        return read[key]

    def found_once(case: Case, settings: Settings) -> tuple[dict[str, Head], dict[str, str]]:
        if not found:
            found.append(find_heads(case, settings))
        return found[0]

    def scored_once(scorer: FaceScorer, image: CaseImage, head: Head, **how: bool) -> FaceReference:
        if image.key not in faces:
            faces[image.key] = score(scorer, image, head, **how)
        return faces[image.key]

    with (
        mock.patch.object(finished_module, "read_case", read_once),
        mock.patch.object(export_module, "find_heads", found_once),
        mock.patch.object(FaceScorer, "reference", scored_once),
    ):
        yield


def _searched(case: Path, to: Path, method: str, policy: str) -> dict[str, Any]:
    """What became of one export: refused for its dose, or written and searched."""
    shutil.rmtree(to, ignore_errors=True)
    begin = time.process_time()
    try:
        finished = open_finished_case(case, method, policy)
        heads, _ = export_module.find_heads(finished.case, finished.settings)
        moved = moved_skins(finished, heads)
        risks = export_module.dose_risks(export_module.without_dose_beyond(finished), heads, moved, policy)
        if risks:  # what the export itself refuses without --accept-risk is no leak of it
            return {"what": REFUSED, "told": "; ".join(risks), "seconds": round(time.process_time() - begin, 1)}
        written = export_with(case, to, ExportOptions(method, policy, accept_risk=True))
    except (UnusableInput, ExportFailed) as reason:
        return {"what": REFUSED if isinstance(reason, UnusableInput) else FAILED, "told": str(reason)}
    accepted = [note for note in written.notes if note.startswith("accepted: ") and "privacy check" not in note]
    image = finished.judged
    skin = gone_skin(image.image, finished.patches[image.key].whole(image.image))
    found = leaks(to, skin, finished.source)
    seconds = round(time.process_time() - begin, 1)
    shutil.rmtree(to)
    what = REFUSED if accepted else LEAKING if found else CLEAN
    return {"what": what, "told": "; ".join(found or accepted), "seconds": seconds}


def planted(work: Path, known: Mapping[str, Any], until: float) -> Iterator[dict[str, Any]]:
    """Plant what the log lacks, one line a leak: whether it is found in an export, and whether it is kept back from a source."""
    todo = [name for name in LEAKS if f"planted/{name}" not in known]
    folder = work / "planted"
    shutil.rmtree(folder, ignore_errors=True)
    if not todo or time.monotonic() > until:
        return
    folder.mkdir(parents=True)
    case = compared(folder / "small")
    sound = folder / "export"
    arguments = ("--accept-risk", "--dose-policy", "mask")
    export(case, sound, *arguments)
    finished = open_finished_case(case, METHOD, "mask")
    image = finished.case.image("CT")
    skin = gone_skin(image.image, finished.patches["CT"].whole(image.image))
    for name in todo:
        if time.monotonic() > until:
            return
        plant = LEAKS[name]
        shutil.copytree(sound, folder / "spoilt")
        plant(Target(folder / "spoilt", source(case), skin))
        found = bool(leaks(folder / "spoilt", skin, source(case)))
        other = copied(case, folder / "source", lambda patient, plant=plant: plant(Target(patient, source(case), skin)))
        code = export(other, folder / "source" / "export", *arguments)
        kept_back = code != 0 or leaks(folder / "source" / "export", skin, folder / "source" / "patient") == []
        yield {"planted": name, "export": f"planted/{name}", "found": found, "kept back": kept_back}
        shutil.rmtree(folder / "spoilt")
        shutil.rmtree(folder / "source")


def main() -> int:
    """Run what the log lacks; record cohort figures. Exit code 1 if anything leaks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sample", type=int, default=20)
    parser.add_argument("--real", type=int, default=10)
    parser.add_argument("--planted", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--limit-min", type=float, default=1e6, help="begin no export after so many minutes")
    parser.add_argument("--work", type=Path, default=Path("build/proofs/leaks"))
    arguments = parser.parse_args()
    until = time.monotonic() + 60.0 * arguments.limit_min
    arguments.work.mkdir(parents=True, exist_ok=True)
    path = arguments.work / f"{code_mark()[:CODE_DIGITS]}.jsonl"
    known = read_log(path)

    def note(lines: Iterator[dict[str, Any]]) -> None:
        for line in lines:
            with path.open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
            known[line["export"]] = line

    for cohort in cohorts(arguments.work, arguments.sample, arguments.real):
        out = arguments.work / f"out_{cohort.name}"
        finish_study(cohort, out, "--jobs", "1")
        note(exports_of(out, arguments.work, known, until))
    if arguments.planted:
        note(planted(arguments.work, known, until))
    known = read_log(path)  # another process may have searched the other cohort
    leaves = [line for line in known.values() if "planted" in line]
    found, kept_back = (sum(line[what] for line in leaves) for what in ("found", "kept back"))
    figures = {f"{len(leaves)} of {len(LEAKS)} leaks planted": f"{found} found in an export, {kept_back} kept back from a source"}
    exports = [line for line in known.values() if "planted" not in line]
    record("leaks", figures | figures_of(exports))
    whole = found == kept_back == len(LEAKS)
    return 0 if whole and not any(line["what"] in (LEAKING, FAILED) for line in exports) else 1


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
