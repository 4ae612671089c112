"""What the panel keeps in the scene: one table that drives both directions, on a plain vtkMRMLScriptedModuleNode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vtkmodules.vtkCommonCore import vtkCommand

from deface_compare.settings import DOSE_POLICIES, FILLS, PROTECTIONS

from .views.arrangements import ARRANGEMENTS

NODE, CHOICE, PATH, TICK, TEXT, NUMBER = "currentNode", "currentIndex", "currentPath", "checked", "text", "value"
"""The properties of widgets that are kept; a choice is kept as its word, so that a new entry in a list moves nothing."""

SIGNALS = {
    NODE: "currentNodeChanged(vtkMRMLNode*)",
    CHOICE: "currentIndexChanged(int)",
    PATH: "currentPathChanged(QString)",
    TICK: "toggled(bool)",
    TEXT: "textChanged(QString)",
    NUMBER: "valueChanged(int)",
}
"""What a widget says when its property was changed."""

SCENE, FOLDER = "scene", "folder"
PATIENT_SOURCES = (SCENE, FOLDER)
BEST_FACE_MODEL = "best"
"""No option: the comparison takes the best model that is installed, or the one that its results began with."""
FACE_MODELS = (BEST_FACE_MODEL, "none", "sface", "sface,dlib")
YES, NO = "true", "false"


@dataclass(frozen=True)
class Parameter:
    """One line of the table.

    Parameters
    ----------
    widget : str
        Name in the .ui, or of a method's check box.
    property : str
        One of `SIGNALS`.
    key : str
        Name in the parameter node: a node reference role for `NODE`, else a parameter.
    default : str
        What stands for an absent or unknown value.
    choices : tuple of str
        The words of a `CHOICE`, in the order of the list.
    """

    widget: str
    property: str
    key: str
    default: str = ""
    choices: tuple[str, ...] = ()


PARAMETERS = (
    Parameter("patientComboBox", CHOICE, "Patient", SCENE, PATIENT_SOURCES),
    Parameter("ctSelector", NODE, "CT"),
    Parameter("mrSelector", NODE, "MR"),
    Parameter("petSelector", NODE, "PET"),
    Parameter("segmentationSelector", NODE, "Segmentation"),
    Parameter("doseSelector", NODE, "Dose"),
    Parameter("casePathEdit", PATH, "CaseFolder"),
    Parameter("resultsPathEdit", PATH, "ResultsFolder"),
    Parameter("fillComboBox", CHOICE, "Fill", FILLS[0], FILLS),
    Parameter("protectComboBox", CHOICE, "Protect", PROTECTIONS[0], PROTECTIONS),
    Parameter("dosePolicyComboBox", CHOICE, "DosePolicy", DOSE_POLICIES[1], DOSE_POLICIES),
    Parameter("faceModelComboBox", CHOICE, "FaceModel", FACE_MODELS[0], FACE_MODELS),
    Parameter("otherHeadsPathEdit", PATH, "OtherHeads"),
    Parameter("slicerrtCheckBox", TICK, "SlicerRT", YES),
    Parameter("arrangementComboBox", CHOICE, "Arrangement", ARRANGEMENTS[0], ARRANGEMENTS),
    Parameter("alteredCheckBox", TICK, "ShowAltered", YES),
    Parameter("isodosesCheckBox", TICK, "ShowIsodoses", YES),
    Parameter("distanceCheckBox", TICK, "ColourByDistance", NO),
    Parameter("reviewPathEdit", PATH, "ReviewFolder"),
    Parameter("reviewerLineEdit", TEXT, "Reviewer"),
    Parameter("blindCheckBox", TICK, "Blinded", YES),
    Parameter("reviewSeedSpinBox", NUMBER, "ReviewSeed", "1"),
    Parameter("catchSpinBox", NUMBER, "CatchTrials", "10"),
    Parameter("advanceCheckBox", TICK, "AutoAdvance", NO),
)
"""Everything that the panel keeps, but for the methods' check boxes (`MethodBoxes.parameters`)."""


class ParameterLink:
    """Keeps widgets and a parameter node equal, whichever of the two is changed.

    Parameters
    ----------
    widgets : object
        The widgets as attributes.
    parameters : sequence of Parameter
    default_node : callable
        ``default_node(key)``: the node that is most likely meant where none is kept, or None.
    on_change : callable
        Called without arguments after any change.
    """

    def __init__(
        self,
        widgets: Any,
        parameters: tuple[Parameter, ...],
        default_node: Callable[[str], Any],
        on_change: Callable[[], None],
    ) -> None:
        self._parameters = parameters
        self._widgets = {parameter.key: getattr(widgets, parameter.widget) for parameter in parameters}
        self._default_node = default_node
        self._on_change = on_change
        self._node: Any = None
        self._tag = 0
        self._busy = False
        for parameter in parameters:
            self._widgets[parameter.key].connect(SIGNALS[parameter.property], self._on_widget)

    def follow(self, node: Any | None) -> None:
        """Take the choices of another parameter node (None: of none, as while a scene closes)."""
        if self._node is not None:
            self._node.RemoveObserver(self._tag)
        self._node = node
        if node is not None:
            self._offer_defaults()
            self._tag = node.AddObserver(vtkCommand.ModifiedEvent, lambda *ignored: self._to_widgets())
            self._to_widgets()
        self._on_change()

    def _offer_defaults(self) -> None:
        """Only where no node at all was chosen: a user's None stays None."""
        keys = [parameter.key for parameter in self._parameters if parameter.property == NODE]
        if any(self._node.GetNodeReferenceID(key) for key in keys):
            return
        for key in keys:
            likely = self._default_node(key)
            if likely is not None:
                self._node.SetNodeReferenceID(key, likely.GetID())

    def value(self, key: str) -> str:
        """The word that is kept under a key, or its default."""
        (parameter,) = (each for each in self._parameters if each.key == key)
        return _read(self._widgets[key], parameter)

    def _on_widget(self) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            if self._node is not None:
                for parameter in self._parameters:
                    self._to_node(parameter)
        finally:
            self._busy = False
        self._on_change()

    def _to_node(self, parameter: Parameter) -> None:
        widget = self._widgets[parameter.key]
        if parameter.property == NODE:
            node = widget.currentNode()
            self._node.SetNodeReferenceID(parameter.key, node.GetID() if node is not None else None)
        else:
            self._node.SetParameter(parameter.key, _read(widget, parameter))

    def _to_widgets(self) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            for parameter in self._parameters:
                widget = self._widgets[parameter.key]
                if parameter.property == NODE:
                    widget.setCurrentNode(self._node.GetNodeReference(parameter.key))
                else:
                    _write(widget, parameter, self._node.GetParameter(parameter.key) or parameter.default)
        finally:
            self._busy = False
        self._on_change()


def _read(widget: Any, parameter: Parameter) -> str:
    value = getattr(widget, parameter.property)
    if parameter.property == CHOICE:
        return parameter.choices[value] if 0 <= value < len(parameter.choices) else parameter.default
    if parameter.property == TICK:
        return YES if value else NO
    return str(value)


def _write(widget: Any, parameter: Parameter, value: str) -> None:
    if parameter.property == CHOICE:
        known = value if value in parameter.choices else parameter.default
        widget.setCurrentIndex(parameter.choices.index(known))
    elif parameter.property == TICK:
        widget.checked = value == YES
    elif parameter.property == NUMBER:
        widget.value = int(value)
    else:
        setattr(widget, parameter.property, value)
