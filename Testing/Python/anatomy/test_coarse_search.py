"""The search from afar on a head that is cut above: what is left out of it, and that nothing changes by that."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.anatomy import converge_affine, register_head
from deface_compare.anatomy.average_head import average_head
from deface_compare.anatomy.head_top import is_cut_above
from deface_compare.anatomy.register_head import HeadSearch
from deface_compare.geometry.grids import on_grid

CUT_MM = 40.0
"""So much of the head's top lies beyond the scan."""
EVERY_START = 15
LAID = sitk.Similarity3DTransform(1.1, (1.0, 0.0, 0.0), np.radians(8.0), (3.0, -6.0, 9.0), (0.0, -20.0, -40.0))
"""Patient mm to average-head mm."""


@pytest.fixture(scope="module")
def scan() -> tuple[sitk.Image, sitk.Image]:
    """Outline and field of view of the average head, pitched by 8 degrees, a tenth smaller and cut below its vertex."""
    whole = average_head().outline
    outline = sitk.Resample(whole, whole, LAID, sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    top = int(np.flatnonzero(sitk.GetArrayViewFromImage(outline).any(axis=(1, 2))).max())
    outline = outline[:, :, : top - round(CUT_MM / outline.GetSpacing()[2])]
    return outline, on_grid(np.ones(outline.GetSize()[::-1], np.uint8), outline)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The grid of each fit that is made."""
    grids_mm: list[float] = []
    registration = register_head.registration

    def told(iterations: int, spacing_mm: float) -> sitk.ImageRegistrationMethod:
        grids_mm.append(spacing_mm)
        return registration(iterations, spacing_mm)

    monkeypatch.setattr(register_head, "registration", told)
    return grids_mm


def search_in(scan: tuple[sitk.Image, sitk.Image]) -> HeadSearch:
    outline, seen = scan
    return HeadSearch(sitk.Cast(outline, sitk.sitkFloat32), outline, seen)


def landmarks_mm(to_average: sitk.Transform) -> NDArray[np.float64]:
    to_patient = to_average.GetInverse()
    return np.array([to_patient.TransformPoint(mark) for mark in average_head().landmarks_mm.values()])


def test_from_what_screening_finds_a_head_comes_to_its_known_place_as_from_the_best_fit(
    scan: tuple[sitk.Image, sitk.Image], fits: list[float]
) -> None:
    assert is_cut_above(*scan)
    search = search_in(scan)
    screened = search.best_coarse_fit()
    assert len(fits) == EVERY_START  # none is fitted after it was screened
    best = search.coarse_fits()[0]
    found = [landmarks_mm(search.refined(each.transform).transform) for each in (screened, best)]
    # measured: 1.2 mm apart before they are refined, 0.0001 mm afterwards, and 0.4 mm from the truth
    assert np.linalg.norm(landmarks_mm(screened.transform) - landmarks_mm(best.transform), axis=1).max() > 1.0
    assert np.linalg.norm(found[0] - found[1], axis=1).max() < 0.02
    assert np.linalg.norm(found[0] - landmarks_mm(LAID), axis=1).max() < 0.6


def test_no_start_is_left_out_where_screening_finds_no_head(
    scan: tuple[sitk.Image, sitk.Image], fits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register_head, "CLEAR_DICE", 1.01)
    search_in(scan).best_coarse_fit()
    assert len(fits) == 2 * EVERY_START


def test_promising_starts_are_fitted_where_the_fit_comes_to_rest_from_no_screened_place(
    scan: tuple[sitk.Image, sitk.Image], fits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converge_affine, "MOST_ROUNDS", 1)
    search = search_in(scan)
    best = search.best_coarse_fit()
    assert EVERY_START < len(fits) < 2 * EVERY_START  # all are screened, some are fitted
    wanted = search.coarse_fits()[0]
    assert best.transform.GetParameters() == wanted.transform.GetParameters()
    assert best.dice == wanted.dice


def test_a_start_that_was_fitted_is_not_fitted_again(scan: tuple[sitk.Image, sitk.Image], fits: list[float]) -> None:
    search = search_in(scan)
    search.best_coarse_fit()
    for _ in range(2):
        assert len(search.coarse_fits(everywhere=True)) == EVERY_START
        assert len(fits) == 2 * EVERY_START
