"""Panels after a run of two methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from panel_host import click, install_copier, load_ct, spin
from views_on_screen import FOUR_UP

ROW = 2
"""Place of *All faces in a row* in the list of arrangements."""


@pytest.fixture
def compared(panel: Any, two_methods: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The panel after a run of two methods on a patient with a structure set."""
    import slicer

    install_copier(tmp_path, monkeypatch, two_methods)
    panel.ui.ctSelector.setCurrentNode(load_ct())
    panel.ui.segmentationSelector.setCurrentNode(eyes_and_brain())
    for key in panel.methods._boxes:
        getattr(panel.methods, f"methodBox_{key}").checked = key in ("quickshear", "surface_blur")
    panel.ui.dosePolicyComboBox.setCurrentIndex(1)
    panel.ui.valueComboBox.setCurrentIndex(0)
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == []
    return panel


def eyes_and_brain() -> Any:
    """A segmentation whose names are a clinic's own."""
    import slicer
    from vtkmodules.vtkFiltersSources import vtkSphereSource

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "structures")
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    own = {"Auge links": ((-30.0, 40.0, 10.0), (0.2, 0.4, 0.6)), "Brain": ((0.0, 0.0, 30.0), (0.7, 0.1, 0.3))}
    for name, (centre, colour) in own.items():
        sphere = vtkSphereSource()
        sphere.SetCenter(*centre)
        sphere.SetRadius(12.0)
        sphere.Update()
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.SetColor(*colour)
        segment.AddRepresentation("Closed surface", sphere.GetOutput())
        node.GetSegmentation().AddSegment(segment, name)
    return node


@pytest.fixture
def with_views(panel: Any, two_methods: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The panel after a run of two methods; the layout is Slicer's own, the faces will stand in a row."""
    import slicer

    slicer.app.layoutManager().setLayout(FOUR_UP)
    install_copier(tmp_path, monkeypatch, two_methods)
    panel.ui.ctSelector.setCurrentNode(load_ct())
    for key in panel.methods._boxes:
        getattr(panel.methods, f"methodBox_{key}").checked = key in ("quickshear", "surface_blur")
    panel.ui.alteredCheckBox.checked = True
    panel.ui.arrangementComboBox.setCurrentIndex(ROW)
    panel.ui.fadeSlider.value = 100
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == []
    return panel
