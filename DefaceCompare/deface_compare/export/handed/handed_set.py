"""The written set after a site's own program: its objects take the place of ours, known by what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import MediaStorageDirectoryStorage

from ...errors import ExportFailed, UnusableInput
from ...output.finished_case import FinishedCase
from ...readers.dicom.header import PYDICOM_ERRORS
from ...readers.dicom.stored_pixels import read_object
from ...readers.found_files import is_dicom
from ..headers.own_tool import HeaderTool
from ..options import ExportOptions
from ..written.marks import Marks, recognisable, write_object
from ..written.written_set import WrittenObject, WrittenSet
from .content import Known, known_object
from .pairing import Pairing, changes
from .run import run_tool
from .uid_changes import UidChanges


@dataclass(frozen=True)
class HandOver:
    """How a written set is given to a program, and what it gives back is taken.

    Parameters
    ----------
    finished : FinishedCase
    options : ExportOptions
        With a tool.
    marks : Marks
        Of the defacing.
    passed : mapping of image key to bool
        Whether the series' privacy check is passed.
    """

    finished: FinishedCase
    options: ExportOptions
    marks: Marks
    passed: Mapping[str, bool]

    def run(self, written: WrittenSet, work: Path, folder: Path) -> WrittenSet:
        """Run the program on the written set; write what it gave back, with the marks of the defacing, into another folder.

        Parameters
        ----------
        written : WrittenSet
            Headers as they are in the source; its folder holds nothing else.
        work : Path
            An empty folder for the program, which nobody else can read.
        folder : Path
            Gets the objects under the names of `written`: a program's names of files may hold anything.

        Raises
        ------
        ExportFailed
            If the program fails, or what it gave back is not what it got, object by object.
        """
        tool = self.options.tool
        assert tool is not None
        results = run_tool(tool, written.folder, work, self.finished.out, self.finished.id)
        given = {known.path: (known, each) for each in written.objects if (known := known_object(each.path))}
        returned, others = _objects_in(results, tool)
        pairing = Pairing([known for known, _ in given.values()], returned)
        unpaired = pairing.faults(tool.title, lambda one: _name(given[one.path][1], written))
        if unpaired:
            raise ExportFailed(f"the export of {self.finished.id} was removed: {'; '.join(unpaired)}")
        uids, faults, objects, names = UidChanges(tool.title), list[str](), dict[Path, WrittenObject](), dict[int, str]()
        passed = bool(self.passed) and all(self.passed.values())
        marks = replace(self.marks, identity_removed=passed and not self.options.accept_risk)
        for one, other in pairing.pairs:
            each = given[one.path][1]
            faults += [f"{_name(each, written)}: {tool.title} changed {what}" for what in changes(one, other)]
            before, after = read_object(one.path), read_object(other.path)
            uids.add(before, after)
            names |= _structure_names(before, after)
            path = folder / _name(each, written)
            self._take(after, marks, each.key, path, tool)
            objects[one.path] = replace(each, path=path)
        notes = [f"not shared, since no DICOM objects: {others} of the files that {tool.title} gave back"] if others else []
        return replace(
            written,
            folder=folder,
            uids=written.uids.followed_by(uids.found),
            objects=[objects[each.path] for each in written.objects],
            names=names,
            named=False,
            notes=[*written.notes, *notes],
            faults=[*faults, *uids.faults],
        )

    def _take(self, data: Dataset, marks: Marks, key: str, path: Path, tool: HeaderTool) -> None:
        """Put back the marks of the defacing and write an object anew: its preamble and meta information may hold anything."""
        try:
            marks.put_back(data)
            if key in self.passed:
                marks.put_back_on_image(data, self.passed[key])
            else:
                recognisable(data, passed=False)
            write_object(data, path)
        except PYDICOM_ERRORS as error:
            raise ExportFailed(
                f"the export of {self.finished.id} was removed: what {tool.title} gave back for {path.name} cannot be written"
                f" ({type(error).__name__})"
            ) from error


def _name(each: WrittenObject, written: WrittenSet) -> str:
    return each.path.relative_to(written.folder).as_posix()


def _objects_in(results: Path, tool: HeaderTool) -> tuple[list[Known], int]:
    """The DICOM objects of a program's folder, and how many other files lie there (its tables, a DICOMDIR)."""
    found, others = [], 0
    for path in sorted(path for path in results.rglob("*") if path.is_file()):
        if not is_dicom(path):
            others += 1
            continue
        try:
            known = known_object(path)
        except (UnusableInput, *PYDICOM_ERRORS) as error:
            raise ExportFailed(f"{tool.title} gave back a file that cannot be read ({type(error).__name__})") from error
        if known.content.sop_class == MediaStorageDirectoryStorage:
            others += 1
        else:
            found.append(known)
    return found, others


def _structure_names(before: Dataset, after: Dataset) -> dict[int, str]:
    """What structures are called afterwards, by number in the order of before; empty if all have their names."""
    old, new = (
        {int(roi.ROINumber): str(roi.get("ROIName") or "") for roi in data.get("StructureSetROISequence") or []}
        for data in (before, after)
    )
    return {number: new.get(number, "") for number in old} if old != new else {}
