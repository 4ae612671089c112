"""One case's percentile among a study's originals is its probe's share of the study's AUC."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from deface_compare.cohort.reidentification.percentile import percentiles
from deface_compare.privacy.face_prints import load_face_prints
from made_study import METHODS, make_out


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Face prints of nine synthetic persons."""
    return make_out(tmp_path_factory.mktemp("percentile") / "study", 9, images=("CT",))


def alone(study: Path, out: Path, case: str) -> Path:
    """One case of the study as an output of its own."""
    (out / "identifiable" / "face_prints").mkdir(parents=True)
    shutil.copy(study / "identifiable" / "face_prints" / f"{case}.npz", out / "identifiable" / "face_prints" / "case-001.npz")
    with (out / "identifiable" / "key.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("case", "person", "source"), ("case-001", f"P{int(case[-3:])}", "")])
    return out


def by_hand(study: Path, case: str, method: str) -> float:
    """Percent of the other persons whose original is less similar than the own one, counted one by one."""
    prints = {file.stem: load_face_prints(file).prints for file in sorted((study / "identifiable" / "face_prints").glob("*.npz"))}
    probe = prints[case]["CT", method].own.astype(float)
    seen = np.isfinite(probe[:, 0])
    if not seen.any():
        return 50.0  # no face found: the attacker guesses
    likeness = {
        name: float((probe[seen] * faces["CT", "original"].own[seen]).sum(axis=1).mean()) for name, faces in prints.items()
    }
    return 100.0 * np.mean([likeness[case] > value for name, value in likeness.items() if name != case])


@pytest.mark.parametrize("case", ["case-002", "case-007"])
def test_the_percentile_counts_the_other_persons_and_leaves_out_the_own(study: Path, tmp_path: Path, case: str) -> None:
    found = percentiles(alone(study, tmp_path / "out", case), study, "case-001", "CT")
    assert set(found) == set(METHODS)
    assert {each.heads for each in found.values()} == {8}
    for method, each in found.items():
        assert each.percent == pytest.approx(by_hand(study, case, method), abs=1e-9)


def test_without_face_prints_or_with_few_heads_there_is_none(study: Path, tmp_path: Path) -> None:
    out = alone(study, tmp_path / "out", "case-001")
    few = make_out(tmp_path / "few", 4, images=("CT",))
    assert percentiles(out, few, "case-001", "CT") == {}
    assert percentiles(out, tmp_path / "nowhere", "case-001", "CT") == {}
    assert percentiles(tmp_path / "nothing", study, "case-001", "CT") == {}
    assert percentiles(out, study, "case-001", "MR_T1") == {}
