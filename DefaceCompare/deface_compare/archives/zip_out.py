"""A shared folder as one zip file: the same folder gives the same bytes."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from ..errors import UnusableInput
from ..storage.atomic import written
from ..storage.own_output import MANIFEST
from ..study.share_manifest import PAGE, TABLE
from .sendable import find_sendable

MOMENT = (1980, 1, 1, 0, 0, 0)
"""Of each entry: the first one that the format knows, as the files' own would change with every copy."""
UNIX, MODE = 3, 0o100644 << 16
"""The system that made an entry, and a file that all may read (PKWARE's APPNOTE 4.4.2 and 4.4.15)."""


def write_zip(shared: Path) -> Path:
    """Pack a folder that ``share`` wrote into a zip file beside it; only what its manifests list.

    An earlier zip of the same study is replaced.

    Raises
    ------
    UnusableInput
        If a case's files are not those of its manifest, or something else stands in the zip's place.
    """
    shared = shared.resolve()
    sendable = find_sendable(shared)
    for case, reason in sendable.refused.items():
        raise UnusableInput(f"no zip was written: {case} {reason}")
    path = shared.with_name(f"{shared.name}.zip")
    _refuse_other(path, shared)
    files = [shared / MANIFEST, shared / TABLE, shared / PAGE]
    for each in sendable.cases:
        files += [shared / each.id / MANIFEST, *each.files.values()]
    with written(path) as growing, zipfile.ZipFile(growing, "w") as archive:
        for file in sorted(files):
            entry = zipfile.ZipInfo(f"{shared.name}/{file.relative_to(shared).as_posix()}", MOMENT)
            entry.create_system, entry.external_attr, entry.compress_type = UNIX, MODE, zipfile.ZIP_DEFLATED
            entry.file_size = file.stat().st_size  # large files need other headers from the beginning
            with file.open("rb") as source, archive.open(entry, "w") as target:
                shutil.copyfileobj(source, target)
    return path


def _refuse_other(path: Path, shared: Path) -> None:
    if not path.exists():
        return
    ours = json.loads((shared / MANIFEST).read_text(encoding="utf-8"))
    told: Any = None
    try:
        with zipfile.ZipFile(path) as archive:
            told = json.loads(archive.read(f"{shared.name}/{MANIFEST}"))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        pass
    if not isinstance(told, dict) or any(told.get(key) != ours.get(key) for key in ("kind", "study")):
        raise UnusableInput(f"{path} is there and is no zip of this shared folder; move it away")
