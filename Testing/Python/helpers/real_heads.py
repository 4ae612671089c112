"""Real MR heads, each searched once in a worker."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import SimpleITK as sitk

from deface_compare.anatomy.find_head import find_head
from deface_compare.anatomy.head import Head
from deface_compare.case import MR, Case, CaseImage
from deface_compare.settings import Settings

REAL_SUBJECTS = (2, 9)
"""Of the twelve; all go through the methods with ``make prove-heads``."""


@cache
def real_head(shared_data: Path, subject: int) -> tuple[CaseImage, Head]:
    """A subject's T1 and the head found on it; nobody may change them."""
    stored = sitk.ReadImage(str(shared_data / "mr_cohort_dev" / f"Subj{subject}_T1.nii.gz"))
    image = CaseImage("MR_T1", MR, stored, "a.u.")
    return image, find_head(Case("x", (image,)), image, Settings())
