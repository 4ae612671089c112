"""Re-identification by any file of a package: the most similar surface of all images, dose grid and outer contour counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...privacy.face_prints import BODY, DOSE_SURFACES
from ...privacy.similarity import highest_similarity, similarity_matrix
from ..arms import Arm
from ..summary import SummaryRow
from .attempts import Attempt, strongest
from .auc import reidentify
from .columns import attacks
from .pairs import probe_auc
from .records import Faces, estimate_numbers, interval_numbers, joined, too_few

ANY_FILE = "all files"
"""Stands in the image column of rows about whole packages."""


@dataclass(frozen=True)
class Packages:
    """What whole packages give away.

    Parameters
    ----------
    rows : list of SummaryRow
        `auc_any_file` and `auc_highest_file` of each arm and dose policy.
    as_run : dict of (`ANY_FILE`, dose policy) to dict of Arm to dict of case id to float
        The AUC of each package; an image that the arm failed on is in it undefaced.
    """

    rows: list[SummaryRow] = field(default_factory=list)
    as_run: dict[tuple[str, str], dict[Arm, dict[str, float]]] = field(default_factory=dict)


def any_file_aucs(images: Sequence[Faces], arms: Sequence[Arm]) -> Packages:
    """`auc_any_file` and `auc_highest_file` of each arm, for each dose policy where there is a dose.

    The patients are those of the commonest image: two packages without an image in common cannot be compared. Dose and outer
    contour are compared with the originals of that image.

    Parameters
    ----------
    images : sequence of Faces
        Those whose controls passed, one for each image and part of the face; those of another face model are left out.
    """
    if not images:
        return Packages()
    known = max(images, key=lambda faces: len(faces.records))
    images = [faces for faces in images if faces.engine == known.engine]
    cases, persons = [record.case for record in known.records], known.persons
    drawn = {surface for record in known.records for surface in record.surfaces}
    policies = [policy for policy, surface in DOSE_SURFACES.items() if surface in drawn] or [""]
    found = Packages()
    for arm in arms:
        shared, undefaced = (_images_matrix(images, arm, cases, as_run=as_run) for as_run in (False, True))
        for policy in policies:
            surfaces = [BODY, *([DOSE_SURFACES[policy]] if policy else [])]
            similarity, listed = _with_surfaces(shared, known, arm, surfaces)
            found.rows.append(_row(known, arm, policy, similarity, persons, listed))
            found.rows.append(_highest_row(images, known, arm, policy, surfaces))
            if not np.isnan(found.rows[-2].value):
                as_run, _ = _with_surfaces(undefaced, known, arm, surfaces)
                found.as_run.setdefault((ANY_FILE, policy), {})[arm] = _package_aucs(known, as_run)
    return found


def _images_matrix(images: Sequence[Faces], arm: Arm, cases: Sequence[str], *, as_run: bool) -> NDArray[np.float64]:
    """Highest similarity of case (row) with case (column) over the images; -inf where no image was compared.

    As run, an image that the arm failed on is compared undefaced; else it is left out.
    """
    best = np.full((len(cases), len(cases)), -np.inf)
    place = {case: k for k, case in enumerate(cases)}
    for faces in images:
        scans = [k for k, record in enumerate(faces.records) if (as_run or arm in record.own) and record.case in place]
        columns = [k for k, record in enumerate(faces.records) if record.case in place]
        if not scans:
            continue
        found = faces.own(arm, scans)[:, columns]
        at = np.ix_(*([place[faces.records[k].case] for k in each] for each in (scans, columns)))
        best[at] = np.fmax(best[at], np.where(np.isfinite(found), found, -np.inf))
    return best


def _with_surfaces(
    shared: NDArray[np.float64], known: Faces, arm: Arm, surfaces: Sequence[str]
) -> tuple[NDArray[np.float64], int]:
    """The same with dose and outer contour; how many patients had one."""
    best = shared.copy()
    blank = np.full((1, len(known.records)), np.nan)
    count = 0
    for row, record in enumerate(known.records):
        drawn = [record.surfaces.get(surface, {}).get(arm) for surface in surfaces]
        levels = [each for each in drawn if each is not None]
        if not levels:
            continue
        count += 1
        found = highest_similarity(blank, [np.vstack(levels)], known.gallery[:, 0])[0]
        best[row] = np.fmax(best[row], np.where(np.isfinite(found), found, -np.inf))
    return best, count


def _row(
    known: Faces,
    arm: Arm,
    policy: str,
    similarity: NDArray[np.float64],
    persons: NDArray,
    with_surfaces: int,
) -> SummaryRow:
    done = [arm in record.own or bool(np.isfinite(similarity[k]).any()) for k, record in enumerate(known.records)]
    scans = np.flatnonzero(done)
    reason = too_few([str(person) for person in persons[scans]])
    blank = replace(known.row("auc_any_file", arm, len(scans)), image=ANY_FILE, dose_policy=policy)
    if reason:
        return replace(blank, note=reason)
    compared = np.where(np.isfinite(similarity), similarity, np.nan)[scans]
    result = reidentify(compared, scans, persons, seed=known.seed)
    under = f" under the dose policy {policy}" if policy else ""
    words = f"dose or outer contour{under} drawn in {with_surfaces}" if with_surfaces else "images only"
    numbers = estimate_numbers(result)
    return replace(blank, **numbers, note=joined(words, result.warning))  # type: ignore[arg-type]


def _highest_row(images: Sequence[Faces], known: Faces, arm: Arm, policy: str, surfaces: Sequence[str]) -> SummaryRow:
    """The strongest single file of the packages."""
    tried = list(_image_attempts(images, known, arm))
    for each in (known, *known.further):
        tried += _surface_attempts(each, arm, surfaces)
    blank = replace(known.row("auc_highest_file", arm, 0), image=ANY_FILE, dose_policy=policy)
    if not tried:
        return replace(blank, note="no file of enough patients")
    found = strongest(tried, known.persons, seed=known.seed)
    numbers = interval_numbers(found.auc)
    words = f"strongest of {len(tried)} attempts ({found.attempt.words})"
    return replace(blank, n=len(found.attempt.genuine), **numbers, note=words)  # type: ignore[arg-type]


def _image_attempts(images: Sequence[Faces], known: Faces, arm: Arm) -> Iterator[Attempt]:
    """What can be tried on each image, among the patients who have it."""
    place = {record.case: k for k, record in enumerate(known.records)}
    for faces in images:
        columns_here = [k for k, record in enumerate(faces.records) if record.case in place]
        scans = [k for k in columns_here if arm in faces.records[k].own]
        if too_few([faces.records[k].person for k in scans]):
            continue
        everybody = np.array([place[faces.records[k].case] for k in columns_here], dtype=np.intp)
        genuine = np.searchsorted(columns_here, scans)
        for each in attacks(faces, arm, scans):
            yield Attempt(f"{faces.image}, {each.words}", each.similarity[:, columns_here], genuine, everybody)


def _surface_attempts(known: Faces, arm: Arm, surfaces: Sequence[str]) -> Iterator[Attempt]:
    """Each level of the dose grid and the outer contour, among the patients who have it."""
    everybody = np.arange(len(known.records))
    for surface in surfaces:
        drawn = {
            k: levels
            for k, record in enumerate(known.records)
            if (levels := record.surfaces.get(surface, {}).get(arm)) is not None
        }
        if too_few([known.records[k].person for k in drawn]):
            continue
        for level in range(max(len(levels) for levels in drawn.values())):
            scans = [k for k, levels in drawn.items() if level < len(levels)]
            probes = np.stack([drawn[k][level] for k in scans])[:, None]
            similarity = similarity_matrix(probes, known.gallery[:, :1])
            words = f"{known.engine}: {surface}" if known.engine else surface
            yield Attempt(f"{words} at level {level + 1}", similarity, np.array(scans, dtype=np.intp), everybody)


def _package_aucs(known: Faces, similarity: NDArray[np.float64]) -> dict[str, float]:
    """P(genuine > impostor) of each patient's package."""
    genuine = np.arange(len(known.records))
    aucs = probe_auc(np.where(np.isfinite(similarity), similarity, np.nan), genuine, known.persons)
    return dict(zip([record.case for record in known.records], aucs.tolist(), strict=True))
