"""Studies and workers that are killed: nothing is lost, and what kills is named.

A killed study is a fiftieth of `make prove-kills`; workers are killed there only (each new one costs seconds).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import SimpleITK as sitk

import kills
from coarse_patients import make_coarse_patients, make_doses
from deface_compare.cli import main as cli

OPTIONS = ("--methods", "quickshear", "--face-model", "none")
SEED = 6
"""Kills a run with one job after its fifth line, when it has finished one of four cases."""


def test_a_killed_study_ends_with_the_bytes_of_an_undisturbed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patients = make_doses(tmp_path / "patients", 4)
    assert cli.main(["study", str(patients), "--out", str(tmp_path / "clean"), *OPTIONS]) == 0
    monkeypatch.setattr(kills, "LONGEST_WAIT_S", 0.0)
    assert kills.kill_often(patients, tmp_path / "clean", tmp_path / "trial", kills=1, seed=SEED, options=OPTIONS) == 1


KILLER = """import os, re, signal, sys
sizes = re.search(rb"sizes: (\\d+) (\\d+) (\\d+)", open(sys.argv[1], "rb").read(2000)).groups()
if int(sizes[2]) == {slices}:
    with open({deaths!r}, "a") as counter:
        counter.write("x")
    os.kill(os.getppid(), signal.SIGKILL)
sys.exit(7)
"""
"""A tool that kills the worker that started it, on the one image of so many slices; on others it fails as a tool may."""


@pytest.mark.skipif(os.environ.get("DEFACE_COMPARE_PROVE") != "1", reason="four workers killed: make prove-kills")
def test_a_case_that_kills_every_worker_it_meets_is_listed_and_the_others_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patients = make_coarse_patients(tmp_path / "patients", 3)
    path = patients / "patient-002" / "MR_T1.nrrd"
    image = sitk.ReadImage(str(path))[:, :, 1:]
    sitk.WriteImage(image, str(path), True)
    deaths = tmp_path / "deaths"
    tool = tmp_path / "tool.py"
    tool.write_text(KILLER.format(slices=image.GetSize()[2], deaths=str(deaths)), encoding="utf-8")
    table = tmp_path / "tool.toml"
    lines = [
        "[killer]",
        f"command = [{sys.executable!r}, {str(tool)!r}, '{{input}}']",
        "input = '{key}.nrrd'",
        "output = '{stem}.nrrd'",
    ]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = tmp_path / "out"
    options = ("--methods", "quickshear", "--external-command", str(table), "--face-model", "none", "--jobs", "2")
    assert cli.main(["study", str(patients), "--out", str(out), *options]) == 3
    assert "patient-002: unreadable: its worker died 4 times" in capsys.readouterr().out.replace("case-002", "patient-002")
    assert deaths.read_text(encoding="utf-8") == "xxxx"
    assert sorted(path.name for path in (out / "cases").iterdir()) == ["case-001", "case-003"]
