"""A coarse planning patient, and searches for heads that are made once: two modules cut, mark and shorten the same images."""

from __future__ import annotations

from functools import cache

import pytest

from deface_compare.anatomy import find_heads as module
from deface_compare.anatomy.find_head import find_head
from deface_compare.anatomy.head import Head
from deface_compare.case import CT, MR, Case, CaseImage, Dose, StructureSet
from deface_compare.errors import FaceNotFound
from deface_compare.sample.patient import SamplePatient, sample_patient
from deface_compare.sample.person_head import PersonHead
from deface_compare.settings import Settings

COARSE = {"ct_size": (128, 128, 66), "ct_spacing_mm": (2.0, 2.0, 4.0)}


@cache
def _made() -> SamplePatient:
    return sample_patient(31, 1, "hn", **COARSE)


def head_of_planned_patient() -> PersonHead:
    """Where it truly lies."""
    return _made().head


@cache
def planned_patient() -> Case:
    """A planning CT with structures and dose, and an MR in its frame; nobody may change it."""
    made = _made()
    ct = CaseImage(key="CT", modality=CT, image=made.ct, unit="HU")
    mr = CaseImage(key="MR_T1", modality=MR, image=made.mr, unit="a.u.")
    return Case("case-001", (ct, mr), StructureSet(made.structures), Dose(made.dose))


class HeadSearches:
    """Searches the head of each image once: a search is the same again (``test_head.py``) and costs four seconds."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int, str], tuple[Case, CaseImage, Head | FaceNotFound]] = {}

    def __call__(self, case: Case, image: CaseImage, settings: Settings) -> Head:
        """What `find_head` answers to an image with these voxels and structures."""
        key = (id(image.image), id(case.structure_set), settings.brain_source)
        if key not in self._found:  # the images are kept with the answer, so that no other one gets their id
            try:
                answer: Head | FaceNotFound = find_head(case, image, settings)
            except FaceNotFound as refused:
                answer = refused
            self._found[key] = case, image, answer
        found = self._found[key][-1]
        if isinstance(found, FaceNotFound):
            raise found
        return found


SEARCHES = HeadSearches()
"""Those of this worker."""


def search_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the test lasts, no image is searched that was searched before."""
    monkeypatch.setattr(module, "find_head", SEARCHES)
