"""The module file itself in the stand-in host: its self-test, its sample data, and what importing it costs."""

from __future__ import annotations

import struct
import subprocess
import sys
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from panel_host import ROOT, require_host

host = require_host()

import slicer  # noqa: E402

import sample_data_stand_in  # noqa: E402
from deface_compare.sample.patient import sample_patient  # noqa: E402

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("slicer_numbers")]


@pytest.fixture(scope="module")
def module() -> Any:
    """DefaceCompare.py, loaded as Slicer loads it."""
    _, app = host.start()
    host.load_module(ROOT / "DefaceCompare" / "DefaceCompare.py")
    return app, sys.modules["DefaceCompare"]


def test_the_modules_own_test_passes(module: Any) -> None:
    _, python = module
    result = unittest.TestResult()
    python.DefaceCompareTest("runTest").run(result)
    assert (result.failures, result.errors, result.testsRun) == ([], [], 1)


def test_a_failing_comparison_fails_the_modules_own_test(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, python = module
    monkeypatch.setattr(python.DefaceCompareLogic, "compare", lambda *arguments, **options: [])
    monkeypatch.setattr(
        "DefaceCompareLib.nodes.sample.load_sample_patient",
        lambda size: type("Nodes", (), {"ct": None, "segmentation": None, "dose": None})(),
    )
    result = unittest.TestResult()
    python.DefaceCompareTest("runTest").run(result)
    assert len(result.failures) == 1


def test_sample_data_offers_the_synthetic_patient_when_slicer_has_started(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app, python = module
    registered = sample_data_stand_in.install(monkeypatch)
    app.complete_startup()  # of whatever other tests have loaded in this process
    registered.sources.clear()
    python.DefaceCompare(SimpleNamespace())
    app.complete_startup()
    assert registered.titles == {"DefaceCompare": "Deface Compare"}
    (source,) = registered.sources
    header = Path(source.thumbnailFileName).read_bytes()[:24]
    assert struct.unpack(">II", header[16:]) == (260, 280)  # Slicer's template: about 260 x 280 pixels
    asked: list[Any] = []
    small = sample_patient(1, seed=1, site="brain", ct_size=(32, 32, 27), ct_spacing_mm=(8.0, 8.0, 10.0))
    monkeypatch.setattr("DefaceCompareLib.nodes.sample.sample_patient", lambda *a, **k: asked.append(k) or small)
    nodes = source.customDownloader(source)  # as Sample Data's button calls it
    assert asked == [{"site": "brain", "seed": 1, "ct_size": (128, 128, 108), "ct_spacing_mm": (2.0, 2.0, 2.5)}]
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    (study,) = {hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) for node in vars(nodes).values()}
    assert hierarchy.GetItemLevel(study) == slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMLevelStudy()
    assert nodes.segmentation.GetDisplayNode() is not None


def test_opening_the_panel_loads_no_library_that_only_a_run_needs() -> None:
    program = (
        "import sys\n"
        f"sys.path[:0] = [{str(ROOT / 'Testing' / 'SlicerHost')!r}]\n"
        "import host\n"
        "from pathlib import Path\n"
        "host.start()\n"
        f"host.load_module(Path({str(ROOT / 'DefaceCompare' / 'DefaceCompare.py')!r}))\n"
        "print(*sorted(sys.modules), flush=True)\n"
        "import os; os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "DefaceCompareLib.panel.compare_panel" in loaded
    assert loaded.isdisjoint({"pydicom", "scipy.ndimage", "scipy.sparse", "scipy.linalg", "scipy.stats", "onnxruntime", "pandas"})
