"""A seeded slice of the mutation proof: 200 damaged files are read, and exported where that is possible; none crashes anything.

All 10,000: ``python Testing/Proofs/mutations.py`` (`make prove`).
"""

from __future__ import annotations

import time
import warnings
from collections import Counter
from pathlib import Path

import pytest

from export_mutations import EXPORTED, READ, REFUSED, MutationTarget
from mutated_dicom import KINDS

pytestmark = pytest.mark.xdist_group("export")

MUTATIONS, EXPORT_EVERY = 200, 20
"""Each is read; the export, which costs ten times as much, is tried with each twentieth."""
SLOWEST_S = 10.0
FOUND = (342, 530, 581, 642, 3666, 3907, 4222, 4285, 4531)
"""What the long proof found beyond them: tracebacks, and elements of no known kind, for which GDCM reserved up to 4.7 GB."""


def test_damaged_files_are_refused_in_one_sentence_or_used_but_never_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = MutationTarget(tmp_path, monkeypatch)
    outcomes = []
    for seed in (*range(MUTATIONS), *FOUND):
        begin = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of each odd value
            outcomes.append(target.try_one(seed, export=seed % EXPORT_EVERY == 0))
        assert time.process_time() - begin < SLOWEST_S, outcomes[-1]
    assert [outcome.fault for outcome in outcomes if outcome.fault] == []
    assert {outcome.what for outcome in outcomes[MUTATIONS:]} == {REFUSED}
    counts = Counter(outcome.what for outcome in outcomes)
    assert counts[REFUSED] > 60  # measured 115
    assert counts[READ] + counts[EXPORTED] > 40
    assert counts[EXPORTED] >= 1
    assert {outcome.kind for outcome in outcomes} == {kind.__name__.strip("_") for kind in KINDS}
    assert not any(str(tmp_path) in outcome.told for outcome in outcomes)
