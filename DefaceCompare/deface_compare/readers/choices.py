"""What a user may say about how patients are read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ReadingChoices:
    """Choices of the reader that headers cannot decide.

    Parameters
    ----------
    dose : str
        Which dose of several: file name (``*`` and ``?`` allowed), series description or plan label.
    names : Path, optional
        The user's own table of structure names, on top of ``data/structure_names.csv``.
    resegmented : tuple of (method key, Path)
        Structures drawn again on the images that a method defaced: one file or folder, or a folder with one a patient.
    alone : bool
        There is only this patient, whose structures may be the path itself.
    structures : str
        Which structure set of several: file name (``*`` and ``?`` allowed), label, name or series description.
    image : str
        What a single image file shows (CT, MR_T1, PET ...), where neither its name nor its values tell it.
    """

    dose: str = ""
    names: Path | None = None
    resegmented: tuple[tuple[str, Path], ...] = ()
    alone: bool = True
    structures: str = ""
    image: str = ""

    def redrawn(self, given: Path, folder: Path, case_id: str) -> Path | None:
        """Where this patient's structures lie that were drawn again: below `given`, or `given` itself; None if nowhere.

        Parameters
        ----------
        folder : Path
            The patient's folder: its name is looked for, then the case's.
        """
        own = next((path for path in (given / folder.name, given / case_id) if path.exists()), None)
        path = given if own is None and self.alone else own
        return path if path is not None and path.exists() else None

    def described(self, folder: Path, case_id: str) -> dict[str, Any]:
        """What this patient's numbers depend on, without paths: for the case's fingerprint."""
        again = [(method, self.redrawn(given, folder, case_id)) for method, given in self.resegmented]
        return {
            "dose": self.dose,
            "structures": self.structures,
            "image": self.image,
            "names": "" if self.names is None else _hash(self.names),
            "resegmented": [(method, "" if path is None else _hash(path)) for method, path in again],
        }


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
