"""Shared cases into an archive, which is then asked what it holds."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ..progress import Progress, report_step, silent
from .address import Address
from .archive import ATTEMPTS, TIMEOUT_S, Archive, ArchiveError, ArchiveSilent, Instance, Series, open_archive
from .held import HeldSeries, held_series
from .sendable import Sendable, SendableCase, find_sendable


@dataclass(frozen=True)
class SentCase:
    """What became of a case.

    Parameters
    ----------
    id : str
    files : int
        That were to be sent.
    new : int
        Sent in this run; the others were in the archive.
    held : tuple of HeldSeries
        The archive's own answer.
    problem : str
        Empty if the archive holds all of it.
    """

    id: str
    files: int
    new: int = 0
    held: tuple[HeldSeries, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class SendReport:
    """All cases; `note` is what the manifest says of the headers."""

    cases: tuple[SentCase, ...]
    note: str


def send_shared(
    folder: str | Path,
    address: Address,
    *,
    header_file: Path | None = None,
    timeout_s: float = TIMEOUT_S,
    progress: Progress = silent,
) -> SendReport:
    """Send what ``share`` or ``export`` wrote; what the archive lists already is not sent again.

    Parameters
    ----------
    folder : str or Path
        A case whose files are not those of its manifest is refused; the others are sent.
    progress : callable
        ``progress(done, total, text) -> bool``.

    Raises
    ------
    UnusableInput
        If the folder was not written by ``share`` or ``export``, or the archive cannot be reached.
    NotAvailable
        If the library for the archive's protocol is not installed.
    Cancelled
    """
    report_step(progress, 0, 0, "comparing the files with their manifest")
    sendable = find_sendable(Path(folder))
    with closing(open_archive(address, header_file=header_file, timeout_s=timeout_s)) as archive:
        sent = list(_send_all(archive, sendable, progress)) if sendable.cases else []
    refused = [SentCase(case, 0, problem=reason) for case, reason in sendable.refused.items()]
    return SendReport(tuple(sorted([*sent, *refused], key=lambda each: each.id)), sendable.note)


def _send_all(archive: Archive, sendable: Sendable, progress: Progress) -> list[SentCase]:
    total, done, silence = sum(len(case.files) for case in sendable.cases), 0, ""
    sent: list[SentCase] = []
    for case in sendable.cases:
        if silence:
            sent.append(SentCase(case.id, len(case.files), problem=silence))
            continue
        report_step(progress, done, total, f"{case.id}: asking the archive what it holds")
        try:
            sent.append(_send_one(archive, case, progress, done, total))
        except ArchiveSilent as error:
            if not sent:
                raise
            sent.append(SentCase(case.id, len(case.files), problem=str(error)))
            silence = "not tried: the archive fell silent before"
        except ArchiveError as error:
            sent.append(SentCase(case.id, len(case.files), problem=str(error)))
        done += len(case.files)
        report_step(progress, done, total, f"{case.id}: asked what the archive holds")
    return sent


def _send_one(archive: Archive, case: SendableCase, progress: Progress, done: int, total: int) -> SentCase:
    failed: dict[str, str] = {}
    new = 0
    listed = _listed(archive, case)
    before = {series: frozenset(objects) for series, objects in listed.items()}
    for attempt in range(1, ATTEMPTS + 1):
        lacking = [case.files[uid] for series, uids in case.series.items() for uid in sorted(uids - listed[series].keys())]
        if not lacking:
            break
        out = len(case.files) - len(lacking)

        def stored(count: int) -> None:
            nonlocal out, new
            out, new = out + count, new + count
            report_step(progress, done + min(out, len(case.files)), total, f"{case.id}: {len(case.files)} files to send")

        try:
            failed = archive.store(lacking, stored)
        except (ArchiveError, ArchiveSilent):
            if attempt == ATTEMPTS:
                raise
        listed = _listed(archive, case)
    held = tuple(
        held_series(archive, series, listed[series], case.files, uids, before[series]) for series, uids in case.series.items()
    )
    problems = [*(each.problem for each in held if each.problem), *failed.values()]
    incomplete = any(each.problem for each in held)
    return SentCase(case.id, len(case.files), new, held, "; ".join(dict.fromkeys(problems)) if incomplete else "")


def _listed(archive: Archive, case: SendableCase) -> dict[Series, dict[str, Instance]]:
    """What the archive lists of a case's series."""
    return {series: {each.uid: each for each in archive.instances_of(series)} for series in case.series}
