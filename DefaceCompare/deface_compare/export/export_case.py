"""The one way out: a finished case becomes a verified folder of defaced DICOM RT, or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ..anatomy.find_heads import find_heads
from ..anatomy.head import Head
from ..errors import ExportFailed, UnusableInput
from ..geometry.threads import one_itk_thread
from ..output.finished_case import FinishedCase, open_finished_case
from ..output.folder import OutputFolder
from ..output.kept_heads import kept_heads
from ..progress import Progress, report_step, silent
from ..readers.dicom.kept_scan import read_once
from ..settings import FOLLOW, KEEP, MASK
from ..storage.atomic import growing_folder, written_csv
from ..storage.own_output import MANIFEST
from .beyond_image import dose_beyond_risk, without_dose_beyond
from .checked.verification import Verification, Verifier
from .dose_outline import DRAWN_SHARE, draws_skin
from .handed.handed_set import HandOver
from .headers.own_tool import read_header_tool
from .headers.retained import DEFAULT_RETAINED
from .manifest import write_manifest
from .moved_skin import MovedSkin, moved_skins
from .options import MAP_FRAMES, NO_CHANGE, ExportOptions
from .privacy_check import privacy_checks
from .written.structure_clip import ClippedStructure
from .written.written_set import SetWriter, WrittenSet

STEPS = 100
STRICTER = {KEEP: (MASK, FOLLOW), MASK: (FOLLOW,), FOLLOW: ()}
"""Dose policies that take away more of the face than one does."""
NOT_JUDGED = "whether dose and contours still draw the face cannot be judged"
MOST_TOLD = 5
"""So many faults stand in the message; there are rarely more kinds."""


@dataclass(frozen=True)
class Export:
    """What an export wrote.

    Parameters
    ----------
    folder : Path
    files : int
        DICOM files.
    clipped : tuple of ClippedStructure
    notes : tuple of str
        What a user must know: names in the headers, what stayed behind, what was accepted.
    """

    folder: Path
    files: int
    clipped: tuple[ClippedStructure, ...]
    notes: tuple[str, ...]


def export_case(
    case: str | Path,
    to: str | Path,
    method: str,
    *,
    dose_policy: str = KEEP,
    keep_uids: bool = False,
    frame: str = MAP_FRAMES,
    accept_risk: bool = False,
    headers: str = NO_CHANGE,
    retain: Sequence[str] = DEFAULT_RETAINED,
    headers_tool: str | Path | None = None,
    progress: Progress = silent,
) -> Export:
    """Write one method's result on a finished case as defaced DICOM RT, verified.

    Parameters
    ----------
    case : str or Path
        ``OUT/cases/<id>``.
    to : str or Path
        The folder to make; must be empty or absent.
    method, dose_policy, keep_uids, frame, accept_risk, headers, retain
        As in `ExportOptions`.
    headers_tool : str or Path, optional
        With ``headers="tool"``: the TOML file of the program that cleans them.
    progress : callable
        ``progress(done, total, text) -> bool``; False raises `Cancelled`, and nothing is left.

    Raises
    ------
    ValueError
        If `dose_policy`, `frame`, `headers` or `retain` is none of those that exist, or `headers_tool` does not go with them.
    UnusableInput
        If the case cannot be exported, or a risk was not accepted: the sentence says which.
    ExportFailed
        If what was written did not pass its verification; it is removed.
    """
    tool = None if headers_tool is None else read_header_tool(Path(headers_tool))
    options = ExportOptions(method, dose_policy, keep_uids, frame, accept_risk, headers, tuple(retain), tool)
    return export_with(Path(case), Path(to), options, progress)


@one_itk_thread()
@read_once()
def export_with(case: Path, to: Path, options: ExportOptions, progress: Progress = silent) -> Export:
    """Write one finished case as defaced DICOM RT and verify it.

    Parameters
    ----------
    case : Path
        ``OUT/cases/<id>``.
    to : Path
        The folder to make; must be empty or absent.
    options : ExportOptions
    progress : callable
        ``progress(done, total, text) -> bool``; False raises `Cancelled`, and nothing is left.

    Raises
    ------
    UnusableInput
        If the case cannot be exported, or a risk was not accepted: the sentence says which.
    ExportFailed
        If what was written did not pass its verification; it is removed.
    """
    _refuse_occupied(to)
    if options.tool is not None:
        options.tool.refuse_missing(os.environ)
    report_step(progress, 0, STEPS, f"{case.name}: reading the patient again")
    finished = without_dose_beyond(open_finished_case(case, options.method, options.dose_policy))
    if to.resolve().is_relative_to(finished.source.resolve()):
        raise UnusableInput(f"{to} lies inside the patient's own folder; choose another place")
    report_step(progress, 20, STEPS, f"{finished.id}: looking at the risks")
    heads, again = _heads(finished)
    checks = privacy_checks(finished.out, replace(finished.report, measurements=finished.measurements), finished.method)
    risks = [f"privacy check of {key}: {reason}" for key, reason in checks.items() if reason]
    moved = moved_skins(finished, heads)
    if finished.judged.key not in heads:
        risks.append(f"the head is not found again in image {finished.judged.key}: {NOT_JUDGED}")
    risks += dose_risks(finished, heads, moved, options.dose_policy)
    if risks and not options.accept_risk:
        raise UnusableInput(f"{'; '.join(risks)}. Nothing was written; --accept-risk writes it all the same")
    with _growing(to) as folder:
        written = _written(finished, options, folder, {key: not why for key, why in checks.items()}, moved, progress)
        report_step(progress, 70, STEPS, f"{finished.id}: verifying what was written")
        verified = Verifier(finished, options, written, heads, moved).run()
        if verified.faults:
            raise ExportFailed(_told(finished.id, verified.faults))
        risks += [risk for risk in verified.accepted if risk not in risks]
        write_manifest(finished, options, written, verified, checks, risks)
        _refuse_named_manifest(finished.id, folder, verified)
        report_step(progress, STEPS, STEPS, f"{finished.id}: written and verified")
    beside = _told_of_other_exports(finished)
    _keep_uid_map(finished, written)
    notes = (*_notes(finished, written, risks), *verified.notes, *filter(None, [again]), *beside)
    return Export(to, len(written.objects), tuple(written.clipped), notes)


def _written(
    finished: FinishedCase,
    options: ExportOptions,
    folder: Path,
    passed: Mapping[str, bool],
    moved: Mapping[str, MovedSkin],
    progress: Progress,
) -> WrittenSet:
    """Write the set; where a program cleans the headers, what it gave back is the set.

    The program works beside the folder, in the hidden one in which it grows: what a killed export leaves there, the next removes.
    """
    if options.tool is None:
        return SetWriter(finished, options, folder, passed, moved).write(progress, 40, STEPS)
    with TemporaryDirectory(prefix="tool-", dir=folder.parent) as given, TemporaryDirectory(dir=folder.parent) as work:
        writer = SetWriter(finished, options, Path(given), passed, moved)
        written = writer.write(progress, 40, STEPS)
        report_step(progress, 55, STEPS, f"{finished.id}: {options.tool.title} cleans the headers")
        return HandOver(finished, options, writer.marks, passed).run(written, Path(work), folder)


def export_study(
    out: Path, to: Path, options: ExportOptions, progress: Progress = silent
) -> tuple[dict[str, Export], dict[str, str]]:
    """Write every finished case of a study, each into ``to/<id>``.

    Returns
    -------
    done : dict of case id to Export
    refused : dict of case id to str
        Why a case was not exported; it never stops the others.

    Raises
    ------
    UnusableInput
        If `out` holds no finished case.
    """
    cases = OutputFolder(out).finished_cases()
    if not cases:
        raise UnusableInput(f"{out} holds no finished case; give OUT/cases/<id>, or the OUT of a study")
    done: dict[str, Export] = {}
    refused: dict[str, str] = {}
    for number, case in enumerate(cases):

        def step(part: int, of: int, text: str, number: int = number) -> bool:
            return progress(STEPS * number + STEPS * part // of, STEPS * len(cases), text)

        try:
            done[case.name] = export_with(case, to / case.name, options, step)
        except (UnusableInput, ExportFailed) as reason:
            refused[case.name] = str(reason)
    return done, refused


def dose_risks(finished: FinishedCase, heads: Mapping[str, Head], moved: Mapping[str, MovedSkin], dose_policy: str) -> list[str]:
    """That the dose grid, as it would be written, draws the face, or the head beyond the image."""
    judged, dose = finished.judged, finished.case.dose
    if dose is None or judged.key not in heads:
        return []
    others = "".join(f" or {policy}" for policy in STRICTER[dose_policy]).removeprefix(" or ")
    hint = f" (see --dose-policy {others})" if others else ""
    grid = dose.image if finished.dose_patch is None else finished.dose_patch.whole(dose.image)
    share = draws_skin(grid, moved[judged.key])
    risks = []
    if share > DRAWN_SHARE:
        risks.append(f"the dose ends at {100 * share:.0f} % of the skin that was taken away and so draws the face{hint}")
    beyond = dose_beyond_risk(finished, heads[judged.key])
    return [*risks, f"{beyond}{hint}"] if beyond else risks


def _heads(finished: FinishedCase) -> tuple[Mapping[str, Head], str]:
    """The heads as the comparison placed them; searched again, and why, where the case does not keep them."""
    kept, why = kept_heads(finished.out, finished.case, finished.report.inputs, finished.settings)
    if kept is not None:
        return kept, ""
    return find_heads(finished.case, finished.settings)[0], f"the head was searched again: {why}"


def _refuse_occupied(to: Path) -> None:
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UnusableInput(f"{to} is not an empty folder; choose a new one")


@contextmanager
def _growing(to: Path) -> Iterator[Path]:
    """The folder of an export, whole or not there; a disk that cannot hold it is told in one sentence."""
    try:
        with growing_folder(to) as folder:
            yield folder
    except OSError as error:
        raise ExportFailed(f"{to} cannot be written: {error.strerror or error}") from error


def _told(case_id: str, faults: list[str]) -> str:
    unique = list(dict.fromkeys(faults))
    more = f"; and {len(unique) - MOST_TOLD} more" if len(unique) > MOST_TOLD else ""
    return f"the export of {case_id} did not pass its verification and was removed: {'; '.join(unique[:MOST_TOLD])}{more}"


def _refuse_named_manifest(case_id: str, folder: Path, verified: Verification) -> None:
    """The manifest is searched like the files it lists."""
    left = list(verified.search.in_text((folder / MANIFEST).read_text(encoding="utf-8"))) if verified.search else []
    if left:
        raise ExportFailed(_told(case_id, [f"{MANIFEST}: a value of the source's {keyword} is left" for keyword in left]))


def _keep_uid_map(finished: FinishedCase, written: WrittenSet) -> None:
    """Which old UID is which new one, for those who may know: ``identifiable/exports``."""
    folder = OutputFolder(finished.out)
    folder.make_private(folder.exports)
    with written_csv(folder.uid_map(finished.id, finished.method)) as table:
        table.writerow(("source", "export"))
        table.writerows(sorted(written.uids.mapped.items()))


def _told_of_other_exports(finished: FinishedCase) -> list[str]:
    """That the case was exported by other methods before: each leaves other parts of the face."""
    folder = OutputFolder(finished.out)
    others = [key for key in finished.report.methods if key != finished.method and folder.uid_map(finished.id, key).is_file()]
    if not others:
        return []
    titles = " and ".join(str(finished.report.methods[key]["title"]) for key in others)
    return [f"exported by {titles} before: who holds both can lay one over the other and see what either left"]


def _notes(finished: FinishedCase, written: WrittenSet, risks: list[str]) -> list[str]:
    notes = [f"accepted: {risk}" for risk in risks]
    if written.names:
        new = sum(1 for name in written.names.values() if name.startswith("ROI_"))
        if new:
            notes.append(f"{new} of {len(written.names)} structures have no name that can be shared and are called by number")
    notes += [f"{c.name} (structure {c.number}): {c.what} in {c.planes} planes" for c in written.clipped]
    notes += written.notes
    if written.named:
        notes.append("the headers name persons: defacing leaves them; de-identify the headers with another tool before sharing")
    if written.left_out:
        kinds = ", ".join(f"{count} {kind}" for kind, count in written.left_out.items())
        notes.append(f"left behind, not defaced: {kinds}")
    return notes
