"""Defaced images are read beside Slicer's main thread: a CT takes a second, and Slicer must not stand still."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import SimpleITK as sitk

from deface_compare.errors import UnusableInput

LOOK_EVERY_S = 0.005
"""How long the main thread sleeps between two looks: Slicer's Python runs one thread at a time, and gives way while it sleeps."""


def read_meanwhile(file: Path, between: Callable[[], None] = lambda: None) -> sitk.Image:
    """Read a defaced image in a thread of its own (SimpleITK lets others run), and call a function until it is there.

    Parameters
    ----------
    file : Path
    between : callable
        Called without arguments on the calling thread, again and again.

    Raises
    ------
    UnusableInput
        If the file is damaged.
    """
    found: list[sitk.Image] = []
    thread = threading.Thread(target=lambda: _read_into(found, file), daemon=True)
    thread.start()
    while thread.is_alive():
        between()
        time.sleep(LOOK_EVERY_S)
    if not found:
        raise UnusableInput(f"The defaced image {file.name} of {file.parent.name} is damaged: compare again.")
    return found[0]


def _read_into(found: list[sitk.Image], file: Path) -> None:
    try:
        found.append(sitk.ReadImage(str(file)))
    except RuntimeError:
        return
