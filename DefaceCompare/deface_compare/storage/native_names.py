"""Names of files for libraries in C++ that take UTF-8 only: SimpleITK ends the whole process when it meets another name."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path


def native_name(path: Path) -> str:
    """The file's name; where it is not in UTF-8 (a folder that was named in Latin-1), a name that leads to the same file.

    Also for a file that is still to be written: then only its folder may have such a name.
    """
    if _is_utf8(str(path)):
        return str(path)
    if _is_utf8(path.name):
        return str(_link(path.absolute().parent) / path.name)
    return str(_link(path.absolute()))


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def _link(path: Path) -> Path:
    """A link to a file or folder, for as long as this process lives; it keeps the endings by which formats are told."""
    ending = "".join(path.suffixes[-2:])
    link = _links() / f"{len(os.listdir(_links()))}{ending if _is_utf8(ending) else ''}"
    link.symlink_to(path)
    return link


@cache
def _links() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="deface_compare_names_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
