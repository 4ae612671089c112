"""A seeded slice of the mutation proof: 100 damaged files are read, and exported where that is possible.

None crashes anything, and none says other values, names or partners than the intact patient's in silence (`export_mutations`).
All 10,000: ``python Testing/Proofs/mutations.py`` (`make prove`).
"""

from __future__ import annotations

import time
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export_mutations import EXPORTED, READ, REFUSED, MutationTarget
from mutated_dicom import KINDS
from plain_reading import Said, differences

MUTATIONS, EXPORT_EVERY = 100, 20
"""Each is read; the export, which costs ten times as much, is tried with each twentieth."""
SLOWEST_S = 10.0
FOUND = (342, 530, 581, 642, 3666, 3907, 4222, 4285, 4531, 5011)
"""What the long proof found beyond them: tracebacks, and elements of no known kind, for which GDCM reserved up to 4.7 GB."""
FOUND_USABLE = (2131, 2186, 3013, 4439, 4860, 5061, 6641, 8511)
"""The same, of what nothing rests on: a thickness that is no number, a contour of an outer contour that lost its points, a
registration into a frame that nobody has, a slice of PET whose pixels are of another kind."""


def test_damaged_files_are_refused_in_one_sentence_or_used_but_never_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = MutationTarget(tmp_path, monkeypatch)
    outcomes = []
    for seed in (*range(MUTATIONS), *FOUND, *FOUND_USABLE):
        begin = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of each odd value
            outcomes.append(target.try_one(seed, export=seed % EXPORT_EVERY == 0))
        assert time.process_time() - begin < SLOWEST_S, outcomes[-1]
    assert [outcome.fault for outcome in outcomes if outcome.fault] == []
    found = outcomes[MUTATIONS : MUTATIONS + len(FOUND)]
    assert all("export it again" in outcome.told for outcome in found)
    assert {outcome.what for outcome in found if outcome.file.startswith("CT_")} == {REFUSED}  # structures lie on the CT
    assert REFUSED not in {outcome.what for outcome in outcomes[-len(FOUND_USABLE) :]}
    counts = Counter(outcome.what for outcome in outcomes)
    assert counts[REFUSED] > 30  # of 118; the long proof refuses 54 %
    assert counts[READ] + counts[EXPORTED] > 20
    assert counts[EXPORTED] >= 1
    assert {outcome.kind for outcome in outcomes} == {kind.__name__.strip("_") for kind in KINDS}
    assert not any(str(tmp_path) in outcome.told for outcome in outcomes)


def test_what_is_other_in_silence_is_found() -> None:
    ramp = np.arange(24.0).reshape(2, 3, 4)
    intact = Said({"CT": list(ramp)}, ramp, {"Brain": 1400.0}, {"CT": "HU"}, {"dose": (0.0, 1.0)}, {"structures": ("rs.dcm",)})
    assert differences(intact, intact, Said()) == []
    other = replace(intact, slices={"CT": list(ramp[::-1])}, dose=2 * ramp, volumes_cc={"Parotid": 14.9}, units={"CT": "a.u."})
    other = replace(other, places={"dose": (0.0, 2.0)}, partners={"structures": ("other.dcm",)})
    names = ["units of CT", "places of dose", "partners of structures", "values of CT", "the dose"]
    assert differences(other, intact, Said()) == [*names, "structure Brain: None cc", "structure Parotid: 14.9 cc"]
    one = replace(intact, slices={"CT": [ramp[0], 3 * ramp[1]]})  # what the damaged file itself states
    assert differences(one, intact, Said({"CT": [3 * ramp[1]]})) == []
    assert differences(replace(intact, slices={}), intact, Said()) == ["image CT is gone"]
