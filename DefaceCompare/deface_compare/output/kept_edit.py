"""What a case keeps for a later export, in ``identifiable/edits``: which files it was read from, and the edited dose."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..case import Case
from ..defacers.defacing import Defacing
from ..errors import UnusableInput
from ..geometry.boxes import Patch
from ..geometry.found_once import FoundOnce
from ..storage.atomic import write_bytes
from .folder import OutputFolder

SOURCES = "sources.json"
STRUCTURES, DOSE = "structures", "dose"
"""Entries of ``sources.json`` beside the images' keys."""
_SOURCES = FoundOnce()
"""Of each case: every method asks, and hundreds of paths are looked up for it."""


def keep_edit(out: Path, case: Case, defacing: Defacing) -> None:
    """Keep the edited dose of one method, and where the case's files lie."""
    folder = OutputFolder(out).make_private(OutputFolder(out).edits(case.id))
    sources = _SOURCES.of(case, None, lambda: _sources(case))
    write_bytes(folder / SOURCES, (json.dumps(sources, indent=1) + "\n").encode())
    arrays = {}
    for policy, patch in defacing.dose_patches.items():
        arrays[f"{policy}_offset"], arrays[f"{policy}_values"] = np.array(patch.offset), patch.values
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    write_bytes(folder / f"{defacing.method}.npz", content.getvalue())


def _sources(case: Case) -> dict[str, list[str]]:
    """The files behind each image key, `STRUCTURES` and `DOSE`, wherever a link leads."""
    sources = {image.key: image.sources for image in case.images}
    sources[STRUCTURES] = case.structure_set.sources if case.structure_set else ()
    sources[DOSE] = case.dose.sources if case.dose else ()
    return {key: [str(path.resolve()) for path in paths] for key, paths in sources.items()}


def kept_sources(out: Path, case_id: str) -> dict[str, tuple[Path, ...]]:
    """The files behind each image key, `STRUCTURES` and `DOSE`.

    Raises
    ------
    UnusableInput
        If the case keeps none: it is of an earlier version, or its ``identifiable`` folder was taken away.
    """
    path = OutputFolder(out).edits(case_id) / SOURCES
    if not path.is_file():
        raise UnusableInput(
            f"case {case_id} does not say what it was read from (identifiable/edits/{case_id} is missing); compare it again"
        )
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {key: tuple(Path(each) for each in paths) for key, paths in told.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise UnusableInput(f"identifiable/edits/{case_id}/{SOURCES} is damaged; compare the case again") from error


def kept_dose_patch(out: Path, case_id: str, method: str, policy: str) -> Patch:
    """The edited dose of one method under a policy.

    Raises
    ------
    UnusableInput
        If the method gave none.
    """
    path = OutputFolder(out).edits(case_id) / f"{method}.npz"
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as archive:
                if f"{policy}_values" in archive.files:
                    x, y, z = (int(index) for index in archive[f"{policy}_offset"])
                    return Patch((x, y, z), archive[f"{policy}_values"])
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise UnusableInput(
                f"the dose that {method} edited ({path.name}) is damaged; compare case {case_id} again"
            ) from error
    raise UnusableInput(f"{method} left no dose edited by the policy {policy} for case {case_id}; export with --dose-policy keep")
