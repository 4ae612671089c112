"""When an export may say that recognisable features are gone: a made-up cohort of face prints, each condition broken once."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deface_compare.cohort.review import DECISION_COLUMNS
from deface_compare.export.privacy_check import FEWEST_OTHERS, PASSED, privacy_check
from deface_compare.measurement import Measurement, Scope
from deface_compare.privacy.face_prints import ORIGINAL, RERENDERED, FacePrint, FacePrints, load_face_prints, save_face_prints
from deface_compare.privacy.rows import NO_BORDER
from made_report import write_made_report

CASE, METHOD, IMAGE, LENGTH, VIEWS = "case-001", "quickshear", "CT", 128, 3
SCOPE = Scope(CASE, METHOD, "mm", "background", "none")


def unit(random: np.random.Generator) -> np.ndarray:
    vector = random.normal(size=LENGTH)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def face_print(frontal: np.ndarray, rebuilt: np.ndarray | None = None) -> FacePrint:
    views = np.repeat(frontal[None], VIEWS, axis=0)
    nothing = np.full(LENGTH, np.nan, np.float32)
    found = np.ones(VIEWS, bool)
    no_levels = np.empty((0, LENGTH), np.float32)
    return FacePrint(*[views] * 4, found, no_levels, no_levels, nothing if rebuilt is None else rebuilt)


def cohort(
    out: Path, *, heads: int = FEWEST_OTHERS + 1, linked: str = "", synthetic: tuple[int, ...] = (), persons: int = 0
) -> None:
    """Originals that differ, re-renderings like them, one defaced face that is like nobody unless `linked` says how it is."""
    random = np.random.default_rng(11)
    (out / "identifiable" / "face_prints").mkdir(parents=True)
    with (out / "identifiable" / "key.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(("case", "person", "source"))
        for number in range(1, heads + 1):
            table.writerow((f"case-{number:03d}", f"person {min(number, persons or heads)}", ""))
    for number in range(1, heads + 1):
        name, original = f"case-{number:03d}", unit(random)
        folder = out / "cases" / name
        folder.mkdir(parents=True)
        write_made_report(folder, synthetic=number in synthetic)
        again = original + 0.2 * unit(random)
        prints = {(IMAGE, ORIGINAL): face_print(original), (IMAGE, RERENDERED): face_print(again / np.linalg.norm(again))}
        if linked == "controls fail":
            prints[IMAGE, RERENDERED] = face_print(unit(random))
        if name == CASE:
            own = original if linked == "own" else unit(random)
            prints[IMAGE, METHOD] = face_print(own, original if linked == "rebuilt" else unit(random))
        save_face_prints(out / "identifiable" / "face_prints" / f"{name}.npz", FacePrints("model", "0", prints, {IMAGE: "full"}))


def rows(*, success: float = 1.0) -> list[Measurement]:
    own, rebuilt = "cosine_similarity_own", "cosine_similarity_reconstructed"
    return [
        SCOPE.row("success", defaced=success, image=IMAGE),
        SCOPE.row(own, defaced=0.1, image=IMAGE),
        SCOPE.row(rebuilt, defaced=0.1, image=IMAGE),
        SCOPE.missing("cosine_similarity_border", NO_BORDER, image=IMAGE),
    ]


def check(out: Path, measured: list[Measurement] | None = None, *, synthetic: bool = False) -> str:
    return privacy_check(out, CASE, METHOD, IMAGE, measured or rows(), synthetic)


def review(out: Path, answer: str) -> None:
    with (out / "identifiable" / "review.csv").open("w", newline="") as stream:
        table = csv.DictWriter(stream, DECISION_COLUMNS)
        table.writeheader()
        table.writerow(
            dict.fromkeys(DECISION_COLUMNS, "") | {"case": CASE, "method": METHOD, "face_gone": answer, "data_whole": "pass"}
        )


def test_a_face_that_is_like_nobody_among_twenty_others_passes(tmp_path: Path) -> None:
    cohort(tmp_path)
    assert check(tmp_path) == PASSED


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"linked": "own"}, r"cosine_similarity_own 1\.00 is above 0\.\d\d, the 95th percentile of other heads"),
        ({"linked": "rebuilt"}, r"cosine_similarity_reconstructed 1\.00 is above"),
        ({"linked": "controls fail"}, r"not assessed: no AUC shown: the re-rendered control is"),
        ({"heads": FEWEST_OTHERS}, "not assessed: needs 20 other real heads with this image, here are 19"),
        ({"synthetic": (7,)}, "not assessed: needs 20 other real heads with this image, here are 19"),
        ({"persons": 15}, "not assessed: needs 20 other real heads with this image, here are 14"),
    ],
)
def test_each_condition_of_the_cohort_counts(tmp_path: Path, made: dict[str, object], why: str) -> None:
    cohort(tmp_path, **made)  # type: ignore[arg-type]
    assert re.match(why, check(tmp_path)), check(tmp_path)


def further_model(out: Path, name: str, *, linked: bool, heads: int) -> None:
    """The prints again as by a second face model, the first `heads` of them; by it the defaced face may be its owner's."""
    folder = out / "identifiable" / "face_prints"
    (folder / name).mkdir()
    for path in sorted(folder.glob("*.npz"))[:heads]:
        prints = dict(load_face_prints(path).prints)
        if linked and path.stem == CASE:
            prints[IMAGE, METHOD] = face_print(prints[IMAGE, ORIGINAL].own[0])
        save_face_prints(folder / name / path.name, FacePrints(name, "1", prints, {IMAGE: "full"}))


def test_every_face_model_must_let_a_face_pass(tmp_path: Path) -> None:
    cohort(tmp_path / "both")
    further_model(tmp_path / "both", "second", linked=False, heads=FEWEST_OTHERS + 1)
    assert check(tmp_path / "both") == PASSED
    cohort(tmp_path / "linked")
    further_model(tmp_path / "linked", "second", linked=True, heads=FEWEST_OTHERS + 1)
    assert check(tmp_path / "linked").startswith("second: cosine_similarity_own 1.00 is above")
    cohort(tmp_path / "few")
    further_model(tmp_path / "few", "second", linked=False, heads=5)
    assert check(tmp_path / "few") == "second: not assessed: needs 20 other real heads with this image, here are 4"


def test_each_condition_of_the_case_counts(tmp_path: Path) -> None:
    cohort(tmp_path)
    assert check(tmp_path, rows(success=0.0)) == "the quality gate is not passed"
    assert check(tmp_path, synthetic=True) == "not assessed: a synthetic head says nothing about a method"
    unmeasured = [*rows()[:2], replace(rows()[2], status="not available", note="the overlay failed")]
    assert check(tmp_path, unmeasured) == "not assessed: cosine_similarity_reconstructed was not measured (the overlay failed)"
    faceless = [
        replace(row, status="not available", note="no face detected") if "cosine" in row.metric else row for row in rows()
    ]
    assert check(tmp_path, faceless) == PASSED
    review(tmp_path, "pass")
    assert check(tmp_path) == PASSED
    review(tmp_path, "fail")
    assert check(tmp_path) == "a reviewer said fail (face gone)"
    told_first = [check(tmp_path, rows(success=0.0)), check(tmp_path, synthetic=True)]
    assert told_first == ["a reviewer said fail (face gone)"] * 2  # no other reason hides what a person saw
    (tmp_path / "identifiable" / "review.csv").write_text("spoilt\n")
    assert check(tmp_path) == "not assessed: a file of face prints or reviews is damaged"
