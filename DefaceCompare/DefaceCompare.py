"""The DefaceCompare module of 3D Slicer: which defacing keeps the most clinical value of a radiotherapy patient?

Thin on purpose: measuring lives in deface_compare, nodes in DefaceCompareLib.nodes, widgets in DefaceCompareLib.panel.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deface_compare.measurement import Measurement
    from deface_compare.settings import Settings

PACKAGES = ("deface_compare", "DefaceCompareLib")
"""The library, and its Slicer side: both lie beside this file."""


class DefaceCompare(ScriptedLoadableModule):
    """Describes the module to Slicer."""

    def __init__(self, parent: Any) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Deface Compare")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Radiotherapy")]
        self.parent.dependencies = ["Segmentations", "Volumes", "Tables", "SubjectHierarchy"]
        self.parent.contributors = ["DefaceCompare contributors"]
        self.parent.helpText = _(
            "Defaces CT, MR and PET of a radiotherapy patient with several methods and measures, on this very patient, "
            "how far the face can still be linked and what happened to volumes, intensities and dose of the structures. "
            "Nothing leaves this computer."
        )
        self.parent.acknowledgementText = _(
            "The built-in methods are independent implementations after published descriptions; "
            "none of them is the product whose style it follows. Licence: Apache-2.0."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData() -> None:
    """Offer the synthetic patient in the module *Sample Data*; it is made on this computer when it is asked for."""
    from pathlib import Path

    import SampleData

    from DefaceCompareLib.nodes.sample import load_sample_patient

    SampleData.SampleDataLogic.registerCustomSampleDataCategory("DefaceCompare", title=_("Deface Compare"))
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="DefaceCompare",
        sampleName="SyntheticPatient",
        thumbnailFileName=str(Path(__file__).parent / "Resources" / "Icons" / "SyntheticPatient.png"),
        uris="",
        fileNames="",
        nodeNames="Synthetic 1 CT",
        customDownloader=load_sample_patient,
    )


class DefaceCompareWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Puts the panel into Slicer; behaviour is in DefaceCompareLib.panel."""

    def __init__(self, parent: Any = None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic: DefaceCompareLogic | None = None
        self.panel: Any = None

    def setup(self) -> None:
        """Build the panel the first time the module is opened."""
        ScriptedLoadableModuleWidget.setup(self)
        from DefaceCompareLib.panel.compare_panel import ComparePanel

        root = slicer.util.loadUI(self.resourcePath("UI/DefaceCompare.ui"))
        self.layout.addWidget(root)
        root.setMRMLScene(slicer.mrmlScene)
        self.logic = DefaceCompareLogic()
        self.panel = ComparePanel(slicer.util.childWidgetVariables(root))
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.enter()

    def enter(self) -> None:
        """Take up the choices of the scene's parameter node each time the module is opened."""
        if self.panel is not None:
            self.panel.set_parameter_node(self.logic.getParameterNode())

    def cleanup(self) -> None:
        """End a running comparison before the panel goes away (module reload, application exit)."""
        self.removeObservers()
        if self.panel is not None:
            self.panel.shut_down()

    def onSceneStartClose(self, caller: Any, event: Any) -> None:
        """A scene that closes takes its comparison with it."""
        self.panel.close()
        self.panel.set_parameter_node(None)
        self.panel.forget_results()

    def onSceneEndClose(self, caller: Any, event: Any) -> None:
        """Start anew on the empty scene."""
        self.panel.scene_is_empty()
        self.enter()

    def onReload(self) -> None:
        """Reload the library too, not only this file (developer mode).

        The modules of both packages are forgotten, not reloaded one by one: a reloaded module keeps what it once imported
        from its neighbours.
        """
        for name in [name for name in sys.modules if name.split(".")[0] in PACKAGES]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)


class DefaceCompareLogic(ScriptedLoadableModuleLogic):
    """What scripts call."""

    def __init__(self) -> None:
        ScriptedLoadableModuleLogic.__init__(self)

    def compare(
        self,
        ct: Any = None,
        segmentation: Any = None,
        dose: Any = None,
        methods: Sequence[str] | None = None,
        *,
        mr: Any = None,
        pet: Any = None,
        settings: Settings | None = None,
        slicerrt: bool = False,
    ) -> list[Measurement]:
        """Compare defacing methods on a patient's volumes, and bring defaced volumes and tables into the scene.

        Parameters
        ----------
        ct, mr, pet : vtkMRMLScalarVolumeNode, optional
            At least one. For several of a kind call `DefaceCompareLib.nodes.compare.compare_nodes`.
        segmentation : vtkMRMLSegmentationNode, optional
            The structure set.
        dose : vtkMRMLScalarVolumeNode, optional
            The dose, in Gy.
        methods : sequence of str, optional
            Method keys, as ``deface-compare methods`` lists them; the four built-in ones if not given.
        settings : deface_compare.settings.Settings, optional
            Fill, protection, face model and the like.
        slicerrt : bool
            Measure the dose with SlicerRT too, where it is installed.

        Returns
        -------
        list of Measurement
            The rows of ``measurements.csv``, then SlicerRT's.

        Raises
        ------
        deface_compare.errors.UnusableInput
            Nodes that cannot be compared, with one sentence.
        """
        from deface_compare.settings import DEFAULT_METHODS
        from DefaceCompareLib.nodes.compare import compare_nodes

        images = {key: node for key, node in (("CT", ct), ("MR", mr), ("PET", pet)) if node is not None}
        chosen = DEFAULT_METHODS if methods is None else methods
        done = compare_nodes(images, segmentation, dose, chosen, settings, slicerrt=slicerrt)
        return [*done.report.measurements, *done.slicerrt_rows]


class DefaceCompareTest(ScriptedLoadableModuleTest):
    """Runs inside Slicer ("Reload and Test", or ctest): a synthetic patient through sample data, logic and scene, within 30 s."""

    METHODS = ("quickshear", "surface_blur")

    def setUp(self) -> None:
        """Start from an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self) -> None:
        """Run all tests of this class."""
        self.setUp()
        self.test_a_synthetic_patient_is_compared()

    def test_a_synthetic_patient_is_compared(self) -> None:
        """Each face goes, grids stay, rows say that the patient is synthetic, and volumes and tables are in the scene."""
        from deface_compare.settings import Settings
        from DefaceCompareLib.nodes.sample import SELF_TEST, load_sample_patient

        self.delayDisplay("Making a synthetic patient")
        nodes = load_sample_patient(size=SELF_TEST)
        self.delayDisplay("Comparing")
        rows = DefaceCompareLogic().compare(
            nodes.ct, nodes.segmentation, nodes.dose, self.METHODS, settings=Settings(face_model="none")
        )
        assert {row.domain for row in rows} == {"quality", "privacy", "volume", "intensity", "dose"}
        assert all(row.synthetic for row in rows)
        assert [row.defaced for row in rows if (row.metric, row.image) == ("done_as_intended", "CT")] == [1.0] * len(self.METHODS)
        privacy = [row for row in rows if row.metric == "cosine_similarity_own"]
        assert {row.status for row in privacy} == {"not available"}
        before = slicer.util.arrayFromVolume(nodes.ct)
        defaced = [
            node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if node.GetAttribute("DefaceCompare.Method")
        ]
        assert sorted(node.GetAttribute("DefaceCompare.Method") for node in defaced) == sorted(self.METHODS)
        for node in defaced:
            after = slicer.util.arrayFromVolume(node)
            assert (before.dtype, before.shape) == (after.dtype, after.shape)
            assert 0.001 < (before != after).mean() < 0.5
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        study = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(nodes.ct))
        assert hierarchy.GetItemParent(hierarchy.GetItemByName("DefaceCompare Synthetic 1")) == study
        dose = slicer.util.getNode("Synthetic 1: dose")
        assert dose.GetNumberOfRows() == sum(row.domain == "dose" for row in rows)
        self.delayDisplay("Test passed")
