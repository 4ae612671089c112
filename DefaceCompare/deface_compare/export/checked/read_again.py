"""What an image became between the source and the reader that finds it in what was written."""

from __future__ import annotations

from math import isclose

import numpy as np
import SimpleITK as sitk

from ...case import CaseImage
from ...defacers.external.check import geometry_difference, own_grid
from ..options import BASIC, BY_TOOL, ExportOptions

RETAIN_HINT = "; SUV need --retain dates,characteristics"
SUV_HINT = "; SUV need weight, injection and times, moved alike"
ROUNDING = 1e-5
"""Values of PET are float32 products of a stored integer and its factors."""


def difference(found: CaseImage, original: CaseImage, written: sitk.Image, options: ExportOptions) -> str:
    """What is wrong with an image that was read back; empty if nothing is.

    Parameters
    ----------
    written : SimpleITK.Image
        The voxels that stand in the files, as the source's headers scale them.
    """
    size = found.image.GetSize() != original.image.GetSize() or found.image.GetSpacing() != original.image.GetSpacing()
    if size or (options.headers == BY_TOOL and geometry_difference(own_grid(found), own_grid(original))):
        return "has another geometry when it is read back"
    if options.cleans_headers and not _same_units(found, original):
        hint = RETAIN_HINT if options.headers == BASIC else SUV_HINT
        if found.unit == original.unit:
            return f"has another factor to {found.unit} when it is read back{hint}"
        return f"has other units when it is read back ({found.unit}, not {original.unit}){hint}"
    if options.headers == BY_TOOL and not _same_values(found, written):
        return "has other values when it is read back"
    return ""


def _same_units(one: CaseImage, other: CaseImage) -> bool:
    """Whether numbers stand for the same: a PET whose times or weight are lost is read in another unit."""
    return one.unit == other.unit and isclose(one.stored_form.factor, other.stored_form.factor, rel_tol=1e-9)


def _same_values(found: CaseImage, written: sitk.Image) -> bool:
    """Another program may change what stored integers stand for."""
    read, expected = found.array().astype(np.float64), sitk.GetArrayViewFromImage(written).astype(np.float64)
    return bool((np.abs(read - expected) <= ROUNDING * (np.abs(expected) + 1.0)).all())
