"""Who a scan is of by what lies inside the head: a method that hides the face does not hide the patient from another scan.

An attacker who holds another scan of a person needs no face. He lays both heads over the average head and compares in which
directions the grey values change: borders of brain, ventricles, skull base and sinuses lie alike in every sequence of a person,
whatever the sequence shows bright. The products of a gradient's directions do not know bright from dark (normalised gradient
fields: Haber, Modersitzki, MICCAI 2006, doi 10.1007/11866763_89), so that T1 can be compared with FLAIR.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..anatomy.head import Head
from ..case import Case
from ..defacers.defacing import Defacing
from ..output.folder import OutputFolder
from ..output.kept_methods import KeptMethods
from .arrays_file import load_arrays, save_arrays
from .face_prints import ORIGINAL

CENTRE_MM, HALF_AXES_MM = (0.0, 17.0, 8.0), (72.0, 90.0, 70.0)
"""The part of the average head (its LPS mm) that is compared: brain, skull, skull base, eyes and upper sinuses. To link T1 with
FLAIR of 12 people, ellipsoids of 50, 60 and 72 mm do alike."""
SAMPLE_MM = 2.0
SIGMA_MM = 3.0
"""Blur of the gradients: 3, 4 and 6 mm do alike for the same people."""
KEPT_EVERY = 3
"""Every third sample is kept: to link the same people, every second one does alike, and takes 3.4 times the room."""
USUAL_SHARE = 1.0
"""Gradients weaker than this share of the median are taken for noise more and more."""
WHAT = "prints of inner anatomy"


def inner_print(image: sitk.Image, head: Head) -> NDArray[np.float16]:
    """The directions in which grey values change inside a head.

    Parameters
    ----------
    image : SimpleITK.Image
        A scan of the head, original or defaced, LPS mm.
    head : Head
        Found in its frame of reference.

    Returns
    -------
    ndarray of float16, shape (6 * samples,)
        The six products of a gradient's directions at each sample, 0 where the scan does not reach.
    """
    grid = _grid()
    away = head.average_to_patient.GetInverse()
    laid = sitk.Resample(sitk.Cast(image, sitk.sitkFloat32), grid, away, sitk.sitkLinear, float("nan"))
    values = sitk.GetArrayFromImage(laid)
    seen = np.isfinite(values)
    sigma = SIGMA_MM / SAMPLE_MM
    filled = np.where(seen, values, 0.0 if not seen.any() else np.float32(values[seen].min()))
    orders = ((0, 0, 1), (0, 1, 0), (1, 0, 0))
    gradient = np.stack([ndimage.gaussian_filter(filled, sigma, order=order) for order in orders])
    covered = ndimage.uniform_filter(seen.astype(np.float32), 2 * round(2 * sigma) + 1) > 1 - 1e-4
    return _products(gradient, _kept(grid), covered)


def _products(gradient: NDArray[np.float32], kept: NDArray[np.bool_], covered: NDArray[np.bool_]) -> NDArray[np.float16]:
    length = np.sqrt((gradient**2).sum(axis=0))
    there = kept & covered
    usual = USUAL_SHARE * float(np.median(length[there])) if there.any() else 0.0
    x, y, z = (gradient / np.sqrt(length**2 + usual**2 + np.finfo(np.float32).tiny) * covered)[:, kept]
    twice = np.sqrt(2.0)
    return np.concatenate([x * x, y * y, z * z, twice * x * y, twice * x * z, twice * y * z]).astype(np.float16)


def _grid() -> sitk.Image:
    """The part of the average head with room for the blur, LPS mm."""
    margin_mm = 4 * SIGMA_MM
    low = [centre - half - margin_mm for centre, half in zip(CENTRE_MM, HALF_AXES_MM, strict=True)]
    size = [int(2 * (half + margin_mm) / SAMPLE_MM) + 1 for half in HALF_AXES_MM]
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetSpacing([SAMPLE_MM] * 3)
    grid.SetOrigin(low)
    return grid


def _kept(grid: sitk.Image) -> NDArray[np.bool_]:
    """The samples that are kept, shape (z, y, x)."""
    index = np.indices(grid.GetSize()[::-1])[::-1]
    places = index * SAMPLE_MM + np.array(grid.GetOrigin())[:, None, None, None]
    away = (places - np.array(CENTRE_MM)[:, None, None, None]) / np.array(HALF_AXES_MM)[:, None, None, None]
    return np.asarray(((away**2).sum(axis=0) <= 1) & (index % KEPT_EVERY == 0).all(axis=0))


class InnerPrints:
    """The inner anatomy of one case's images, original and after each method (identifiable).

    Parameters
    ----------
    case : Case
    heads : mapping of image key to Head
    out : Path
        Output folder.
    """

    def __init__(self, case: Case, heads: Mapping[str, Head], out: Path) -> None:
        self._case, self._heads, self._out = case, heads, out
        self._prints = {
            (image.key, ORIGINAL): inner_print(image.image, heads[image.key]) for image in case.images if image.key in heads
        }

    def add(self, defacing: Defacing) -> None:
        """Look at what one method left."""
        for image in self._case.images:
            if image.key in self._heads and defacing.blocked(image.key) is None:
                whole = defacing.seen_patch(image).whole(image.image)
                self._prints[image.key, defacing.method] = inner_print(whole, self._heads[image.key])

    def keep(self, kept: KeptMethods, method: str) -> None:
        """Take over what an earlier run saw of a method."""
        path = OutputFolder(kept.out).inner_prints(kept.case_id)
        if path.is_file():
            self._prints |= {key: each for key, each in read_inner_prints(path).items() if key[1] == method}

    def write(self) -> None:
        """Write what was collected."""
        folder = OutputFolder(self._out)
        path = folder.inner_prints(self._case.id)
        folder.make_private(path.parent)
        save_arrays(path, {f"{image}|{method}": each for (image, method), each in sorted(self._prints.items())})


def read_inner_prints(path: Path) -> dict[tuple[str, str], NDArray[np.float16]]:
    """The prints of one case by image and method (UnusableInput if the file holds something else)."""
    named = {tuple(name.split("|")): array for name, array in load_arrays(path, WHAT).items()}
    return {(name[0], name[1]): array for name, array in named.items() if len(name) == 2}
