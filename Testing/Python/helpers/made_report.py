"""A finished case's report with as much in it as a test cares for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deface_compare.case_report import CaseReport
from deface_compare.measurement import Measurement
from deface_compare.settings import Settings


def write_made_report(
    folder: Path,
    methods: Mapping[str, Mapping[str, Any]] | None = None,
    inputs: Sequence[str] = (),
    *,
    synthetic: bool = False,
    rows: Sequence[Measurement] = (),
) -> None:
    """Write the files of ``OUT/cases/<id>``, which is made if need be.

    Parameters
    ----------
    methods : mapping of method key to its entry
    inputs : sequence of image keys
    """
    folder.mkdir(parents=True, exist_ok=True)
    CaseReport(folder.name, synthetic, tuple(rows), methods or {}, Settings(), dict.fromkeys(inputs, "")).write(folder)
