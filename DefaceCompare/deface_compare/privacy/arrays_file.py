"""Arrays on disk by name: one npz without pickles, the same bytes for the same numbers, readable by its owner only."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UnusableInput
from ..storage.atomic import write_bytes

ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""Time stamp of every member (the earliest that zip knows), so that a file's bytes depend on its numbers only."""


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays in the order given; mode 600, written to a temporary name and renamed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", ZIP_DATE), member.getvalue())
    write_bytes(path, content.getvalue(), private=True)


def load_arrays(path: Path, what: str) -> dict[str, NDArray[Any]]:
    """Read what `save_arrays` wrote; `what` is what the file should hold.

    Raises
    ------
    UnusableInput
        If the file is something else.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UnusableInput(f"{path} holds no {what} ({error}); run the case again") from error
