"""The public names: they are there, the page tells of each, and the README's and the notebook's lines run."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import deface_compare as dc
from deface_compare.case_report import CaseReport
from deface_compare.cohort.results import VALUES
from deface_compare.compare import compare_case
from deface_compare.defacers import REGISTRY, methods_of
from deface_compare.errors import UnusableInput
from deface_compare.settings import DEFAULT_METHODS, Settings
from made_study import make_out
from places import MODULE, ROOT

PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOTEBOOK = json.loads((ROOT / "docs" / "quickstart.ipynb").read_text(encoding="utf-8"))


def run(lines: str, folder: Path) -> str:
    """Run a script in a process of its own; what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(MODULE), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", lines], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_public_name_is_there_and_knows_what_it_is() -> None:
    for name in dc.__all__:
        assert inspect.getdoc(getattr(dc, name)), name
    assert set(dc.__all__) <= set(dir(dc))
    with pytest.raises(AttributeError, match="no attribute 'defacer'"):
        dc.defacer  # noqa: B018


def test_the_page_lists_the_public_names_and_the_parameters_that_they_take() -> None:
    rows = re.findall(r"^\| `(\w+)(?:\(([^)]*)\))?` \|", PAGE, re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(dc.__all__)
    told = {
        name: [part.split("=")[0].strip() for part in given.split(",") if part.strip() not in ("", "*")] for name, given in rows
    }
    functions = {name: getattr(dc, name) for name in dc.__all__ if inspect.isfunction(getattr(dc, name))}
    assert {name: told[name] for name in functions} == {n: list(inspect.signature(f).parameters) for n, f in functions.items()}


def test_importing_the_package_loads_nothing_heavy_and_finds_no_slicer() -> None:
    heavy = ("numpy", "SimpleITK", "vtkmodules", "pandas", "pydicom", "slicer", "qt", "ctk", "DefaceCompareLib")
    lines = f"import sys, deface_compare as dc; dc.Settings; print([name for name in {heavy!r} if name in sys.modules])"
    assert run(lines, ROOT).strip() == "[]"


@pytest.mark.example
def test_the_ten_lines_of_the_readme_run(tmp_path: Path) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len([line for line in lines.splitlines() if line.strip()]) <= 10
    printed = run(lines, tmp_path)
    assert {"quickshear", "surface_blur"} <= set(printed.split())
    assert re.search(r"case-001\s+[\d.]+", printed)
    assert (tmp_path / "OUT" / "report.html").is_file()


@pytest.mark.example
def test_the_cells_of_the_quickstart_run_one_after_the_other(tmp_path: Path) -> None:
    cells = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    assert len(cells) == 10
    assert all(cell["outputs"] or cell["execution_count"] for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code")
    last, printing = cells[-1].rsplit("\n", 1)
    printed = run("\n".join([*cells[:-1], last, f"print({printing})"]), tmp_path)
    assert "measured with several values of dose_policy; choose one of 'follow', 'keep', 'mask'" in printed
    assert printed.splitlines()[-10].split() == ["method", "quickshear", "surface_blur"]
    assert min(float(line.split()[1]) for line in printed.splitlines()[-8:]) < 0.0


def test_methods_are_taken_by_key_once_with_the_variant_of_the_settings() -> None:
    chosen = methods_of(["quickshear", REGISTRY[3], "quickshear"], {"quickshear": "nipy"})
    assert [(method.key, method.variant) for method in chosen] == [("quickshear", "nipy"), ("surface_blur", "")]
    assert [method.key for method in methods_of("eye_line", {})] == ["eye_line"]
    with pytest.raises(UnusableInput, match=r"there is no method 'quick'; did you mean quickshear\?"):
        methods_of(["quick"], {})
    assert inspect.signature(compare_case).parameters["methods"].default == DEFAULT_METHODS


def test_a_report_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    settings = Settings(fill="zero", variants={"quickshear": "nipy"})
    methods = {"quickshear": {"title": "T"}}
    report = CaseReport("case-001", True, (), methods, settings, {"CT": "abc"}, {"quickshear": 1.5}, ("a note",))
    report.write(tmp_path)
    assert CaseReport.read(tmp_path) == report
    assert list(report.table.columns)[:4] == ["cohort", "case", "synthetic", "method"]
    (tmp_path / "case_report.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UnusableInput, match=r"is damaged \(no case\); compare the case again"):
        CaseReport.read(tmp_path)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A made study, pooled and opened again."""
    out = make_out(tmp_path_factory.mktemp("results"), cases=3, fails=True)
    dc.pool([out], out)
    return SimpleNamespace(out=out, opened=dc.load(out))


def test_a_finished_output_opens_as_tables(results: SimpleNamespace) -> None:
    table = results.opened.measurements
    lines = (results.out / "measurements.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) == len(lines) - 1
    assert ",".join([*table.columns[:-1], "note_code"]) == lines[0]
    assert table.columns[-1] == "note"
    assert table["defaced"].dtype == float
    assert set(results.opened.summary["cohort"]) == {"cohort"}
    with pytest.raises(UnusableInput, match="holds no finished comparison"):
        dc.load(results.out / "cases")


def test_a_change_is_one_row_a_case_and_a_missing_number_says_why(results: SimpleNamespace) -> None:
    failed = next(row for row in results.opened.rows if row.status == "failed" and row.metric == "success")
    found = results.opened.change("", "success", method=failed.method, image=failed.image)
    assert tuple(found.columns) == VALUES
    assert list(found.index) == ["case-001", "case-002", "case-003"]
    assert found.loc[failed.case, ["status", "note"]].tolist() == ["failed", "the registration found no face"]
    assert np.isnan(found.loc[failed.case, "value"])
    assert found.loc["case-001", ["status", "engine", "unit"]].tolist() == ["ok", "builtin", ""]


def test_numbers_of_different_policies_fills_or_engines_are_never_put_together(results: SimpleNamespace) -> None:
    row = next(row for row in results.opened.rows if row.domain == "dose" and row.status == "ok")
    with pytest.raises(UnusableInput, match="with several values of method; choose one of 'average_face'"):
        results.opened.change(row.structure, row.metric)
    with pytest.raises(UnusableInput, match="with several values of dose_policy; choose one of"):
        results.opened.change(row.structure, row.metric, method=row.method)
    with pytest.raises(UnusableInput, match="with fill 'zero'; choose one of 'background'"):
        results.opened.change(row.structure, row.metric, method=row.method, fill="zero")
    with pytest.raises(UnusableInput, match=f"close to it: .*{row.structure}"):
        results.opened.change(row.structure[:-1], row.metric)


def test_faces_are_paths_of_pictures_and_their_absence_is_said(results: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="has no pictures of case-009 after quickshear"):
        results.opened.faces("case-009", "quickshear")
    renders = results.opened.folder.renders("case-001")
    renders.mkdir(parents=True, exist_ok=True)
    for name in ("CT_original.png", "CT_quickshear.png", "PET_original.png"):
        (renders / name).write_bytes(b"")
    assert {key: pair.defaced.name for key, pair in results.opened.faces("case-001", "quickshear").items()} == {
        "CT": "CT_quickshear.png"
    }
