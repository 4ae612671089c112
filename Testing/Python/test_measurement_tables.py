"""The tables that others read: the page about them, and the Parquet file beside the CSV."""

from __future__ import annotations

import builtins
import csv
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deface_compare import load, table_cells
from deface_compare.case_report import refuse_later_format
from deface_compare.errors import UnusableInput
from deface_compare.measurement import FAILED, Measurement, Scope
from deface_compare.measurement_table import FILE_COLUMNS, NUMBER_COLUMNS, read_measurements, write_measurements
from deface_compare.output.folder import OutputFolder
from deface_compare.output.parquet import write_parquet
from deface_compare.words import SYNTHETIC_WARNING
from places import ROOT

SCRIPT = ROOT / "Testing" / "Tools" / "write_measurements_page.py"


def test_the_page_about_measurements_is_the_list_of_metrics() -> None:
    assert (
        subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True).stdout
        == "docs/measurements.md is the list's\n"
    )


NOTE = "cut; off"


def some_rows() -> list[Measurement]:
    scope = Scope("case-001", "quickshear", "", "background", "none", synthetic=True)
    return [
        scope.row("Dmean", original=2.0, defaced=1.5, change_percent=-25.0, image="DOSE", structure="Brain", dose_policy="mask"),
        scope.row(
            "intact_volume", original=8.0, defaced=6.0, change_percent=-25.0, image="CT", structure="Brain", note="cut; off"
        ),
        scope.row("done_as_intended", defaced=1.0, image="CT", note=NOTE),
        scope.missing("success", "no brain", image="CT", status=FAILED),
    ]


def written(folder: Path, rows: Sequence[Measurement]) -> list[dict[str, str]]:
    write_measurements(folder / "measurements.csv", rows)
    with (folder / "measurements.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def same(one: Sequence[Measurement], other: Sequence[Measurement]) -> bool:
    """NaN equals NaN."""
    return [*map(repr, one)] == [*map(repr, other)]


def test_each_number_stands_in_the_one_column_that_names_it(tmp_path: Path) -> None:
    dose, volume, gate, missing = written(tmp_path, some_rows())
    numbers = ("value", "original", "defaced", "change", "change_percent", "change_percent_of_prescription")
    assert [dose[name] for name in numbers] == ["", "2", "1.5", "-0.5", "", "-25"]
    assert [volume[name] for name in numbers] == ["", "8", "6", "-2", "-25", ""]
    assert [gate[name] for name in numbers] == ["1", "", "", "", "", ""]
    assert [missing[name] for name in numbers] == [""] * 6
    assert {(row["synthetic"], row["cohort"]) for row in (dose, volume, gate, missing)} == {("true", "cohort")}


def test_a_note_stands_once_in_notes_csv_and_rows_have_its_code(tmp_path: Path) -> None:
    rows = written(tmp_path, some_rows())
    with (tmp_path / "notes.csv").open(newline="", encoding="utf-8") as stream:
        notes = {row["note_code"]: row["note"] for row in csv.DictReader(stream)}
    assert list(notes.values()) == ["cut; off", "no brain"]
    assert [notes.get(row["note_code"], "") for row in rows] == ["", "cut; off", "cut; off", "no brain"]
    other = written(tmp_path, some_rows()[3:])  # a code is made of the words: the same in every table
    assert other[0]["note_code"] == rows[3]["note_code"]


def test_two_notes_of_the_same_first_digits_get_codes_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_cells, "CODE_DIGITS", 1)
    codes = table_cells.NoteCodes()
    found = [codes.code(f"note {number}") for number in range(40)]  # more than there are single digits
    assert len(set(found)) == 40
    assert found == [codes.code(f"note {number}") for number in range(40)]


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    written(tmp_path, some_rows())
    assert same(read_measurements(tmp_path / "measurements.csv"), some_rows())


def test_a_number_has_the_decimals_of_its_unit_and_loses_less_than_half_of_the_last(tmp_path: Path) -> None:
    scope = Scope("case-001", "quickshear", "", "background", "none")
    third = 1.0 / 3.0
    units = {"Dmean": "Gy", "median": "HU", "intact_volume": "cc", "face_surface_distance": "mm", "cosine_similarity_own": ""}
    rows = written(tmp_path, [scope.row(metric, original=0.0, defaced=100.0 * third) for metric in units])
    told = [row["value"] or row["defaced"] for row in rows]
    assert told == ["33.3333", "33.333", "33.3333", "33.333", "33.333333"]
    in_own_scale = scope.row("mean", original=0.0, defaced=1e6 * third, unit="a.u.")
    assert written(tmp_path, [in_own_scale])[0]["defaced"] == "333333.3"
    assert written(tmp_path, [scope.row("Dmean", original=-1e-9, defaced=math.nan)])[0]["original"] == "0"


def test_what_was_read_is_written_in_the_same_bytes(tmp_path: Path) -> None:
    scope = Scope("case-001", "quickshear", "", "background", "none")
    rng = np.random.default_rng(18)
    rows = [scope.row("Dmean", original=a, defaced=b) for a, b in rng.uniform(0.0, 70.0, (200, 2))]
    write_measurements(tmp_path / "measurements.csv", rows)
    once = (tmp_path / "measurements.csv").read_bytes()
    write_measurements(tmp_path / "measurements.csv", read_measurements(tmp_path / "measurements.csv"))
    assert (tmp_path / "measurements.csv").read_bytes() == once


FIRST_VERSION = (
    "case,method,variant,fill,protect,dose_policy,image,domain,structure,metric,unit,"
    "original,defaced,change,change_percent,engine,status,note\n"
    f"case-001,quickshear,,background,none,mask,DOSE,dose,Brain,Dmean,Gy,2.0,1.5,-0.5,-25.0,builtin,ok,{SYNTHETIC_WARNING}\n"
    "case-001,quickshear,,background,none,,CT,volume,Brain,intact_volume,cc,8.0,6.0,-2.0,-25.0,builtin,ok,"
    f"{SYNTHETIC_WARNING}; {NOTE}\n"
    f"case-001,quickshear,,background,none,,CT,quality,,done_as_intended,,,1.0,,,builtin,ok,{SYNTHETIC_WARNING}; {NOTE}\n"
    f"case-001,quickshear,,background,none,,CT,quality,,success,,,,,,builtin,failed,{SYNTHETIC_WARNING}; no brain\n"
)
"""What 0.5 wrote of `some_rows`."""


def test_tables_of_the_first_version_are_read_as_if_they_were_written_anew(tmp_path: Path) -> None:
    (tmp_path / "measurements.csv").write_text(FIRST_VERSION)
    assert same(read_measurements(tmp_path / "measurements.csv"), some_rows())
    results = load(tmp_path)
    assert results.change("Brain", "Dmean")["change_percent_of_prescription"].tolist() == [-25.0]


def test_a_table_with_the_notes_of_another_run_is_refused_in_one_sentence(tmp_path: Path) -> None:
    written(tmp_path, some_rows())
    (tmp_path / "notes.csv").write_text("note_code,note\n")
    with pytest.raises(UnusableInput, match=r"notes.csv is not of measurements.csv \(no note \w+\); take both from one run"):
        read_measurements(tmp_path / "measurements.csv")


def test_a_table_that_came_without_its_notes_keeps_its_numbers_and_says_where_the_words_are(tmp_path: Path) -> None:
    written(tmp_path, some_rows())
    (tmp_path / "notes.csv").unlink()
    rows = read_measurements(tmp_path / "measurements.csv")
    assert same([replace(row, note="") for row in rows], [replace(row, note="") for row in some_rows()])
    assert [bool(row.note) for row in rows] == [False, True, True, True]
    assert "its words stand in the notes.csv that did not come with this table" in rows[1].note


def test_another_table_and_a_later_version_are_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "measurements.csv").write_text("patient,dose\n1,2\n")
    with pytest.raises(UnusableInput, match=r"no table of measurements of this version or an earlier one \(no column case\)"):
        read_measurements(tmp_path / "measurements.csv")
    with pytest.raises(UnusableInput, match="is of tables of format 99, this version reads up to 2; update deface-compare"):
        refuse_later_format(tmp_path / "study.json", {"table_format": 99})


def test_a_table_that_leaves_its_folder_has_its_notes_in_words(tmp_path: Path) -> None:
    write_measurements(tmp_path / "saved.csv", some_rows(), notes_beside_it=False)
    assert [path.name for path in tmp_path.iterdir()] == ["saved.csv"]
    assert same(read_measurements(tmp_path / "saved.csv"), some_rows())


def test_the_parquet_file_holds_the_rows_of_the_csv_with_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed: pip install deface-compare[parquet]")
    rows = written(tmp_path, some_rows())
    assert write_parquet(tmp_path)
    table = parquet.read_table(OutputFolder(tmp_path).parquet)
    assert tuple(table.column_names) == FILE_COLUMNS
    assert table.schema.metadata == {b"table_format": b"2"}
    for row, told in zip(rows, table.to_pylist(), strict=True):
        for name in FILE_COLUMNS:
            text = row[name]
            value = (float(text) if text else None) if name in NUMBER_COLUMNS else text == "true" if name == "synthetic" else text
            assert told[name] == value


def test_without_pyarrow_no_parquet_file_of_an_earlier_run_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    importing = builtins.__import__

    def refuse(name: str, *arguments: object, **named: object) -> object:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return importing(name, *arguments, **named)  # type: ignore[arg-type]

    (OutputFolder(tmp_path).parquet).write_text("of an earlier run")
    monkeypatch.setattr(builtins, "__import__", refuse)
    written(tmp_path, some_rows())
    assert not write_parquet(tmp_path)
    assert not (OutputFolder(tmp_path).parquet).exists()
