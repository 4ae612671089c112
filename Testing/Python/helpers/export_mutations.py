"""What becomes of a finished case whose source was damaged: it may be refused, never crash, never be other in silence.

Used by ``export/test_mutations.py`` (a seeded slice) and ``Testing/Proofs/mutations.py`` (10,000, resumable).
"""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from deface_compare.case_report import input_hashes
from deface_compare.errors import DefaceCompareError
from deface_compare.export import export_case as export_module
from deface_compare.export import moved_skin
from deface_compare.export.checked import verification
from deface_compare.export.written import written_set
from deface_compare.readers import read_case
from export_patient import COARSE_MM, METHOD, compared, copied, known_heads
from mutated_dicom import mutated
from plain_reading import all_sentences, differences, pet_factor, said_by_case, said_by_file

REFUSED, READ, EXPORTED = "refused", "read", "exported"
SILENT = "other than the intact patient, and not a word of it: "


@dataclass(frozen=True)
class Outcome:
    """What became of one mutation: `REFUSED` with one sentence, `READ`, `EXPORTED`, or a fault (`fault` tells it)."""

    what: str
    kind: str
    file: str
    told: str = ""
    fault: str = ""


class MutationTarget:
    """One finished case with a source that is damaged and repaired again and again.

    Parameters
    ----------
    folder : Path
        Where the patient and its output are made.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with contextlib.redirect_stderr(io.StringIO()):
            pristine = compared(folder / "pristine", COARSE_MM)
        self._case = copied(pristine, folder / "damaged")
        self._patient, self._to = folder / "damaged" / "patient", folder / "exports" / "to"
        self._files = sorted(path for path in self._patient.rglob("*.dcm"))
        case = read_case(self._patient, "case-001")
        self._hashes, self._intact, self._said = input_hashes(case), said_by_case(case), all_sentences(case)
        self._pet = pet_factor(self._files, self._intact)
        self._options = export_module.ExportOptions(METHOD, "mask", accept_risk=True)
        # what depends on voxels alone is found once, and nothing is drawn: the mutations are about files, not about surfaces
        monkeypatch.setattr(written_set, "head_surface", once(written_set.head_surface))
        monkeypatch.setattr(moved_skin, "moved_skin", once(moved_skin.moved_skin))
        monkeypatch.setattr(verification.DrawnFaces, "image_faults", lambda self, image, written: [])
        monkeypatch.setattr(verification.DrawnFaces, "faults_alone", lambda self, written, images, touching: {})
        monkeypatch.setattr(export_module, "find_heads", known_heads)

    def try_one(self, seed: int, *, export: bool = True) -> Outcome:
        """Damage one file, read the patient, export the case if its images are what they were; repair the file."""
        path = self._files[(seed * 7919) % len(self._files)]
        content = path.read_bytes()
        damaged, kind = mutated(content, seed)
        told, fault, what = "", "", REFUSED
        path.unlink()  # hard links of the pristine patient stay as they are
        path.write_bytes(damaged)
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                what, told = self._read_and_export(export, path)
        except DefaceCompareError as error:
            told = str(error)
            fault = "" if told.strip() and "\n" not in told else "the refusal is not one sentence"
        except Exception:  # every other exception is what the proof looks for
            fault = traceback.format_exc()
        finally:
            path.write_bytes(content)
        if what != REFUSED and told.startswith(SILENT):
            fault, told = told, ""
        left = sorted(each.name for each in self._to.parent.iterdir()) if self._to.parent.is_dir() else []
        if what != EXPORTED and left:
            fault = fault or f"partial output: {', '.join(left)}"
        shutil.rmtree(self._to.parent, ignore_errors=True)
        return Outcome(what, kind, path.name, told, fault)

    def _read_and_export(self, export: bool, damaged: Path) -> tuple[str, str]:
        """What became of it, and what was said; what is otherwise without a word begins with `SILENT`."""
        case = read_case(self._patient, "case-001")
        said = sorted(all_sentences(case) - self._said)
        wrong = differences(said_by_case(case), self._intact, said_by_file(damaged, self._pet))
        told = f"{SILENT}{'; '.join(wrong)}" if wrong and not said else "; ".join(said)
        if not export or input_hashes(case) != self._hashes:
            return READ, told
        export_module.export_with(self._case, self._to, self._options)
        return EXPORTED, told


def once(function: Callable[..., object]) -> Callable[..., object]:
    """The function, asked once for each image key: of one case, what depends on its voxels alone is the same each time."""
    known: dict[str, object] = {}

    def answer(image: object, *rest: object) -> object:
        key = getattr(image, "key", "")
        if key not in known:
            known[key] = function(image, *rest)
        return known[key]

    return answer


def most_memory_mb() -> float:
    """The most memory that this process ever held."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
