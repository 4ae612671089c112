"""Images that another tool defaced elsewhere: imported, checked and compared like the built-in methods."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...anatomy.face_region import face_region
from ...anatomy.head import Head
from ...case import Case, CaseImage
from ...settings import Settings
from ..defacing import Defacer
from ..edit import Edit
from .check import checked_values
from .edit import ExternalEdit, ToolVoxels, of_one_frame, tissue_to_air

OWN_FILL = "own"
"""What stands in the column `fill` of a tool that fills as it does."""


class ExternalFolder(Defacer):
    """A tool's results in ``FOLDER[/<case id>]``: volumes named like the images, or DICOM series.

    Parameters
    ----------
    name : str
        The real tool's own name; key and title in every table.
    folder : Path
    title : str, optional
        The tool's name as its makers write it.
    shared : Path, optional
        A folder with the results of many patients: only DICOM series count there whose UIDs or patient ID are this patient's.
    """

    reference = "imported: the tool's own result"
    limits = "as the tool's"
    licence = "the tool's own"
    verbatim = True
    fill = OWN_FILL

    def __init__(self, name: str, folder: Path, title: str = "", shared: Path | None = None) -> None:
        self.key = name
        self.title = title or name
        self.folder = folder
        self.shared = shared

    def folder_of_results(self) -> Path:
        """The patient's own folder, which the study hashes."""
        return self.folder

    def for_patient(self, folder: Path, case_id: str, *, alone: bool) -> ExternalFolder:
        """With the folder called like the patient's, or like the case; `alone`: the volumes may lie in the import folder itself.

        Where there is none of these, DICOM series anywhere in the import folder count whose UIDs or patient ID are the patient's.
        """
        own = [self.folder / folder.name, self.folder / case_id]
        found = next((path for path in (*own, *([self.folder] if alone else [])) if path.is_dir()), None)
        return ExternalFolder(self.key, found or own[-1], self.title, self.folder if found is None else None)

    def mark(self) -> str:
        """What the shared folder holds: names, sizes, dates (the patient's own folder is hashed by the study)."""
        if self.shared is None:
            return ""
        files = sorted(path for path in self.shared.rglob("*") if path.is_file())
        return repr([(path.relative_to(self.shared).as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in files])

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        """Read the tool's images and find where tissue became air (see `Defacer.find_edit`)."""
        folders = (self.folder / case.id, self.folder)

        def make(one: CaseImage, voxels: ToolVoxels) -> NDArray[np.generic]:
            from .match import defaced_volume  # brings pydicom, which a list of methods does not need

            volume, file, warning = defaced_volume(self.title, folders, one, self.shared)
            if warning:
                voxels.notes.append(warning)
            return checked_values(self.title, file, volume, one, head)

        voxels = ToolVoxels(self.title, make)
        gone = tissue_to_air(voxels, of_one_frame(case, image))
        return ExternalEdit(voxels, gone, face_region(head).face, {"imported": True})
