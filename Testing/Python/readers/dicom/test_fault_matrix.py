"""Sources of fault against kinds of objects: in each cell every value is right, or it is missing and a sentence says why.

A patient of all eight kinds is read whole; the facts of that reading are the truth. Then one fault is put into one kind of object
and the patient is read again. A fact that differs from the truth fails the cell: nothing may be wrong in silence.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fault_patient import reading, write_patient
from form_faults import FORM_FAULTS
from pairing_faults import PAIRING_FAULTS
from value_faults import VALUE_FAULTS

FAULTS = FORM_FAULTS | PAIRING_FAULTS | VALUE_FAULTS
CELLS = [(name, kind) for name, fault in FAULTS.items() for kind in fault.kinds]
SAID_OF_NOBODY = ("Secret", "Person", "Other^", "Jones")
"""No sentence holds a name of a patient."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """The patient with a structure set, and with a segmentation."""
    folders = {segmentation: tmp_path_factory.mktemp("whole") / "patient" for segmentation in (False, True)}
    for segmentation, folder in folders.items():
        write_patient(folder, segmentation=segmentation)
    return folders


@pytest.fixture(scope="module")
def truth(whole: dict[bool, Path]) -> dict[bool, tuple[dict[str, object], set[str]]]:
    return {segmentation: reading(folder) for segmentation, folder in whole.items()}


def test_the_whole_patient_has_all_facts(truth: dict[bool, tuple[dict[str, object], set[str]]]) -> None:
    images = {f"{what} of {key}" for what in ("voxels", "place") for key in ("CT", "MR_T1", "PET")}
    known = images | {"person", "dose", "place of the dose", "prescription", "volume of Brain"}
    assert set(truth[False][0]) == known | {"volume of PTV", "prescription of PTV"}
    assert set(truth[True][0]) == known
    assert truth[False][0]["volume of Brain"] == pytest.approx(12 * 12 * 12 / 1000)
    assert truth[False][0]["prescription of PTV"] == 60.0


@pytest.mark.parametrize(("name", "kind"), CELLS, ids=[f"{kind}: {name}" for name, kind in CELLS])
def test_every_value_is_right_or_a_sentence_says_why_not(
    name: str, kind: str, whole: dict[bool, Path], truth: dict[bool, tuple[dict[str, object], set[str]]], tmp_path: Path
) -> None:
    fault = FAULTS[name]
    folder = tmp_path / "patient"
    shutil.copytree(whole[kind == "SEG"], folder)
    fault.apply(folder, kind)
    known, said_before = truth[kind == "SEG"]
    found, said = reading(folder)
    assert all(sentence and "\n" not in sentence for sentence in said)
    assert not any(word in sentence for word in SAID_OF_NOBODY for sentence in said)
    expected = {**known, **(fault.right or {}).get(kind, {})}
    wrong = {fact: (found[fact], expected[fact]) for fact in expected if fact in found and found[fact] != expected[fact]}
    assert not wrong, said
    lost = sorted(set(expected) - set(found))
    assert not lost or (said - said_before and not fault.harmless) or kind in fault.silent, (lost, said)
