"""SlicerRT's rows for a whole output folder, after the command line has filled it (batch in Slicer)."""

from __future__ import annotations

import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from deface_compare.errors import DefaceCompareError
from deface_compare.measurement import OK, Measurement
from deface_compare.measurement_table import read_measurements, write_measurements
from deface_compare.output.finished_case import read_again
from deface_compare.output.folder import OutputFolder
from deface_compare.progress import Cancelled, Progress, report_step, silent

from .dvh import ENGINE
from .rows import FILE_NAME, add_slicerrt_rows, without_numbers

NOT_MEASURED = "SlicerRT: the case could not be measured again; the run's messages say why"
"""Stands in rows; the reason itself may name files and so persons, and is printed only."""


def add_slicerrt_rows_to_output(
    out: Path, scene: Any, logic: Any | None = None, progress: Progress = silent
) -> list[Measurement]:
    """Measure every finished case of an output folder with SlicerRT, and pool the rows beside ``measurements.csv``.

    A case that has its rows keeps them (a case that is compared again loses them with its folder). A case that cannot be measured
    gets rows that say so, and never stops the others.

    Parameters
    ----------
    out : Path
        What ``deface-compare case`` or ``study`` wrote.
    scene : vtkMRMLScene
    logic : vtkSlicerDoseVolumeHistogramModuleLogic, optional
        SlicerRT's own if not given.
    progress : callable
        One step a case; False raises `Cancelled`.

    Returns
    -------
    list of Measurement
        The rows of ``OUT/measurements_slicerrt.csv``, in the order of the cases.

    Raises
    ------
    Cancelled
        If `progress` answers False.
    """
    folders = OutputFolder(out).finished_cases()
    rows: list[Measurement] = []
    for number, folder in enumerate(folders):
        report_step(progress, number, len(folders), f"{folder.name}: SlicerRT's DVH")
        if not (folder / FILE_NAME).is_file():
            _measure(out, folder, scene, logic)
        rows += read_measurements(folder / FILE_NAME)
    write_measurements(out / FILE_NAME, rows)
    return rows


def _measure(out: Path, folder: Path, scene: Any, logic: Any | None) -> None:
    try:
        made = add_slicerrt_rows(out, read_again(out, folder.name), scene, logic=logic)
    except Cancelled:
        raise
    except DefaceCompareError as error:
        print(f"deface-compare: {folder.name}: SlicerRT: {error}", file=sys.stderr)
        made = []
    except Exception:
        # one broken case must not cost a night's cohort
        traceback.print_exc()
        made = []
    if not made:
        write_measurements(folder / FILE_NAME, _not_measured(folder))


def _not_measured(folder: Path) -> list[Measurement]:
    """The built-in dose rows without numbers; a row that had none keeps its reason (no dose, no structures)."""
    return [
        without_numbers(row, NOT_MEASURED) if row.status == OK else replace(row, engine=ENGINE)
        for row in read_measurements(folder / "measurements.csv")
        if row.domain == "dose"
    ]
