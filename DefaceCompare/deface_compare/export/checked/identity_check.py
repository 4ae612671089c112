"""Whose identity is looked for in an export, and where nothing may be left of it."""

from __future__ import annotations

from pydicom import __version__ as pydicom_version

from ...output.finished_case import FinishedCase
from ...writers.study import IMPLEMENTATION_UID
from ..headers.own_tool import DEVICE as LEFT_DEVICE
from ..headers.own_tool import TIMES
from ..headers.retained import DEVICE
from ..options import KEEP_FRAMES, ExportOptions
from ..written.written_set import WrittenSet
from .identity_search import IdentitySearch
from .identity_wanted import wanted_of


def identity_search(finished: FinishedCase, options: ExportOptions, written: WrittenSet) -> IdentitySearch:
    """What looks for the identity of every file of the patient's folder, exported or not."""
    files = sorted(path for path in finished.source.rglob("*") if path.is_file())
    left = options.tool.keeps if options.tool is not None else ()
    wanted = wanted_of(files, finished.source, device_kept=DEVICE in options.retain or LEFT_DEVICE in left)
    if TIMES in left:
        wanted.times.clear()
    wanted.without((finished.id, str(IMPLEMENTATION_UID)))
    if options.keep_uids:
        wanted.uids.clear()
    elif options.frame == KEEP_FRAMES:
        wanted.without(
            frame for image in finished.case.images for frame in _frames(image.frame_of_reference_uid, image.own_frame)
        )
    return IdentitySearch(wanted, {*written.texts, f"PYDICOM {pydicom_version}"})


def _frames(frame: str, own: object) -> tuple[str, ...]:
    return frame, str(getattr(own, "uid", "") or "")
