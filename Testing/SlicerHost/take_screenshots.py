"""Takes the panel's screenshots: a synthetic patient is compared by clicks, and every picture is what the host then shows.

``python Testing/SlicerHost/take_screenshots.py PATIENTS STUDY OUT``: PATIENTS and STUDY are what ``deface-compare sample`` and
``study`` wrote (synthetic heads only: anything else is refused), OUT gets the pictures, 1280 × 800, and, from the study's
own renders of its first case, the row of methods (README) and the thumbnail of Sample Data.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Testing" / "SlicerHost"), str(ROOT / "DefaceCompare")]

import slicer  # noqa: E402
from PIL import Image  # noqa: E402

import host  # noqa: E402
import qt  # noqa: E402
from deface_compare.readers import read_case  # noqa: E402
from DefaceCompareLib.nodes.case_folder import DOSE_ATTRIBUTE, SYNTHETIC_ATTRIBUTE  # noqa: E402
from DefaceCompareLib.nodes.structures import add_structures  # noqa: E402
from DefaceCompareLib.nodes.volumes import add_volume  # noqa: E402
from DefaceCompareLib.panel.views.arrangements import ARRANGEMENTS, FACE, ROW  # noqa: E402

WIDTH, HEIGHT, PANEL_WIDTH = 1280, 800, 480
LONGEST_RUN_S = 600.0
COLOURS_OF_PNG = 256
DARK = {"Window": "#2f3136", "WindowText": "#e6e6e6", "Base": "#232529", "AlternateBase": "#2f3136", "Text": "#e6e6e6"}
DARK |= {"Button": "#3a3d43", "ButtonText": "#e6e6e6", "Highlight": "#3d6fb4", "HighlightedText": "#ffffff"}
DARK |= {"ToolTipBase": "#3a3d43", "ToolTipText": "#e6e6e6", "Light": "#505359", "Mid": "#26282c", "Dark": "#1e2023"}
DARK_DISABLED = "#8a8d92"
METHODS = ("original", "quickshear", "biometric_mask", "average_face", "surface_blur")
HEAD_IN_RENDER, AROUND_IT = (94, 8, 260, 340), (69, 12, 310, 334)
"""Where the head is in a render of the study (left, top, width, height), and the same in the shape of a thumbnail."""
THUMBNAIL = (260, 280)
"""The size that Slicer's template gives thumbnails of sample data."""


class Window:
    """Panel left, views right, as in Slicer's main window."""

    def __init__(self, application: Any, parent: Any, panel: Any) -> None:
        self._application = application
        self.panel = panel
        self.scroll = qt.QtWidgets.QScrollArea()
        self.scroll.setWidgetResizable(True)
        self.scroll.setWidget(parent)
        self.scroll.setFixedWidth(PANEL_WIDTH)
        self.scroll.setHorizontalScrollBarPolicy(qt.QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._widget = qt.QtWidgets.QWidget()
        box = qt.QtWidgets.QHBoxLayout(self._widget)
        box.setContentsMargins(2, 2, 2, 2)
        box.addWidget(self.scroll)
        box.addWidget(slicer.app.layoutManager().viewport, 1)
        self._widget.resize(WIDTH, HEIGHT)
        self._widget.show()

    def settle(self) -> None:
        """Let layouts and scroll bars come to rest."""
        for _ in range(5):
            self._application.processEvents()

    def take(self, file: Path, top: Any) -> None:
        """Scroll a tab to a widget in it, draw the views, and save the picture."""
        self.settle()
        area = self.panel.ui.tabWidget.currentWidget()
        if area.widget().isAncestorOf(top):
            area.verticalScrollBar().setValue(top.mapTo(area.widget(), qt.QtCore.QPoint(0, 0)).y() - 4)
        slicer.app.layoutManager().paint()
        self.settle()
        save(self._widget.grab(), file)

    def tab(self, name: str) -> None:
        """Open a tab."""
        self.panel.ui.tabWidget.setCurrentWidget(getattr(self.panel.ui, f"{name}ScrollArea"))
        self.settle()


def dark(application: Any) -> None:
    """A dark palette, as Slicer's dark style has."""
    palette = qt.QtGui.QPalette()
    for role, colour in DARK.items():
        palette.setColor(getattr(palette.ColorRole, role), qt.QtGui.QColor(colour))
    for role in ("WindowText", "Text", "ButtonText"):
        palette.setColor(palette.ColorGroup.Disabled, getattr(palette.ColorRole, role), qt.QtGui.QColor(DARK_DISABLED))
    application.setPalette(palette)


def load(folder: Path) -> None:
    """Bring a synthetic patient into the scene, as SlicerRT would."""
    case = read_case(folder)
    if not case.synthetic:
        raise SystemExit(f"{folder} is not a synthetic patient: no picture is taken of anybody")
    for image in case.images:
        add_volume(slicer.mrmlScene, image.image, f"Synthetic {image.key}").SetAttribute(SYNTHETIC_ATTRIBUTE, "1")
    if case.dose is not None:
        add_volume(slicer.mrmlScene, case.dose.image, "Synthetic dose").SetAttribute(DOSE_ATTRIBUTE, "1")
    if case.structure_set is not None:
        add_structures(slicer.mrmlScene, case.structure_set.structures, "Synthetic structure set")


def launcher(folder: Path) -> None:
    """A PythonSlicer on the PATH."""
    file = folder / "PythonSlicer"
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


def refuse_real_people(study: Path) -> None:
    """Pictures show faces: every case of the study must be synthetic."""
    for report in study.glob("cases/*/case_report.json"):
        if not json.loads(report.read_text(encoding="utf-8"))["synthetic"]:
            raise SystemExit(f"{report.parent.name} is not synthetic: no picture is taken of anybody")


def row_of_methods(renders: Path, out: Path) -> None:
    """The original and each method in a row, and the original alone as a thumbnail."""
    pictures = [qt.QtGui.QPixmap(str(renders / f"CT_{method}.png")) for method in METHODS]
    heads = [picture.copy(*HEAD_IN_RENDER) for picture in pictures]
    width, height = HEAD_IN_RENDER[2:]
    row = qt.QtGui.QPixmap(width * len(heads), height)
    painter = qt.QtGui.QPainter(row)
    for number, head in enumerate(heads):
        painter.drawPixmap(number * width, 0, head)
    painter.end()
    save(row, out / "methods.png")
    smooth = qt.QtCore.Qt.TransformationMode.SmoothTransformation
    save(pictures[0].copy(*AROUND_IT).scaled(*THUMBNAIL, mode=smooth), out / "SyntheticPatient.png")


def save(picture: Any, file: Path) -> None:
    """As a PNG of 256 colours that cover the picture's: a third of the size, no channel more than 5 of 255 away (measured)."""
    picture.save(str(file), "PNG")
    with Image.open(file) as whole:
        few = whole.convert("RGB").quantize(COLOURS_OF_PNG, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(file, optimize=True)


def compare(panel: Any) -> None:
    """Click on Compare and wait."""
    qt.QtTest.QTest.mouseClick(panel.ui.compareButton, qt.QtCore.Qt.MouseButton.LeftButton)
    end = time.monotonic() + LONGEST_RUN_S
    while panel.running and time.monotonic() < end:
        slicer.app.processEvents()
        time.sleep(0.05)
    if slicer.app.shown_messages:
        raise SystemExit("\n".join(slicer.app.shown_messages))


def main(patients: Path, study: Path, out: Path) -> None:
    """Take all pictures."""
    refuse_real_people(study)
    application, _host = host.start()
    application.setStyle("Fusion")
    parent, widget = host.load_module(ROOT / "DefaceCompare" / "DefaceCompare.py")
    window, panel = Window(application, parent, widget.panel), widget.panel
    load(sorted(patients.iterdir())[0])
    widget.enter()
    panel.ui.mrSelector.setCurrentNode(slicer.mrmlScene.GetFirstNodeByName("Synthetic MR_T1"))
    panel.ui.petSelector.setCurrentNode(slicer.mrmlScene.GetFirstNodeByName("Synthetic PET"))
    with tempfile.TemporaryDirectory() as temporary:
        launcher(Path(temporary))
        slicer.app.temporaryPath = temporary
        compare(panel)
    out.mkdir(exist_ok=True, parents=True)
    row_of_methods(study / "identifiable" / "renders" / "case-001", out)
    panel.ui.arrangementComboBox.setCurrentIndex(ARRANGEMENTS.index(FACE))
    panel.ui.sideBySideButton.checked = True
    window.tab("patient")
    window.take(out / "panel.png", panel.ui.patientBar)
    window.tab("results")
    panel.ui.tableComboBox.setCurrentIndex(3)
    panel.ui.valueComboBox.setCurrentIndex(1)
    window.take(out / "results.png", panel.ui.tabWidget)
    panel.ui.dvhButton.checked = True
    window.take(out / "chart.png", panel.ui.tableComboBox)
    dark(application)
    window.take(out / "chart_dark.png", panel.ui.tableComboBox)
    application.setPalette(application.style().standardPalette())
    window.tab("views")
    panel.ui.arrangementComboBox.setCurrentIndex(ARRANGEMENTS.index(FACE))
    panel.ui.fadeSlider.value = 55
    panel.ui.methodList.setCurrentRow(1)
    window.take(out / "face.png", panel.ui.tabWidget)
    panel.ui.distanceCheckBox.checked = True
    panel.ui.wipeSlider.value = 0
    window.take(out / "distance.png", panel.ui.tabWidget)
    panel.ui.distanceCheckBox.checked = False
    panel.ui.arrangementComboBox.setCurrentIndex(ARRANGEMENTS.index(ROW))
    window.take(out / "side_by_side.png", panel.ui.tabWidget)
    panel.ui.arrangementComboBox.setCurrentIndex(ARRANGEMENTS.index(FACE))
    panel.ui.wipeSlider.value = 50
    window.tab("review")
    panel.ui.reviewPathEdit.currentPath, panel.ui.reviewerLineEdit.text = str(study), "AB"
    qt.QtTest.QTest.mouseClick(panel.ui.reviewButton, qt.QtCore.Qt.MouseButton.LeftButton)
    qt.QtTest.QTest.mouseClick(panel.ui.reviewShowButton, qt.QtCore.Qt.MouseButton.LeftButton)
    panel.ui.reviewPathEdit.currentPath = "cohort/out"  # no path of this machine in a picture
    window.take(out / "review.png", panel.ui.tabWidget)
    dark(application)
    window.take(out / "review_dark.png", panel.ui.tabWidget)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
