"""A zip file given as a patient or a cohort."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from ..output.folder import OutputFolder, make_out
from ..output.lock import sole_run
from ..readers.found_files import ZIP, why_not_read
from ..storage.atomic import growing_folder
from ..study.parts_of_patients import holds_one_patient
from .zip_in import BLOCK_BYTES, unpack

DIGITS = 16
"""Of a zip's SHA-256, which its folder is called by."""


@contextmanager
def folder_of(given: Path, out: Path | None = None, *, cohort: bool = False) -> Iterator[Path]:
    """A path as it was given; of a zip file, the folder that it holds.

    Parameters
    ----------
    given : Path
        Of any kind; only zip files are looked at.
    out : Path, optional
        Output folder, in whose private part the files stay: an export reads them again. Without one they go at the end.
    cohort : bool
        The folder of several patients is wanted.

    Raises
    ------
    UnusableInput
        If the zip file cannot be used.
    """
    if not given.is_file() or why_not_read(given) != ZIP:
        yield given
    elif out is None:
        with tempfile.TemporaryDirectory(prefix="deface-compare-") as folder:
            unpack(given, Path(folder))
            yield _inner(Path(folder), cohort)
    else:
        yield _inner(_kept(given, out), cohort)


def _kept(given: Path, out: Path) -> Path:
    """Where a zip's files lie in an output folder; unpacked once."""
    make_out(out)
    with sole_run(out):
        folder = OutputFolder(out).make_private(OutputFolder(out).unpacked) / _digest(given) / given.stem
        if not folder.is_dir():
            with growing_folder(folder, mode=0o700) as growing:
                unpack(given, growing)
    return folder


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()[:DIGITS]


def _inner(folder: Path, cohort: bool) -> Path:
    """The folder in which patients lie: zip files hold the patients, or a folder that holds them."""
    below = list(folder.iterdir())
    if len(below) != 1 or not below[0].is_dir():
        return folder
    only = below[0]
    deeper = any(path.is_dir() for path in only.iterdir())
    return only if not cohort or (deeper and not holds_one_patient(only)) else folder
