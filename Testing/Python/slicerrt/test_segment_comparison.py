"""SlicerRT's comparison of structures that were drawn again, through a stand-in that knows what was read in its sources."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from vtkmodules.vtkFiltersSources import vtkSphereSource

from places import SLICER_HOST

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
sys.path.insert(0, str(SLICER_HOST))

import scene_host  # noqa: E402
import segment_comparison_stand_in  # noqa: E402
from deface_compare.case import CT, Case, CaseImage, Structure, StructureSet  # noqa: E402
from deface_compare.measurement import NOT_AVAILABLE, Scope  # noqa: E402
from deface_compare.progress import Cancelled  # noqa: E402
from deface_compare.utility.resegmentation import region_agreement  # noqa: E402
from DefaceCompareLib.slicerrt.resegmentation_rows import DICE, HD95, resegmentation_rows  # noqa: E402
from DefaceCompareLib.slicerrt.segment_comparison import ENGINE  # noqa: E402

pytestmark = pytest.mark.slicer_core

RADIUS_MM = 15.0
SCOPE = Scope("case-001", "quickshear", "", "background", "none")


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The application's scene, empty, with SlicerRT's module in place."""
    app = scene_host.bootstrap()
    app.scene.Clear()
    segment_comparison_stand_in.install(app.scene, monkeypatch)
    return app.scene


def ball(name: str, x_mm: float, radius_mm: float = RADIUS_MM) -> Structure:
    """A sphere as a surface, LPS mm."""
    source = vtkSphereSource()
    source.SetCenter(x_mm, 0.0, 0.0)
    source.SetRadius(radius_mm)
    source.SetThetaResolution(64)
    source.SetPhiResolution(64)
    source.Update()
    return Structure(name=name, standard_name=name, surface=source.GetOutput())


def case_with(moved_mm: float) -> Case:
    """A CT of 2 mm, a planned ball, and the same ball drawn again elsewhere; a second one was not drawn again."""
    image = sitk.Image(40, 40, 40, sitk.sitkInt16)
    image.SetSpacing((2.0, 2.0, 2.0))
    image.SetOrigin((-40.0, -40.0, -40.0))
    planned = StructureSet((ball("Brain", 0.0), ball("Eye_L", 20.0, 5.0)))
    again = StructureSet((ball("Brain", moved_mm),))
    ct = CaseImage(key="CT", modality=CT, image=image, unit="HU")
    return Case(id="case-001", images=(ct,), structure_set=planned, resegmented={"quickshear": again})


def builtin() -> list[Any]:
    """The rows that the built-in engine gave."""
    rows = [
        SCOPE.row(DICE, original=1.0, defaced=0.8, structure="Brain"),
        SCOPE.row(HD95, original=0.0, defaced=6.0, structure="Brain"),
    ]
    return [*rows, SCOPE.missing(DICE, "the structure was not drawn again", structure="Eye_L")]


@pytest.mark.parametrize("moved_mm", [0.0, 6.0])
def test_dice_and_hausdorff_distance_of_a_moved_ball_are_those_of_geometry_and_of_the_built_in_engine(
    scene: Any, moved_mm: float
) -> None:
    from deface_compare.geometry.lattice import Lattice
    from deface_compare.structures.region import regions

    case = case_with(moved_mm)
    before = scene.GetNumberOfNodes()
    dice, hd95 = resegmentation_rows(case, builtin(), scene)
    assert scene.GetNumberOfNodes() == before
    assert {dice.engine, hd95.engine} == {ENGINE}
    share = moved_mm / (2.0 * RADIUS_MM)
    assert dice.defaced == pytest.approx(1.0 - 1.5 * share + 0.5 * share**3, abs=0.01)  # two balls: the lens between them
    assert hd95.defaced == pytest.approx(moved_mm, abs=1.0)  # half a voxel; the foremost points are moved that far
    assert dice.change == pytest.approx(dice.defaced - 1.0)
    assert hd95.change == pytest.approx(hd95.defaced)
    sets = [case.structure_set, case.resegmented["quickshear"]]
    planned, again = (regions(each)[0] for each in sets if isinstance(each, StructureSet))
    found, _engine = region_agreement(planned, again, Lattice.of(case.images[0].image))
    assert dice.defaced == pytest.approx(found.dice, abs=1e-6)  # the same masks; SlicerRT keeps a float
    assert hd95.defaced == pytest.approx(found.hd95_mm, abs=1e-3)


def test_slicer_breathes_before_each_of_the_two_steps_and_a_cancel_leaves_no_node(scene: Any) -> None:
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int, text: str) -> bool:
        told.append((done, total))
        return True

    resegmentation_rows(case_with(2.0), builtin(), scene, progress)
    assert told == [(0, 2), (1, 2)]
    before = scene.GetNumberOfNodes()
    with pytest.raises(Cancelled):
        resegmentation_rows(case_with(2.0), builtin(), scene, lambda done, total, text: done < 1)
    assert scene.GetNumberOfNodes() == before


def test_what_slicerrt_says_is_the_reason_of_rows_without_a_number(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    message = "Failed to get binary labelmap from reference segment"
    monkeypatch.setattr(segment_comparison_stand_in.ComparisonLogic, "ComputeHausdorffDistances", lambda self, node: message)
    for row in resegmentation_rows(case_with(2.0), builtin(), scene):
        assert (row.status, row.note, row.engine) == (NOT_AVAILABLE, f"SlicerRT: {message}", ENGINE)
        assert np.isnan(row.defaced)


def test_without_slicerrt_or_anything_drawn_again_there_is_no_row(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resegmentation_rows(case_with(2.0), [], scene) == []
    monkeypatch.delattr(slicer.modules, "segmentcomparison")
    assert resegmentation_rows(case_with(2.0), builtin(), scene) == []
