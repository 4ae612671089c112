"""Each written file, read from the disk once for all the checks that look at every file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ...errors import DefaceCompareError
from ...output.finished_case import FinishedCase
from ...readers.dicom.header import PYDICOM_ERRORS, Header
from ...readers.dicom.kept_scan import kept_headers
from ...readers.dicom.stored_pixels import read_object
from ..written.image_slice import SeriesEdit
from ..written.written_set import WrittenObject, WrittenSet
from .identity_search import IdentitySearch
from .voxel_check import slice_faults


@dataclass(frozen=True)
class WrittenFile:
    """A file of the written set as it stands on the disk.

    Parameters
    ----------
    name : str
        Below the set's folder.
    path : Path
    raw : bytes
        All of it.
    data : pydicom.Dataset
        What pydicom makes of `raw`.
    """

    name: str
    path: Path
    raw: bytes
    data: Dataset


def written_files(folder: Path) -> Iterator[WrittenFile]:
    """The DICOM files of a written set by name, one at a time: pixels of all of them would fill the memory.

    Raises
    ------
    UnusableInput
        If one is damaged.
    """
    for path in sorted(folder.rglob("*.dcm")):
        raw = path.read_bytes()
        yield WrittenFile(path.relative_to(folder).as_posix(), path, raw, read_object(path, raw))


class OneReading:
    """What the checks of voxels and of identity find in each file while it is at hand.

    A check that fails here is made again by itself, from the disk: then its error is its own.

    Parameters
    ----------
    finished : FinishedCase
    written : WrittenSet
    """

    def __init__(self, finished: FinishedCase, written: WrittenSet) -> None:
        self._finished = finished
        self._slices = {each.path: each for each in written.objects if each.key in finished.patches}
        self.search: IdentitySearch | None = None
        """What looks for the source's identity, where headers are cleaned."""
        self.left: dict[Path, list[str]] = {}
        """Keywords of what `search` found, by file that was read."""
        self._edit: SeriesEdit | None = None
        self._values: dict[str, NDArray[np.generic]] = {}
        self._faults: dict[Path, list[str]] = {}
        self._sources: Mapping[Path, Header] | None = None

    def look_at(self, file: WrittenFile) -> None:
        """Make both checks of one file, as far as they can be made."""
        try:
            if self.search is not None:
                self.left[file.path] = list(self.search.in_read(file.raw, file.data))
            if file.path in self._slices:
                self._faults[file.path] = self._looked_at(self._slices[file.path], file.data)
        except (DefaceCompareError, RuntimeError, OSError, *PYDICOM_ERRORS):
            return

    def slice_faults(self, each: WrittenObject) -> list[str]:
        """What is wrong with a written slice."""
        known = self._faults.get(each.path)
        return self._looked_at(each, None) if known is None else known

    def edit(self, key: str) -> SeriesEdit:
        """What was to be written of an image; only that of one image is held, files come image by image."""
        if self._edit is None or self._edit.image.key != key:
            self._edit = None
            self._edit = SeriesEdit(self._finished.case.image(key), self._finished.patches[key])
        return self._edit

    def whole(self, key: str) -> NDArray[np.generic]:
        """The voxels that a reader makes of an image's written slices, all of which were looked at; handed out once."""
        return self.edit(key).whole(self._values.pop(key))

    def _looked_at(self, each: WrittenObject, data: Dataset | None) -> list[str]:
        if self._sources is None:
            self._sources = kept_headers(self._finished.source)
        edit = self.edit(each.key)
        if each.key not in self._values:
            array = edit.image.array()
            self._values[each.key] = np.empty((len(edit), *array.shape[1:]), array.dtype)
        source = self._sources.get(each.source) or read_object(each.source)
        return slice_faults(edit, each, self._values[each.key], source, read_object(each.path) if data is None else data)
