"""The reviewed case in the views: the faces that a person sees are this case's, not the one's before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from panel_host import click, press
from review_study import METHODS, opened, volumes, write_study
from views_on_screen import seen, settle, skin_meshes

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

FACE_VIEWS = ("DefaceOriginal", "DefaceVersion1", "DefaceVersion2")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Five cases, each with a head of its own size."""
    return write_study(tmp_path, cases=5, looked_at=range(1, 6))


def assert_faces_are_of(case: str) -> None:
    """Each view shows one surface, and it is that of its own volume."""
    there = skin_meshes()
    settle()
    for tag, name in zip(FACE_VIEWS, (f"{case} CT", *(f"{case} {title}" for title in METHODS.values())), strict=True):
        (points,) = seen(tag)
        assert np.array_equal(points, there[name]), (tag, name)


def test_five_cases_in_a_row_show_their_own_faces(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    sizes = []
    for number in range(1, 6):
        assert_faces_are_of(f"case-{number:03d}")
        sizes.append(len(skin_meshes()[f"case-{number:03d} CT"]))
        press(ui.reviewTable, "N")
    assert len(set(sizes)) == 5  # five different heads


def test_the_views_stay_on_between_cases(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    settle()
    layouts: list[int] = []
    node = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    tag = node.AddObserver("ModifiedEvent", lambda *ignored: layouts.append(node.GetViewArrangement()))
    press(ui.reviewTable, "N")
    node.RemoveObserver(tag)
    assert set(layouts) <= {node.GetViewArrangement()}  # another one in between would drop what the views shall draw
    assert all(name.startswith("case-002") for name in volumes())


def test_faces_are_right_when_the_views_are_opened_again(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    settle()
    click(ui.sideBySideButton)
    press(ui.reviewTable, "N")
    settle()
    click(ui.reviewShowButton)
    assert_faces_are_of("case-002")
