"""The methods of a finished case that need not run again: their rows and files, handed to the case that is made anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..case_report import REPORT, CaseReport
from ..errors import UnusableInput
from ..measurement import Measurement
from ..settings import Settings
from ..version import __version__
from .folder import OutputFolder


@dataclass(frozen=True)
class KeptMethods:
    """Methods of a finished case whose results stay as they are.

    Parameters
    ----------
    out : Path
        Holds the finished case.
    case_id : str
    keys : collection of str
        Keys of the methods that stay.
    """

    out: Path
    case_id: str
    keys: Collection[str]

    @cached_property
    def report(self) -> CaseReport:
        """What the finished case tells."""
        return CaseReport.read(OutputFolder(self.out).case(self.case_id))

    def rows(self, method: str) -> list[Measurement]:
        """The rows of one method."""
        return [row for row in self.report.measurements if row.method == method]

    def told(self, method: str) -> dict[str, Any]:
        """One method's entry in ``case_report.json``."""
        return dict(self.report.methods[method])

    def seconds(self, method: str) -> dict[str, float]:
        """How long the method took, by its key; empty where that is not known."""
        return {key: seconds for key, seconds in self.report.seconds.items() if key == method}

    def share_files(self, method: str, target: Path) -> None:
        """Put the files of one method into the output folder that grows: as a second name where the disk can, else as a copy."""
        old, new = OutputFolder(self.out), OutputFolder(target)
        defaced = old.case(self.case_id) / method
        for path in sorted(defaced.rglob("*")) if defaced.is_dir() else []:
            if path.is_file():
                share = new.case(self.case_id) / path.relative_to(old.case(self.case_id))
                share.parent.mkdir(parents=True, exist_ok=True)
                _share(path, share)
        logs = [old.logs(self.case_id) / f"{method}_{image}.txt" for image in self.report.inputs]
        for path in (old.edits(self.case_id) / f"{method}.npz", *logs):
            if path.is_file():
                _share(path, new.make_private(target / path.parent.relative_to(self.out)) / path.name)

    def share_picture(self, image: str, method: str, target: Path) -> Path | None:
        """The same for one picture of a face; where it lies now, None if there is none."""
        path = OutputFolder(self.out).render(self.case_id, image, method)
        if not path.is_file():
            return None
        new = OutputFolder(target)
        share = new.render(self.case_id, image, method)
        new.make_private(share.parent)
        _share(path, share)
        return share

    def share_slices(self, method: str, target: Path) -> None:
        """The same for what is drawn of slices after a method."""
        old, new = OutputFolder(self.out).slices(self.case_id), OutputFolder(target)
        for path in sorted(old.glob(f"*_{method}.jpg")) + sorted(old.glob(f"*_{method}_edit.svg")):
            _share(path, new.make_private(new.slices(self.case_id)) / path.name)


def finished_beside(
    out: Path, case_id: str, inputs: Mapping[str, str], variants: Mapping[str, str], settings: Settings
) -> KeptMethods | None:
    """The methods that an output folder holds of the very same case and that are not run now; None if there are none.

    Parameters
    ----------
    inputs : mapping of image key to hash
        `input_hashes` of the case.
    variants : mapping of method key to variant
        Of the methods that will run.

    Raises
    ------
    UnusableInput
        If the folder holds another patient under this id, or the same one under other settings or in another variant: its
        results would be lost.
    """
    folder = OutputFolder(out).case(case_id)
    if not (folder / REPORT).is_file():
        return None
    report = CaseReport.read(folder, measurements=False)
    if dict(report.inputs) != dict(inputs):
        raise UnusableInput(f"{folder} is of another patient; read this one under an id of its own: read_case(FOLDER, ID)")
    same_settings = replace(report.settings, variants={}) == replace(settings, variants={}) and report.version == __version__
    same_variants = all(report.methods[key].get("variant", "") == each for key, each in variants.items() if key in report.methods)
    if not (same_settings and same_variants):
        raise UnusableInput(f"{folder} was compared under other settings; choose another out, or take that folder away")
    others = tuple(key for key in report.methods if key not in variants)
    return KeptMethods(out, case_id, others) if others else None


def _share(path: Path, share: Path) -> None:
    if share.exists() and share.samefile(path):
        return
    share.unlink(missing_ok=True)
    try:
        os.link(path, share)
    except OSError:  # the file system has no hard links
        shutil.copy2(path, share)
