"""A study's cases defaced by one method in one folder to hand on: verified, resumed where it stopped, nobody stops the others."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..export.headers.own_tool import read_header_tool
from ..export.headers.retained import DEFAULT_RETAINED
from ..export.manifest import MADE_FROM, read_manifest
from ..export.options import BASIC, ExportOptions
from ..machine.fitting_processes import Jobs, fitting_processes
from ..natural_order import natural
from ..output.folder import OutputFolder
from ..output.lock import sole_run
from ..progress import Progress, report_step, silent
from ..settings import KEEP
from .share_case import ShareJob, ShareOutcome, mark_now, share_case
from .share_manifest import (
    HEADERS_REMAIN,
    NOT_DONE,
    PAGE,
    REFUSED,
    SHARED,
    SharedCase,
    choices_of,
    headers_note,
    public_id,
    refuse_other_share,
    row_of,
    row_of_export,
    write_share,
)
from .shared_place import chosen_cases, make_place, refuse_place, refuse_unknown_method
from .workers import cluster, run_here, run_on_cluster

STEPS = 100
"""Progress steps of one case."""
MOST_NAMED = 3
"""So many cases are named in one line; more are counted."""
NOT_CHOSEN_OLD = "what an earlier run shared is no longer what would be written; share this case again, or remove its folder"


@dataclass(frozen=True)
class ShareReport:
    """What a shared folder holds.

    Parameters
    ----------
    folder : Path
    cases : tuple of SharedCase
        Every row of its manifest, of earlier runs too.
    done : tuple of str
        The chosen cases that are shared.
    refused : mapping of case id to str
        Why a chosen case is not shared, with names and paths: for whoever ran the command.
    headers_note : str
        What became of the headers.
    """

    folder: Path
    cases: tuple[SharedCase, ...]
    done: tuple[str, ...]
    refused: Mapping[str, str]
    headers_note: str = HEADERS_REMAIN

    @property
    def shared(self) -> list[str]:
        """The ids of the cases that the folder holds."""
        return [case.id for case in self.cases if case.status == SHARED]

    def lines(self) -> list[str]:
        """What a person wants to know at the end; the last line is about the headers."""
        accepted: dict[str, list[str]] = {}
        for case in self.cases:
            for risk in case.accepted_risks:
                accepted.setdefault(risk, []).append(case.id)
        told = [f"accepted for {_which(cases)}: {risk}" for risk, cases in accepted.items()]
        files = sum(case.files for case in self.cases)
        told.append(f"{len(self.shared)} of {len(self.cases)} cases in {self.folder.resolve()}: {files} verified DICOM files")
        told.append(f"What was done with each, and why not: {self.folder.resolve() / PAGE}")
        return [*told, self.headers_note]


def _which(cases: Sequence[str]) -> str:
    return ", ".join(cases) if len(cases) <= MOST_NAMED else f"{len(cases)} cases"


def share_study(
    out: str | Path,
    to: str | Path,
    method: str,
    *,
    dose_policy: str = KEEP,
    accept_risk: bool = False,
    cases: Sequence[str] = (),
    headers: str = BASIC,
    retain: Sequence[str] = DEFAULT_RETAINED,
    headers_tool: str | Path | None = None,
    jobs: Jobs = 1,
    progress: Progress = silent,
) -> ShareReport:
    """Write every finished case of a study, defaced by one method, into one folder, with a manifest.

    A case that is refused is listed with the reason; it never stops the others. What an earlier run wrote is not written again if
    it would be the same; if not (the case was compared again, a reviewer said fail since), it is taken away first.

    Parameters
    ----------
    out : str or Path
        Output folder of a study.
    to : str or Path
        The shared folder, made if need be: one folder a case, called by the case's id.
    method : str
        Whose result is written.
    dose_policy : str
        As in `export_case`.
    accept_risk : bool
        Write although a privacy check is not passed, a reviewer said fail, or the dose draws the face.
    cases : sequence of str
        Ids of the cases to write; none are all.
    headers : str
        ``basic``: names, dates and identifiers go, and what is left is searched for; ``tool``: another program takes them away,
        and what it left is searched for; ``none``: they remain.
    retain, headers_tool
        As in `export_case`.
    jobs : int or "auto"
        Worker processes; 1 runs in this process, ``auto`` as many as cores and memory allow.
    progress : callable
        ``progress(done, total, text) -> bool``; False raises `Cancelled`, and what is written stays.

    Raises
    ------
    ValueError
        If `dose_policy`, `headers` or `retain` is none of those that exist, or `headers_tool` does not go with them.
    UnusableInput
        If `out` holds no finished case, `cases` or `method` name none, or `to` holds something else or is no place for it.
    OSError
        If there is no room.
    Cancelled
    """
    source, target = Path(out).resolve(), Path(to).resolve()
    tool = None if headers_tool is None else read_header_tool(Path(headers_tool))
    options = ExportOptions(method, dose_policy, accept_risk=accept_risk, headers=headers, retain=tuple(retain), tool=tool)
    finished = [case.name for case in OutputFolder(source).finished_cases()]
    chosen = chosen_cases(source, finished, cases)
    refuse_unknown_method(source, chosen, method)
    refuse_place(source, target)
    if tool is not None:
        tool.refuse_missing(os.environ)
    with sole_run(source):
        choices = choices_of(source, options)
        before = refuse_other_share(target, choices)
        make_place(target)
        todo = [ShareJob(case, source, target, options) for case in chosen]
        others = _rows_of_others(source, target, options, before, set(chosen), finished)
        outcomes: dict[str, ShareOutcome] = {}
        complete = False
        write_share(target, choices, _rows(todo, outcomes, others), complete)
        try:
            _share(todo, outcomes, jobs, progress)
            complete = True
        finally:
            rows = _rows(todo, outcomes, others)
            write_share(target, choices, rows, complete)
    refused = {each.id: each.details or each.reason for each in outcomes.values() if each.reason}
    done = tuple(sorted((each.id for each in outcomes.values() if not each.reason), key=natural))
    told = {case: refused[case] for case in sorted(refused, key=natural)}
    return ShareReport(target, tuple(rows), done, told, headers_note(choices))


def _share(todo: Sequence[ShareJob], outcomes: dict[str, ShareOutcome], jobs: Jobs, progress: Progress) -> None:
    """Do all cases; what is done stands in `outcomes` at once."""
    processes = fitting_processes(jobs, len(todo))
    report_step(progress, 0, STEPS * len(todo), f"{len(todo)} cases to share")
    if processes == 1:
        for each in run_here(share_case, todo, STEPS, progress):
            outcomes[each.id] = each
        return
    with cluster(processes, None) as client:
        for each in run_on_cluster(client, share_case, todo, STEPS, progress):
            outcomes[each.id] = each


def _rows_of_others(
    out: Path, to: Path, options: ExportOptions, before: Mapping[str, object], chosen: set[str], finished: Sequence[str]
) -> list[SharedCase]:
    """Rows of cases that this run does not choose and an earlier one shared: they stay while they are what would be written."""
    listed = before.get("cases", ())
    assert isinstance(listed, (list, tuple))
    rows = []
    for case in sorted({each["id"] for each in listed} - chosen, key=natural):
        told = read_manifest(to / case)
        if told is None:
            continue  # refused then, or its folder was removed
        current = case in finished and told.get(MADE_FROM) == mark_now(ShareJob(case, out, to, options))
        rows.append(row_of_export(case, told) if current else SharedCase(public_id(case), REFUSED, NOT_CHOSEN_OLD))
    return rows


def _rows(todo: Sequence[ShareJob], outcomes: Mapping[str, ShareOutcome], others: Sequence[SharedCase]) -> list[SharedCase]:
    mine = [
        row_of(outcomes[job.id]) if job.id in outcomes else SharedCase(public_id(job.id), NOT_DONE, "the run did not come so far")
        for job in todo
    ]
    return sorted([*mine, *others], key=lambda row: natural(row.id))
