"""A study's cases as one BIDS derivative, defaced by one method: verified, resumed where it stopped, nobody stops the others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UnusableInput
from ..export.bids.labels import labels_of
from ..export.bids.metadata import description
from ..export.options import KEEP_LABELS, LABELS, ExportOptions
from ..machine.fitting_processes import Jobs, fitting_processes
from ..output.folder import OutputFolder
from ..output.key import key_source
from ..output.lock import sole_run
from ..progress import Progress, report_step, silent
from ..readers.bids.dataset import DESCRIPTION, dataset_of
from ..storage.atomic import write_text
from ..version import __version__
from .share_bids_case import RECORDS, BidsJob, read_record, share_bids_case
from .share_case import ShareOutcome
from .share_manifest import study_mark
from .shared_place import chosen_cases, make_place, refuse_place, refuse_unknown_method
from .workers import cluster, run_here, run_on_cluster

STEPS = 1
MANIFEST, KIND = "defacing_manifest.json", "BIDS derivative"
IGNORED = (MANIFEST, RECORDS, "**/ct", "**/pet/*_defacemask.*")
"""What BIDS has no names for, and its validator need not know."""
LABELS_REMAIN = "Labels of subjects and sessions are those of the source: if they lead to somebody, give --labels number."


@dataclass(frozen=True)
class BidsReport:
    """What a derivative holds.

    Parameters
    ----------
    folder : Path
    shared : tuple of str
        Ids of the cases that this run wrote or found written.
    refused : mapping of case id to str
        Why a chosen case is not shared, with names and paths: for whoever ran the command.
    files : int
        Of all cases.
    accepted : mapping of risk to ids of cases
    labels : str
    """

    folder: Path
    shared: tuple[str, ...]
    refused: Mapping[str, str]
    files: int
    accepted: Mapping[str, Sequence[str]]
    labels: str

    def lines(self) -> list[str]:
        """What a person wants to know at the end."""
        told = [f"accepted for {', '.join(cases)}: {risk}" for risk, cases in self.accepted.items()]
        told.append(f"{len(self.shared)} cases in {self.folder}: {self.files} verified files of a BIDS derivative")
        return [*told, *([LABELS_REMAIN] if self.labels == KEEP_LABELS else [])]


def share_as_bids(
    out: str | Path,
    to: str | Path,
    method: str,
    *,
    accept_risk: bool = False,
    cases: Sequence[str] = (),
    labels: str = KEEP_LABELS,
    jobs: Jobs = 1,
    progress: Progress = silent,
) -> BidsReport:
    """Write every finished case that was read from a BIDS data set into one derivative of it.

    A case that is refused is listed with the reason; it never stops the others. What an earlier run wrote is not written again if
    it would be the same.

    Parameters
    ----------
    out : str or Path
        Output folder of a study.
    to : str or Path
        The derivative's folder, made if need be.
    method : str
        Whose result is written.
    accept_risk : bool
        Write although a privacy check is not passed, or a reviewer said fail.
    cases : sequence of str
        Ids of the cases to write; none are all.
    labels : str
        ``keep``: subjects and sessions are called as in the source; ``number``: ``sub-001``.
    jobs : int or "auto"
        Worker processes.
    progress : callable
        ``progress(done, total, text) -> bool``; False raises `Cancelled`, and what is written stays.

    Raises
    ------
    ValueError
        If `labels` is none of those that exist.
    UnusableInput
        If `out` holds no finished case, `cases` or `method` name none, or `to` holds something else or is no place for it.
    OSError
        If there is no room.
    Cancelled
    """
    if labels not in LABELS:
        raise ValueError(f"labels must be one of {', '.join(LABELS)}, not {labels!r}")
    source, target = Path(out).resolve(), Path(to).resolve()
    finished = [case.name for case in OutputFolder(source).finished_cases()]
    chosen = chosen_cases(source, finished, cases)
    refuse_unknown_method(source, chosen, method)
    refuse_place(source, target)
    with sole_run(source):
        choices = {"study": study_mark(source), "method": method, "labels": labels}
        _refuse_other(target, choices)
        make_place(target)
        named = _labels(source, finished, labels)
        todo = [BidsJob(case, source, target, named.get(case), ExportOptions(method, accept_risk=accept_risk)) for case in chosen]
        _write_frame(target, choices, source, todo, {})
        outcomes: dict[str, ShareOutcome] = {}
        try:
            _run(todo, outcomes, jobs, progress)
        finally:
            _write_frame(target, choices, source, todo, outcomes)
    return _report(target, outcomes, labels)


def _run(todo: Sequence[BidsJob], outcomes: dict[str, ShareOutcome], jobs: Jobs, progress: Progress) -> None:
    processes = fitting_processes(jobs, len(todo))
    report_step(progress, 0, len(todo), f"{len(todo)} cases to share")
    if processes == 1:
        for each in run_here(share_bids_case, todo, STEPS, progress):
            outcomes[each.id] = each
        return
    with cluster(processes, None) as client:
        for each in run_on_cluster(client, share_bids_case, todo, STEPS, progress):
            outcomes[each.id] = each


def _labels(out: Path, finished: Sequence[str], how: str) -> dict[str, tuple[str, str]]:
    """Subject and session of each finished case that comes from a BIDS data set that is still there."""
    sources = {case: found for case in finished if (found := key_source(out, case)) is not None}
    known = {case: path for case, path in sources.items() if path.is_dir() and dataset_of(path) is not None}
    named = labels_of(list(known.values()), how)
    return {case: named[path] for case, path in known.items()}


def _refuse_other(to: Path, choices: Mapping[str, str]) -> None:
    """Refuse a folder that holds something else, or a derivative of another study, method or kind of labels."""
    if not to.exists() or (to.is_dir() and not any(to.iterdir())):
        return
    try:
        told = json.loads((to / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = None
    if not isinstance(told, dict) or told.get("kind") != KIND:
        raise UnusableInput(f"{to} holds something else than a derivative of DefaceCompare; choose a new or empty folder")
    for name, value in choices.items():
        if told.get(name) != value:
            words = "cases of another study" if name == "study" else f"cases written with {name} {told.get(name)}"
            raise UnusableInput(f"{to} holds {words}, which must not be mixed; choose another --to")


def _write_frame(
    to: Path, choices: Mapping[str, str], out: Path, todo: Sequence[BidsJob], outcomes: Mapping[str, ShareOutcome]
) -> None:
    """Write what is of the data set and not of a case: description, participants, what was done."""
    records = {path.stem: told for path in sorted((to / RECORDS).glob("*.json")) if (told := read_record(path)) is not None}
    here = {case: told for case, told in records.items() if (to / told["folder"]).is_dir()}
    refused = {each.id: each.reason for each in outcomes.values() if each.reason}
    done = set(outcomes)
    content: dict[str, Any] = {
        "program": "DefaceCompare",
        "version": __version__,
        "kind": KIND,
        "complete": done >= {job.id for job in todo},
        **choices,
        "cases": {case: told for case, told in here.items() if case not in refused},
        "refused": refused,
        "not_done": sorted(job.id for job in todo if job.id not in done),
    }
    write_text(to / MANIFEST, json.dumps(content, indent=1, sort_keys=True) + "\n")
    root = next(
        (found for job in todo if job.names and (found := dataset_of(key_source(out, job.id) or Path())) is not None), None
    )
    lines = (f"DefaceCompare {__version__}", f"defacing method {choices['method']}")
    write_text(to / DESCRIPTION, json.dumps(description(root or Path(), lines), indent=1, ensure_ascii=False) + "\n")
    subjects = sorted({told["folder"].partition("/")[0] for told in content["cases"].values()})
    if subjects:
        write_text(to / "participants.tsv", "\n".join(["participant_id", *subjects]) + "\n")
    else:  # a table of nobody is none
        (to / "participants.tsv").unlink(missing_ok=True)
    write_text(to / ".bidsignore", "\n".join(IGNORED) + "\n")
    write_text(to / "README.md", _readme(choices, len(here)))


def _readme(choices: Mapping[str, str], count: int) -> str:
    return (
        "# Defaced images\n\n"
        f"Made by DefaceCompare {__version__} with the method {choices['method']}.\n\n"
        "`desc-defaced` images hold the numbers of their source, bit for bit, wherever `_defacemask` is 0. The masks are coarse"
        " on purpose. Each sidecar says what was done (`DeidentificationMethod`), and whether the privacy check is passed"
        f" (`DefacingPrivacyCheck`). `{MANIFEST}` lists each case, its files with SHA-256, and what was refused and why.\n"
    )


def _report(to: Path, outcomes: Mapping[str, ShareOutcome], labels: str) -> BidsReport:
    accepted: dict[str, list[str]] = {}
    for each in outcomes.values():
        for risk in each.manifest.get("accepted_risks", ()):
            accepted.setdefault(risk, []).append(each.id)
    shared = tuple(sorted(each.id for each in outcomes.values() if not each.reason))
    refused = {each.id: each.details or each.reason for each in outcomes.values() if each.reason}
    files = sum(len(each.manifest.get("files", ())) for each in outcomes.values())
    return BidsReport(to, shared, dict(sorted(refused.items())), files, accepted, labels)
