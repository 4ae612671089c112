"""The methods of a finished case that need not run again: their rows and files, handed to the case that is made anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..case_report import CaseReport
from ..measurement import Measurement
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


def _share(path: Path, share: Path) -> None:
    share.unlink(missing_ok=True)
    try:
        os.link(path, share)
    except OSError:  # the file system has no hard links
        shutil.copy2(path, share)
