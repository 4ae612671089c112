"""What the numbers of a case depend on: all but its methods together, and each method on its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..defacers.defacing import Defacer
from ..errors import UnusableInput
from ..output.code_mark import code_mark
from ..output.finished_mark import FinishedMark
from ..privacy.networks.models import models_mark
from ..readers.bids.outside import outside_files
from ..readers.choices import ReadingChoices
from ..readers.found_files import find_files, opened
from ..settings import Settings

CODE, MODELS, SETTINGS, FILL, PROTECT = "code", "models", "settings", "fill", "protect"
FILES, DOSE, NAMES = "files", "dose", "structure_names"
ASPECTS = {
    CODE: "another version of the program or of its libraries",
    MODELS: "other face models",
    SETTINGS: "other settings",
    FILL: "another fill",
    PROTECT: "another protection",
    FILES: "other files of the patient",
    DOSE: "another choice of dose or structures",
    NAMES: "another table of structure names",
}
"""What each part of a recipe is called in sentences, where it differs."""
CHOSEN = (SETTINGS, FILL, PROTECT, DOSE, NAMES)
"""What a user chooses: a finished case with another choice is another result, and is not overwritten unasked."""
COMMON = (CODE, MODELS, SETTINGS)
"""What all cases of one table share; fill, protection and variant stand in every row."""
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Recipe:
    """What a case is made from.

    Parameters
    ----------
    parts : mapping of part (`ASPECTS`) to its hash
    methods : mapping of method key to hash
        Of a method's own: variant, imported results, program, structures drawn again after it.
    contents : tuple of str
        SHA-256 of each of the patient's files, sorted: the same patient elsewhere has the same.
    """

    parts: Mapping[str, str]
    methods: Mapping[str, str]
    contents: tuple[str, ...]

    def differs(self, mark: FinishedMark, of: Sequence[str] = tuple(ASPECTS)) -> list[str]:
        """In which parts a finished case was made from something else, in words."""
        return differences(self.parts, mark.parts, of)


def differences(parts: Mapping[str, str], others: Mapping[str, str], of: Sequence[str]) -> list[str]:
    """Which parts are not the same, in words."""
    return [ASPECTS[part] for part in of if parts.get(part) != others.get(part)]


def recipe_of(
    folder: Path,
    case_id: str,
    methods: Sequence[Defacer],
    settings: Settings,
    choices: ReadingChoices,
    files: Sequence[tuple[str, str]] | None = None,
) -> Recipe:
    """All that a case's numbers depend on, hashed.

    Parameters
    ----------
    files : sequence of (relative name, SHA-256), optional
        `hash_files` of the folder, where it is known.

    Raises
    ------
    UnusableInput
        If the folder or a file of it cannot be read.
    """
    files = hash_files(folder) if files is None else files
    read = choices.described(folder, case_id)
    drawn_again = dict(read["resegmented"])
    chosen = {name: value for name, value in read.items() if name not in ("resegmented", "names")}
    return Recipe(
        parts={
            **common_parts(settings),
            FILES: _hash([*files, *_hash_outside(folder)]),
            DOSE: _hash(chosen),
            NAMES: _hash(read["names"]),
        },
        methods={method.key: _hash([_described(method), drawn_again.get(method.key, "")]) for method in methods},
        contents=tuple(sorted(digest for _, digest in files)),
    )


def common_parts(settings: Settings) -> dict[str, str]:
    """The parts that do not depend on the patient; a method's variant is the method's own."""
    plain = {name: value for name, value in settings.as_dict().items() if name not in ("variants", FILL, PROTECT)}
    return {
        CODE: code_mark(),
        MODELS: _hash(models_mark(settings.face_models)),
        SETTINGS: _hash(plain),
        FILL: _hash(settings.fill),
        PROTECT: _hash(settings.protect),
    }


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _described(method: Defacer) -> dict[str, Any]:
    folder = method.folder_of_results()
    files = hash_files(folder) if folder is not None and folder.is_dir() else None
    available = method.available()
    return {"key": method.key, "variant": method.variant, "unavailable": available, "files": files, "mark": method.mark()}


def _hash_outside(folder: Path) -> list[tuple[str, str]]:
    """The same of files of a BIDS data set that speak of a patient and lie outside his folder."""
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in outside_files(folder)]


def hash_files(folder: Path) -> list[tuple[str, str]]:
    """Relative name and SHA-256 of every file of a patient's folder, or of one image file, that can be read, sorted.

    Raises
    ------
    UnusableInput
        If there is no such folder, or a file may not be read.
    """
    if not folder.exists():
        raise UnusableInput(f"there is no folder {folder}")
    found, files = [], find_files(folder)
    for path in files.files:
        digest = hashlib.sha256()
        with opened(path) as stream:
            while block := stream.read(BLOCK_BYTES):
                digest.update(block)
        found.append((path.relative_to(files.folder).as_posix(), digest.hexdigest()))
    return found
