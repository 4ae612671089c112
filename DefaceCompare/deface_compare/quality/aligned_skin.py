"""Skin that was moved as a whole: the shift, turn and uniform offset after which a surface follows the original best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .skin_profiles import SkinProfiles, Step

WITHIN_MM = 1.0
"""After an alignment a surface follows the skin where it lies within so much of it: two people's faces, aligned, lie some 2 mm
apart, so that 2 mm would take any face for this one."""

SEARCHED_MM = np.arange(-12.0, 13.0)
"""Uniform offsets at which the search starts."""

START_WITHIN_MM, START_APART_MM, STARTS = 2.0, 3.0, 3
"""The best offsets are found with this reach, no two so near to each other, and so many are followed up."""

PLATEAU_MM = 4.0
"""So far from a surface the values are those of its two sides: over two sigma of the smoothed edge of a 2 mm voxel."""

LEVELS = (0.3, 0.5, 0.7)
"""Levels between a surface's two sides that are tried; nearer to a side its noise decides."""

LEAST_STEP = 0.01
"""A surface's two sides differ by at least this share of the step from air to the skin threshold (CT: 7 HU)."""

ARM_MM = 70.0
"""Turns are fitted in mm at this distance from the face's middle, about its half height, to weigh as much as shifts."""

LARGEST_SHIFT_MM, LARGEST_TURN_DEGREES = 10.0, 10.0
"""A face that would have to go further is no longer this one, slightly moved."""

ROUNDS, CAPTURE_MM, FINAL_CAPTURE_MM = 8, 5.0, 3.0
"""Rounds of the fit, how far from its prediction a crossing may lie, and in the second half of the rounds."""

STIFFNESS = 0.002
"""Weight of the poses' size (in some 10 mm) beside the points: ties go to the smaller movement."""

FEWEST_CROSSINGS = 30


@dataclass(frozen=True)
class AlignedSkin:
    """A surface, and where it follows the skin once it is moved back.

    Parameters
    ----------
    step : Step
    pose : ndarray, shape (7,)
        Shift (3, LPS mm), turn (3, mm at `ARM_MM`), offset outwards (mm).
    follows : ndarray of int8, shape (n,)
        As of `SkinProfiles.crossed`.
    """

    step: Step
    pose: NDArray[np.float64]
    follows: NDArray[np.int8]

    @property
    def share(self) -> float:
        """Share of the points that it follows."""
        return float(np.mean(self.follows))

    @property
    def possible(self) -> bool:
        """Whether it lies within the limits of a face that was slightly moved."""
        return float(np.linalg.norm(self.pose[:3])) <= LARGEST_SHIFT_MM and _degrees(self.pose) <= LARGEST_TURN_DEGREES

    def told(self) -> str:
        """The movement in words."""
        shift, offset = float(np.linalg.norm(self.pose[:3])), float(self.pose[6])
        return f"after a shift of {shift:.1f} mm, a turn of {_degrees(self.pose):.1f} degrees and an offset of {offset:.1f} mm"


def movements(points_mm: NDArray[np.float64], normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each point of a skin moves along its normal for a unit of each part of a pose, shape (n, 7)."""
    arm = (points_mm - points_mm.mean(axis=0)) / ARM_MM
    return np.hstack([normals, np.cross(arm, normals), np.ones((len(points_mm), 1))])


def best_aligned(profiles: SkinProfiles, moves: NDArray[np.float64], contrast: float) -> AlignedSkin | None:
    """The surface that follows the skin on the largest share, after a shift, a turn and an offset.

    Parameters
    ----------
    profiles : SkinProfiles
    moves : ndarray, shape (n, 7)
        `movements` of the same points.
    contrast : float
        The original's step from air to skin threshold.

    Returns
    -------
    AlignedSkin or None
        None where no surface stands out.
    """
    found = [
        aligned for step, offset in _starts(profiles, contrast) for aligned in _followed(profiles, moves, step, offset, contrast)
    ]
    return max((each for each in found if each.possible), key=lambda each: each.share, default=None)


def steps_at(profiles: SkinProfiles, offset_mm: NDArray[np.float64] | float, contrast: float) -> list[Step]:
    """Surfaces that may stand at an offset: levels between the medians of its two sides; none where these are alike."""
    outside, inside = profiles.median_at(offset_mm + PLATEAU_MM), profiles.median_at(offset_mm - PLATEAU_MM)
    return steps_between(outside, inside, contrast)


def steps_between(outside: float, inside: float, contrast: float) -> list[Step]:
    """The levels that are tried between two sides of a surface; none where these are alike."""
    if abs(inside - outside) < LEAST_STEP * contrast:
        return []
    return [Step(outside + share * (inside - outside), inside > outside) for share in LEVELS]


def _starts(profiles: SkinProfiles, contrast: float) -> Iterator[tuple[Step, float]]:
    """The best surfaces after an offset alone."""
    tried = [
        (float(np.mean(profiles.crossed(step, offset, START_WITHIN_MM))), float(offset), step)
        for offset in SEARCHED_MM
        for step in steps_at(profiles, offset, contrast)
    ]
    used: list[tuple[float, bool]] = []
    for _, offset, step in sorted(tried, key=lambda each: -each[0]):
        if len(used) < STARTS and all(abs(offset - at) >= START_APART_MM or step.rises is not rises for at, rises in used):
            used.append((offset, step.rises))
            yield step, offset


def _followed(
    profiles: SkinProfiles, moves: NDArray[np.float64], step: Step, offset_mm: float, contrast: float
) -> Iterator[AlignedSkin]:
    """The surface moved back from where it was met, drawn at its own level and at those between its sides there."""
    pose = _fitted(profiles.crossings_mm(step), moves, offset_mm)
    there = moves @ pose
    for drawn in (step, *steps_at(profiles, there, contrast)):
        yield AlignedSkin(drawn, pose, profiles.crossed(drawn, there, WITHIN_MM))


def _fitted(crossings_mm: NDArray[np.float64], moves: NDArray[np.float64], offset_mm: float) -> NDArray[np.float64]:
    """The pose whose movement along the normals meets the nearest crossings (point to plane, Tukey's weights), shape (7,)."""
    pose = np.zeros(7)
    pose[6] = offset_mm
    held = STIFFNESS * len(moves) * np.diag([1.0 / 8.0] * 6 + [1.0 / 12.0]) ** 2
    for turn in range(ROUNDS):
        there = moves @ pose
        apart = crossings_mm - there[:, None]
        nearest = apart[np.arange(len(apart)), np.argmin(np.abs(apart), axis=1)]
        capture = CAPTURE_MM if turn < ROUNDS // 2 else FINAL_CAPTURE_MM
        met = np.abs(nearest) < capture
        if int(met.sum()) < FEWEST_CROSSINGS:
            break
        weight = (1.0 - (nearest[met] / capture) ** 2) ** 2
        weighed = moves[met] * weight[:, None]
        pose = np.linalg.solve(moves[met].T @ weighed + held, weighed.T @ (nearest[met] + there[met]))
    return pose


def _degrees(pose: NDArray[np.float64]) -> float:
    return float(np.degrees(np.linalg.norm(pose[3:6]) / ARM_MM))
