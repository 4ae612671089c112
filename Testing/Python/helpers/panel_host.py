"""What the tests of the panel share: the panel in the stand-in host, clicks, keys, and a child that keeps its contract."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from places import ROOT, SLICER_HOST

sys.path.insert(0, str(SLICER_HOST))

CHILD = '''"""A child that keeps the command line's contract: steps as JSON lines, then an output folder."""
import json, os, sys, time
from pathlib import Path
sys.path.insert(0, {library!r})
import SimpleITK as sitk
from deface_compare.case_report import CaseReport
from deface_compare.measurement import Scope
from deface_compare.settings import Settings
assert sys.argv[1:4] == ["-m", "deface_compare", "case"]
assert sys.argv[-2:] == ["--progress", "json"]
imported = [Path(each.split("=")[2]) for each in sys.argv if each.startswith("--external=")]
results = {{file.name: file.read_text() for folder in imported for file in folder.iterdir()}}
again = {{each.split("=")[1]: Path(each.split("=")[2]) for each in sys.argv if each.startswith("--resegmented=")}}
again = {{method: file.name for method, file in again.items() if file.stat().st_size > 0}}
told = {{"process": os.getpid(), "arguments": sys.argv[3:], "results": results, "again": again}}
Path({marker!r}).write_text(json.dumps(told))
given = {{name: value for name, value in zip(sys.argv, sys.argv[1:]) if name.startswith("--")}}
case, out, methods = Path(sys.argv[4]), Path(given["--out"]), given["--methods"].split(",")
print(json.dumps({{"process": os.getpid(), "done": 0, "total": len(methods), "text": "reading"}}), flush=True)
behaviour = {behaviour!r}
if behaviour == "refuses":
    print("deface-compare: case.json names an image that is not in the folder", file=sys.stderr, flush=True)
    sys.exit(2)
if behaviour == "hangs":
    time.sleep(60)
image = sitk.ReadImage(str(case / "ct.nrrd"))
rows, curves = [], ["dose_gy,Eye_L|original||builtin-slab-x4"]
for number, method in enumerate(methods, 1):
    (out / "cases" / "case-001" / method).mkdir(parents=True)
    defaced = sitk.GetArrayFromImage(image)
    defaced[:, :number + 2] = -1000
    defaced = sitk.GetImageFromArray(defaced)
    defaced.CopyInformation(image)
    sitk.WriteImage(defaced, str(out / "cases" / "case-001" / method / "CT.nrrd"))
    scope = Scope(case="case-001", method=method, variant="", fill="background", protect="none")
    rows.append(scope.row("done_as_intended", defaced=1.0, image="CT"))
    for feature, moved in (("eyes", 2.0), ("nose", 99.0 - number)):
        rows.append(scope.row("feature_moved", defaced=moved, structure=feature, image="CT"))
    rows.append(scope.row("face_surface_moved_p95", defaced=3.25 * number, image="CT"))
    rows.append(scope.missing("cosine_similarity_own", "face model not installed", image="CT"))
    for organ, planned in (("Eye_L", 7.125), ("Brain", 1310.5), ("Lens_L", 0.25)):
        rows.append(scope.row("planned_volume", original=planned, defaced=planned, structure=organ, image="CT"))
        for policy, change in (("keep", 0.0), ("mask", -0.5 * number), ("follow", -0.25 * number)):
            where = {{"image": "DOSE", "structure": organ, "dose_policy": policy, "engine": "builtin-slab-x4"}}
            rows.append(scope.row("Dmean", original=20.0, defaced=20.0 + change, **where))
    curves[0] += "".join(f",Eye_L|{{method}}|{{policy}}|builtin-slab-x4" for policy in ("mask", "follow"))
    print(json.dumps({{"done": number, "total": len(methods), "text": method}}), flush=True)
for dose, percent in ((0, 100), (10, 60), (20, 0)):
    curves.append(",".join([str(dose), *[str(percent)] * (1 + 2 * len(methods))]))
(out / "cases" / "case-001" / "dvh.csv").write_text("\\n".join(curves) + "\\n")
told = {{key: {{"title": key, "images": {{"CT": {{}}}}}} for key in methods}}
CaseReport("case-001", True, tuple(rows), told, Settings(), {{"CT": ""}}).write(out / "cases" / "case-001")
'''

EXPORTER = '''"""A child that keeps the contract of ``export``: refuses a risk unless it was accepted, else writes."""
import json, os, sys, time
from pathlib import Path
assert sys.argv[1:4] == ["-m", "deface_compare", "export"]
with Path({marker!r}).open("a") as told:
    print(json.dumps({{"process": os.getpid(), "arguments": sys.argv[3:]}}), file=told)
print(json.dumps({{"process": os.getpid(), "done": 0, "total": 2, "text": "writing CT"}}), flush=True)
behaviour = {behaviour!r}
if behaviour == "hangs":
    time.sleep(60)
if behaviour == "refuses":
    sys.exit("deface-compare: the case was not made from DICOM")
if behaviour == "risks" and "--accept-risk" not in sys.argv:
    print("deface-compare: CT: privacy check not assessed. Nothing was written; --accept-risk writes it", file=sys.stderr)
    sys.exit(2)
target = Path(sys.argv[sys.argv.index("--to") + 1])
target.mkdir()
(target / "CT.dcm").write_bytes(b"DICM")
notes = ["Skin <PTV> (structure 3): clipped in 12 planes", "left behind, not defaced: 2 RTPLAN"]
told = {{"folder": str(target), "files": 1, "notes": notes}}
print(json.dumps({{"exported": {{"": told}}, "refused": {{}}}}), flush=True)
'''


def require_host() -> Any:
    """The stand-in host, or skip with the reason."""
    pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
    pytest.importorskip(
        "PySide6.QtWidgets", reason="PySide6 is not installed, or Qt's system libraries are missing", exc_type=ImportError
    )
    import host

    return host


def open_panel() -> Iterator[Any]:
    """The module's widget, loaded and shown once."""
    host = require_host()
    host.start()
    parent, widget = host.load_module(ROOT / "DefaceCompare" / "DefaceCompare.py")
    parent.resize(520, 1600)
    parent.show()
    yield widget
    widget.cleanup()
    parent.close()


def fresh_panel(widget: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The panel on an empty scene; an error in a slot, which Qt would only print, fails the test."""
    import slicer

    errors: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: errors.append(error))
    slicer.mrmlScene.Clear()
    slicer.app.shown_messages.clear()
    slicer.app.asked.clear()
    slicer.app.news.clear()
    slicer.app.logged.clear()
    monkeypatch.setattr(slicer.app, "temporaryPath", str(folder / "slicer"))
    (folder / "slicer").mkdir()
    yield widget.panel
    slicer.mrmlScene.Clear()
    assert errors == [], [repr(error) for error in errors]
    logged = list(slicer.app.logged)
    assert logged == [], logged


def install_child(folder: Path, monkeypatch: pytest.MonkeyPatch, behaviour: str, text: str = CHILD) -> Path:
    """Put a PythonSlicer on the PATH that, like Slicer's, starts the interpreter as a process of its own.

    Returns
    -------
    Path
        The file in which the child says who it is and what it was asked.
    """
    marker, program = folder / "child.json", folder / "child.py"
    program.write_text(text.format(library=str(ROOT / "DefaceCompare"), marker=str(marker), behaviour=behaviour))
    install_launcher(folder, monkeypatch, f'"{sys.executable}" "{program}" "$@"')
    return marker


def finished_output(folder: Path) -> Path:
    """What the child writes for two methods, made once."""
    from DefaceCompareLib.nodes.case_folder import nodes_to_case_folder

    case, program, out = folder / "case", folder / "child.py", folder / "out"
    program.write_text(CHILD.format(library=str(ROOT / "DefaceCompare"), marker=str(folder / "child.json"), behaviour="finishes"))
    nodes_to_case_folder(case, {"CT": load_ct()})
    command = [sys.executable, str(program), "-m", "deface_compare", "case", str(case), "--out", str(out)]
    subprocess.run([*command, "--methods", "quickshear,surface_blur", "--progress", "json"], check=True, capture_output=True)
    return out


def install_copier(folder: Path, monkeypatch: pytest.MonkeyPatch, output: Path) -> None:
    """Put a PythonSlicer on the PATH that only copies a finished output to where it shall be."""
    find = 'while [ "$1" != "--out" ]; do shift; done'
    install_launcher(folder, monkeypatch, f'{find}\ncp -r "{output}" "$2"')


def install_launcher(folder: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Put a PythonSlicer on the PATH that runs a shell command."""
    launcher = folder / "bin" / "PythonSlicer"
    launcher.parent.mkdir(exist_ok=True)
    launcher.write_text(f"#!/bin/sh\n{command}\nexit $?\n")
    launcher.chmod(0o755)
    monkeypatch.setenv("PATH", f"{launcher.parent}{os.pathsep}{os.environ['PATH']}")


def spin(until: Callable[[], bool], seconds: float = 60.0) -> None:
    """Run the event loop until something is so."""
    import slicer

    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "the event loop ran out of time"
        slicer.app.processEvents()
        time.sleep(0.01)


def alive(process_id: int) -> bool:
    """Whether a process still runs (a dead one that nobody has waited for does not)."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def show_tab_of(widget: Any) -> None:
    """Open the tab that a widget is in, as a user does before using it."""
    import slicer

    import qt

    page = widget
    while page is not None and not isinstance(page.parentWidget(), qt.QtWidgets.QStackedWidget):
        page = page.parentWidget()
    if page is not None:
        page.parentWidget().parentWidget().setCurrentWidget(page)
        slicer.app.processEvents()


def click(button: Any) -> None:
    """Click as a user does: on the middle of a shown widget."""
    import qt

    show_tab_of(button)
    qt.QtTest.QTest.mouseClick(button, qt.QtCore.Qt.MouseButton.LeftButton)


def press(widget: Any, key: str) -> None:
    """Press a key while a widget has the focus; shortcuts of the sections around it hear it first, as in Slicer."""
    import qt

    show_tab_of(widget)
    qt.QtTest.QTest.keyClick(widget, getattr(qt.QtCore.Qt.Key, f"Key_{key}"))


def chosen(panel: Any) -> list[str]:
    """Names of the chosen nodes."""
    names = ("ctSelector", "mrSelector", "petSelector", "segmentationSelector", "doseSelector")
    nodes = [getattr(panel.ui, name).currentNode() for name in names]
    return [node.GetName() if node is not None else "" for node in nodes]


def only(panel: Any, *methods: str) -> None:
    """Tick these methods."""
    for key in panel.methods._boxes:
        getattr(panel.methods, f"methodBox_{key}").checked = key in methods


def ball(size: int = 16) -> sitk.Image:
    """A CT of a ball of tissue, 8 mm a voxel: a head that can be drawn."""
    where = np.indices((size, size, size)) - (size - 1) / 2
    values = np.where((where**2).sum(axis=0) < (0.35 * size) ** 2, 40, -1000).astype(np.int16)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((8.0, 8.0, 8.0))
    return image


def load_ct(name: str = "planning CT") -> Any:
    """A small CT in the scene."""
    import slicer

    from DefaceCompareLib.nodes.volumes import add_volume

    return add_volume(slicer.mrmlScene, ball(), name)
