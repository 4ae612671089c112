"""Reading a patient from one image file: no structures, no dose."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ...case import CT, MR, PET, Case, CaseImage
from ...errors import UnusableInput
from ..checks import checked_image
from ..found_files import IMAGE_ENDINGS
from .volume import read_volume

UNITS = {CT: "HU", MR: "a.u.", PET: "a.u."}
KEY = re.compile(rf"({CT}|{MR}|{PET})(_[A-Za-z0-9]+)*")
WORDS = {
    "ct": "CT",
    "cbct": "CT",
    "pet": "PET",
    "pt": "PET",
    "suv": "PET",
    "t1": "MR_T1",
    "t1w": "MR_T1",
    "mprage": "MR_T1",
    "t1c": "MR_T1C",
    "t1ce": "MR_T1C",
    "t1gd": "MR_T1C",
    "t2": "MR_T2",
    "t2w": "MR_T2",
    "flair": "MR_FLAIR",
    "mr": "MR",
    "mri": "MR",
}
"""What words of a file's name say, as BIDS and the scanners' exports use them; the longest key wins (``mr_t1.nii``: MR_T1)."""
AIR_HU = -500.0
"""An image with values below this is a CT: air is -1000 HU, and no other modality stores such values for it."""


def read_image_case(path: Path, key: str = "") -> Case:
    """Read one image file as a patient.

    Parameters
    ----------
    key : str
        What it shows, for example ``CT`` or ``MR_T1``; ``""``: as its name says, else by its values.

    Raises
    ------
    UnusableInput
        If the file is damaged, does not say where it lies, or nobody knows what it shows.
    """
    if key and not KEY.fullmatch(key):
        raise UnusableInput(f"--image {key}: an image is called CT, MR or PET (or MR_T1, CT_2, ...)")
    name = path.name
    stem = next((name[: -len(ending)] for ending in IMAGE_ENDINGS if name.lower().endswith(ending)), path.stem)
    pixels, said = read_volume(path, f"image {name}")
    if pixels.GetNumberOfComponentsPerPixel() != 1:
        raise UnusableInput(f"image {name} has several values a voxel; give one with one value a voxel")
    found, how = (key, "") if key else _key(stem, pixels)
    if not found:
        raise UnusableInput(f"neither the name nor the values of {name} tell what it shows; say it: --image CT, MR_T1, PET ...")
    modality = found.partition("_")[0]
    notes = (*said, *((how,) if how else ()))
    image = checked_image(CaseImage(found, modality, pixels, unit=UNITS[modality], notes=notes, sources=(path,)))
    return Case(id=stem, images=(image,))


def _key(stem: str, pixels: sitk.Image) -> tuple[str, str]:
    """The image's key, and how it was found out."""
    told = {WORDS[word] for word in re.split(r"[^a-z0-9]+", stem.lower()) if word in WORDS}
    told -= {MR} if any(key.startswith(f"{MR}_") for key in told) else set()
    if len(told) == 1:
        (key,) = told
        return key, f"taken for {key}, as the file's name says"
    lowest = float(np.min(sitk.GetArrayViewFromImage(pixels)))
    if not told and lowest < AIR_HU:
        return CT, f"taken for a CT: its lowest value is {lowest:g}, as air is in HU"
    return "", ""
