"""Poses of sample heads: rigid where bone is rigid, the same in both directions, smooth, and nothing where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deface_compare.anatomy.average_head import average_head
from deface_compare.sample.difficulty import Difficulty
from deface_compare.sample.patient import random_patient, sample_patient
from deface_compare.sample.pose import CONDYLES_MM, EXTENSION_DEGREES, OPENING_DEGREES, Pose, random_pose

COARSE = {"ct_size": (64, 64, 54), "ct_spacing_mm": (4.0, 4.0, 5.0)}
HARDEST = Pose(EXTENSION_DEGREES[1], OPENING_DEGREES[1])
SKULL = [(30.0, -78.0, -33.0), (-30.0, -78.0, -33.0), (0.0, -118.0, -68.0), (0.0, 18.0, 83.0), (0.0, 90.0, 0.0)]
MANDIBLE = [(0.0, -84.0, -130.0), (24.0, -68.0, -129.0), (-24.0, -68.0, -129.0), (45.0, -22.0, -118.0)]
BOX = [(-70.0, 70.0), (-120.0, 90.0), (-205.0, 80.0)]


def distances(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points[None], axis=2)


def test_both_directions_of_a_pose_undo_each_other() -> None:
    low, high = np.array(BOX).T
    points = np.random.default_rng(1).uniform(low, high, (4000, 3))
    assert np.abs(HARDEST.unposed(HARDEST.posed(points)) - points).max() < 0.02  # mm; measured 0.004
    head = replace(random_patient(np.random.default_rng(2)), pose=HARDEST)
    points = np.array([*SKULL, *MANDIBLE, *average_head().landmarks_mm.values()])
    assert np.abs(head.average_points(head.patient_points(points)) - points).max() < 0.1  # mm


def test_an_extended_neck_turns_the_skull_by_its_angle_and_leaves_the_neck_base() -> None:
    pose = Pose(extension_degrees=30.0)
    skull = np.array(SKULL)
    moved = pose.posed(skull)
    np.testing.assert_allclose(distances(moved), distances(skull), atol=1e-6)
    before, after = skull[3] - skull[2], moved[3] - moved[2]  # nose to vertex
    turn = np.degrees(np.arctan2(after[1], after[2]) - np.arctan2(before[1], before[2]))
    assert turn == pytest.approx(30.0, abs=1e-6)  # the vertex goes back: chin up
    base = np.array([(0.0, 14.0, -212.0), (30.0, -20.0, -212.0)])
    np.testing.assert_allclose(pose.posed(base) - pose.shift_mm, base, atol=1e-9)
    jaw = np.array(MANDIBLE)
    assert np.abs(distances(np.vstack([pose.posed(jaw), moved])) - distances(np.vstack([jaw, skull]))).max() < 6.0


def test_an_open_mouth_turns_the_mandible_about_the_condyles_and_nothing_above_the_bite_or_in_the_spine() -> None:
    pose = Pose(opening_degrees=15.0)
    jaw = np.array(MANDIBLE)
    moved = pose.posed(jaw)
    np.testing.assert_allclose(distances(moved), distances(jaw), atol=1e-6)
    angles = [np.degrees(np.arctan2(CONDYLES_MM[1] - p[:, 2], CONDYLES_MM[0] - p[:, 1])) for p in (jaw, moved)]
    np.testing.assert_allclose(angles[1] - angles[0], 15.0, atol=1e-6)
    still = np.array([*SKULL, (0.0, 14.0, -140.0), (0.0, 14.0, -180.0), (0.0, -80.0, -90.0)])
    np.testing.assert_allclose(pose.posed(still), still, atol=1e-9)


def test_no_pose_folds_the_tissue() -> None:
    axes = [np.arange(low, high, 4.0) for low, high in BOX]
    shape = [len(axis) for axis in axes]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    for pose in (HARDEST, Pose(extension_degrees=EXTENSION_DEGREES[1]), Pose(opening_degrees=OPENING_DEGREES[1])):
        moved = pose.posed(points).reshape(*shape, 3)
        jacobian = np.stack([np.gradient(moved, 4.0, axis=axis) for axis in range(3)], axis=-1)
        assert np.linalg.det(jacobian).min() > 0.0


def test_poses_are_seeded_and_in_their_ranges() -> None:
    poses = [random_pose(np.random.default_rng(seed), extended=True, opened=True) for seed in range(30)]
    for pose in poses:
        assert EXTENSION_DEGREES[0] <= pose.extension_degrees <= EXTENSION_DEGREES[1]
        assert OPENING_DEGREES[0] <= pose.opening_degrees <= OPENING_DEGREES[1]
    assert random_pose(np.random.default_rng(3), extended=True, opened=False) == replace(poses[3], opening_degrees=0.0)


def test_planned_organs_and_scans_follow_the_pose() -> None:
    difficulties = (Difficulty.NECK_EXTENDED, Difficulty.MOUTH_OPEN, Difficulty.SHOULDERS)
    made = sample_patient(2, 1, "hn", difficulties=difficulties, **COARSE)
    size = np.array(made.ct.GetSize()) * np.array(made.ct.GetSpacing())
    assert size[0] > 430.0
    marks = made.head.patient_points(np.array([average_head().landmarks_mm[name] for name in ("eye_left", "chin")]))
    for name, expected in (("Eye_L", marks[0]), ("Bone_Mandible", None)):
        structure = next(each for each in made.structures if each.standard_name == name)
        assert structure.contours is not None
        middle = np.concatenate(structure.contours).mean(axis=0)
        if expected is not None:
            assert np.linalg.norm(middle - expected) < 3.0
        else:
            assert np.linalg.norm(middle - marks[1]) < 75.0  # measured 63
    made_ct = np.asarray(made.ct.GetOrigin())
    assert (marks > made_ct).all()
