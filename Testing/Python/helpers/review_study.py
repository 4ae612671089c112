"""A study's output to be reviewed, and the review section opened on it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from made_report import write_made_report
from panel_host import ball, click, show_tab_of, spin

METHODS = {"quickshear": "Quickshear (ours)", "surface_blur": "Surface blur (CuratAI-style)"}


def write_study(folder: Path, cases: int, looked_at: Iterable[int], *, eye: bool = False) -> Path:
    """Cases with two methods each; those to be looked at have an original of their own size, and defaced images.

    Parameters
    ----------
    folder : Path
    cases : int
    looked_at : iterable of int
        Numbers of the cases that have images.
    eye : bool
        Whether their patients have a structure: a mask of an eye.

    Returns
    -------
    Path
        The study's output.
    """
    out = folder / "study"
    told = {key: {"title": title, "images": {"CT": {}}} for key, title in METHODS.items()}
    for number in range(1, cases + 1):
        case = out / "cases" / f"case-{number:03d}"
        case.mkdir(parents=True)
        write_made_report(case, told, ("CT",))
    key = [("case", "person", "source")]
    for number in looked_at:
        head, patient, case = ball(14 + number), folder / f"patient {number}", out / "cases" / f"case-{number:03d}"
        patient.mkdir()
        sitk.WriteImage(head, str(patient / "ct.nrrd"))
        content = {"images": {"CT": "ct.nrrd"}, "synthetic": True}
        if eye:
            (patient / "masks").mkdir()
            sitk.WriteImage(mask_of_eye(head), str(patient / "masks" / "Eye_L.nrrd"))
            content["structures"] = "masks"
        (patient / "case.json").write_text(json.dumps(content))
        key.append((case.name, f"P{number}", str(patient)))
        for slab, method in enumerate(METHODS, 6):
            (case / method).mkdir()
            sitk.WriteImage(without_face(head, slab), str(case / method / "CT.nrrd"))
    (out / "identifiable").mkdir(mode=0o700)
    with (out / "identifiable" / "key.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(key)
    return out


def mask_of_eye(head: sitk.Image) -> sitk.Image:
    """A block inside a head, as a mask on its grid."""
    values = sitk.GetArrayFromImage(head) * 0
    values[7:10, 5:8, 8:10] = 1
    mask = sitk.Cast(sitk.GetImageFromArray(values), sitk.sitkUInt8)
    mask.CopyInformation(head)
    return mask


def without_face(head: sitk.Image, slab: int) -> sitk.Image:
    """A head with its first rows taken off."""
    values = sitk.GetArrayFromImage(head)
    values[:, :slab] = -1000
    image = sitk.GetImageFromArray(values)
    image.CopyInformation(head)
    return image


def opened(panel: Any, study: Path, *, blinded: bool = False, catch_percent: int = 0, advance: bool = False) -> Any:
    """The review section at the first open question of a cohort."""
    import slicer

    ui = panel.ui
    ui.cohortCollapsibleButton.collapsed = False
    show_tab_of(ui.reviewButton)
    ui.reviewPathEdit.currentPath = str(study)
    ui.reviewerLineEdit.text = "AB"
    ui.blindCheckBox.checked = blinded
    ui.catchSpinBox.value, ui.advanceCheckBox.checked = catch_percent, advance
    window = ui.reviewButton.window()
    window.activateWindow()
    spin(lambda: window.isActiveWindow)
    click(ui.reviewButton)
    slicer.app.processEvents()  # what has just come into sight finds its place, before it is clicked on
    assert slicer.app.shown_messages == []
    return ui


def volumes() -> list[str]:
    """Names of the volumes that a user sees listed."""
    import slicer

    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [node.GetName() for node in nodes if not node.GetHideFromEditors()]
