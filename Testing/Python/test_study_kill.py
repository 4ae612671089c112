"""A fiftieth of `make prove-kills`: a study killed at a random moment and resumed has the bytes of an undisturbed one."""

from __future__ import annotations

from pathlib import Path

import pytest

import kills
from coarse_patients import make_doses
from DefaceCompareLib import cli

OPTIONS = ("--methods", "quickshear", "--face-model", "none")
SEED = 6
"""Kills a run with one job after its fifth line, when it has finished one of four cases."""


def test_a_killed_study_ends_with_the_bytes_of_an_undisturbed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patients = make_doses(tmp_path / "patients", 4)
    assert cli.main(["study", str(patients), "--out", str(tmp_path / "clean"), *OPTIONS]) == 0
    monkeypatch.setattr(kills, "LONGEST_WAIT_S", 0.0)
    assert kills.kill_often(patients, tmp_path / "clean", tmp_path / "trial", kills=1, seed=SEED, options=OPTIONS) == 1
