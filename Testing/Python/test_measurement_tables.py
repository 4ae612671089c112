"""The tables that others read: the page about them, and the Parquet file beside the CSV."""

from __future__ import annotations

import builtins
import math
import subprocess
import sys
from pathlib import Path

import pytest

from deface_compare.measurement import COLUMNS, NUMBER_COLUMNS, Scope, read_measurements, write_measurements
from deface_compare.output.folder import OutputFolder
from deface_compare.output.parquet import write_parquet
from places import ROOT

SCRIPT = ROOT / "Testing" / "Tools" / "write_measurements_page.py"


def test_the_page_about_measurements_is_the_list_of_metrics() -> None:
    assert (
        subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True).stdout
        == "docs/measurements.md is the list's\n"
    )


def some_rows(folder: Path) -> list:
    scope = Scope("case-001", "quickshear", "", "background", "none")
    rows = [
        scope.row("Dmean", original=2.0, defaced=1.5, image="DOSE", structure="Brain", dose_policy="mask"),
        scope.missing("success", "no brain", image="CT"),
    ]
    write_measurements(folder / "measurements.csv", rows)
    return read_measurements(folder / "measurements.csv")


def test_the_parquet_file_holds_the_rows_of_the_csv_with_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed: pip install deface-compare[parquet]")
    rows = some_rows(tmp_path)
    assert write_parquet(tmp_path)
    table = parquet.read_table(OutputFolder(tmp_path).parquet)
    assert tuple(table.column_names) == COLUMNS
    for row, told in zip(rows, table.to_pylist(), strict=True):
        for name in COLUMNS:
            value = getattr(row, name)
            assert told[name] == (None if name in NUMBER_COLUMNS and math.isnan(value) else value)


def test_without_pyarrow_no_parquet_file_of_an_earlier_run_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    importing = builtins.__import__

    def refuse(name: str, *arguments: object, **named: object) -> object:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return importing(name, *arguments, **named)  # type: ignore[arg-type]

    (OutputFolder(tmp_path).parquet).write_text("of an earlier run")
    monkeypatch.setattr(builtins, "__import__", refuse)
    some_rows(tmp_path)
    assert not write_parquet(tmp_path)
    assert not (OutputFolder(tmp_path).parquet).exists()
