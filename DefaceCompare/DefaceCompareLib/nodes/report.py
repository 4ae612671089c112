"""A finished comparison to Slicer nodes: defaced volumes, tables and a subject hierarchy folder per case."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import slicer

from deface_compare.case_report import CaseReport
from deface_compare.defacers import REGISTRY
from deface_compare.errors import UnusableInput
from deface_compare.measurement_table import read_measurements
from deface_compare.output.folder import OutputFolder
from deface_compare.structures.count import structures_sentence
from deface_compare.version import __version__
from deface_compare.words import DOSE_SENTENCE, LINKAGE_SENTENCE, NO_VERDICT_FROM_ONE_CASE, SYNTHETIC_WARNING

from ..slicerrt.rows import FILE_NAME as SLICERRT_FILE
from .comparison_table import add_comparison_table
from .dvh_chart import add_dvh_table
from .measurements_table import VERSION_ATTRIBUTE, add_table
from .owner import patient_name
from .reading import read_meanwhile
from .volumes import add_volume, remove_node

CASE_ATTRIBUTE, METHOD_ATTRIBUTE, IMAGE_ATTRIBUTE = "DefaceCompare.Case", "DefaceCompare.Method", "DefaceCompare.Image"
PARAMETERS_ATTRIBUTE = "DefaceCompare.Parameters"
"""Of what a method made and its folder: JSON, with the method's variant."""
STRUCTURES_ATTRIBUTE = "DefaceCompare.Structures"
"""Of a case's tables: how many of its structures were measured, and why the others were not."""

PATIENT_ATTRIBUTE, RUN_ATTRIBUTE = "DefaceCompare.Patient", "DefaceCompare.Run"
"""Of a case's volumes and tables: what its patient is called in the scene, and the comparison that they come from."""

ORIGINAL_ROLE = "DefaceCompare.Original"
"""Node reference from a defaced volume to what it was made of, from a table to the primary image that was compared."""

DOMAINS = ("quality", "privacy", "volume", "intensity", "dose")
"""The tables of a case, in the order in which they are read."""

DOMAIN_NOTES = {"dose": (DOSE_SENTENCE,), "privacy": (f"{LINKAGE_SENTENCE}; {NO_VERDICT_FROM_ONE_CASE}",)}
"""What stands with the table wherever it is shown (the description of its node)."""


@dataclass
class CaseNodes:
    """The nodes of one case.

    Parameters
    ----------
    case_id : str
    name : str
        What the patient is called in the scene: volumes, tables and folder are headed so.
    run : str
        Marks what belongs to one comparison.
    folder_item : int
        Subject hierarchy item that holds everything of this case.
    volumes : dict of (method key, image key) to vtkMRMLScalarVolumeNode
    tables, comparisons : dict of domain to vtkMRMLTableNode
        All rows; the same with one column a method.
    curves : vtkMRMLTableNode, optional
        The DVH curves.
    """

    case_id: str
    name: str
    run: str
    folder_item: int
    volumes: dict[tuple[str, str], Any] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)
    comparisons: dict[str, Any] = field(default_factory=dict)
    curves: Any | None = None

    def all(self) -> list[Any]:
        """Every node of the case."""
        curves = [] if self.curves is None else [self.curves]
        return [*self.volumes.values(), *self.tables.values(), *self.comparisons.values(), *curves]


def report_to_nodes(
    out: Path,
    scene: Any,
    inputs: Mapping[str, Any] | None = None,
    patient: str = "",
    between: Callable[[], None] = lambda: None,
) -> list[CaseNodes]:
    """Bring an output folder of the command line into the scene: all of it, or nothing.

    Parameters
    ----------
    out : Path
        What ``deface-compare case`` or ``study`` wrote.
    scene : vtkMRMLScene
    inputs : mapping of image key to vtkMRMLScalarVolumeNode, optional
        The originals: results lie under their study, defaced volumes take their name, point back to them and share their window.
        An original that has left the scene meanwhile is as good as none.
    patient : str
        What the patient of a single case is called in the scene; as the originals' own patient if not given, else as the case.
    between : callable
        Called without arguments between two steps and while files are read: a panel lets the event loop run.

    Returns
    -------
    list of CaseNodes
        One per case, in the order of the folder.

    Raises
    ------
    UnusableInput
        If `out` holds no finished comparison.
    """
    folders = OutputFolder(out).finished_cases()
    if not folders:
        raise UnusableInput(f"{out} holds no finished case: the comparison did not finish.")
    originals = {key: node for key, node in (inputs or {}).items() if node.GetScene() is scene}
    made: list[CaseNodes] = []
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    study = _study(hierarchy, originals)
    try:
        for folder in folders:
            name = patient or (patient_name(next(iter(originals.values()))) if originals else folder.name)
            item = hierarchy.CreateFolderItem(study, f"DefaceCompare {name}")
            hierarchy.SetItemAttribute(item, CASE_ATTRIBUTE, folder.name)
            hierarchy.SetItemAttribute(item, VERSION_ATTRIBUTE, __version__)
            made.append(CaseNodes(folder.name, name, uuid4().hex, item))
            between()
            report = CaseReport.read(folder)
            _add_volumes(made[-1], report, folder, scene, hierarchy, originals, between)
            _add_tables(made[-1], report, scene, hierarchy, between)
            _add_slicerrt_table(made[-1], folder / SLICERRT_FILE, scene, hierarchy)
            _add_curves(made[-1], OutputFolder(out).dvh(folder.name), scene, hierarchy)
            _mark_run(made[-1], next(iter(originals.values()), None))
    except BaseException:
        for nodes in made:
            _remove(nodes, scene, hierarchy)
        raise
    return made


def _study(hierarchy: Any, originals: Mapping[str, Any]) -> int:
    """The study that the first original with one belongs to, else the scene itself."""
    level = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMLevelStudy()
    for node in originals.values():
        item = hierarchy.GetItemByDataNode(node)
        study = hierarchy.GetItemAncestorAtLevel(item, level) if item else 0
        if study:
            return int(study)
    return int(hierarchy.GetSceneItemID())


def _add_volumes(
    nodes: CaseNodes,
    report: CaseReport,
    folder: Path,
    scene: Any,
    hierarchy: Any,
    originals: Mapping[str, Any],
    between: Callable[[], None],
) -> None:
    """Add every defaced image of one case, one sub-folder a method."""
    titles = {defacer.key: defacer.title for defacer in REGISTRY}
    for method_folder in sorted(path for path in folder.glob("*") if path.is_dir()):
        method = method_folder.name
        marks = _marks(nodes.case_id, method, report.methods.get(method, {}))
        title = report.methods.get(method, {}).get("title") or titles.get(method, method)
        item = 0
        for file in sorted(method_folder.glob("*.nrrd")):
            item = item or _method_folder(hierarchy, nodes.folder_item, title, marks)
            original = originals.get(file.stem)
            name = f"{file.stem if original is None else original.GetName()} defaced ({title})"
            volume = add_volume(scene, read_meanwhile(file, between), name)
            between()
            nodes.volumes[method, file.stem] = volume
            for attribute, value in {**marks, IMAGE_ATTRIBUTE: file.stem}.items():
                volume.SetAttribute(attribute, value)
            if original is not None:
                volume.SetNodeReferenceID(ORIGINAL_ROLE, original.GetID())
                _share_window(original, volume)
            file_under(hierarchy, item, volume)


def _marks(case_id: str, method: str, told: Mapping[str, Any]) -> dict[str, str]:
    """What made a defaced volume, as attributes: a saved scene still says it."""
    parameters = {"variant": told.get("variant", ""), **told.get("parameters", {})}
    return {
        CASE_ATTRIBUTE: case_id,
        METHOD_ATTRIBUTE: method,
        VERSION_ATTRIBUTE: __version__,
        PARAMETERS_ATTRIBUTE: json.dumps(parameters, sort_keys=True),
    }


def _method_folder(hierarchy: Any, parent_item: int, title: str, marks: Mapping[str, str]) -> int:
    item = hierarchy.CreateFolderItem(parent_item, title)
    for attribute, value in marks.items():
        hierarchy.SetItemAttribute(item, attribute, value)
    return int(item)


def _share_window(original: Any, volume: Any) -> None:
    """Show the defaced volume with the original's window, so that the eye compares voxels and not windows."""
    shown = original.GetDisplayNode()
    if shown is not None:
        display = volume.GetDisplayNode()
        display.AutoWindowLevelOff()
        display.SetWindowLevel(shown.GetWindow(), shown.GetLevel())


def _add_tables(
    nodes: CaseNodes, report: CaseReport, scene: Any, hierarchy: Any, between: Callable[[], None] = lambda: None
) -> None:
    """Add two tables per domain that has rows: all rows as they are, and the methods side by side."""
    rows, counted = report.measurements, structures_sentence(report.structures)
    for domain in DOMAINS:
        chosen = [row for row in rows if row.domain == domain]
        if chosen:
            between()
            warning = [SYNTHETIC_WARNING] if any(row.synthetic for row in chosen) else []
            description = "\n".join([*warning, *DOMAIN_NOTES.get(domain, ())])
            table = add_table(scene, f"{nodes.name}: {domain}", chosen)
            nodes.tables[domain] = table
            side_by_side = add_comparison_table(scene, f"{nodes.name}: {domain}, methods side by side", chosen)
            nodes.comparisons[domain] = side_by_side
            for node in (side_by_side, table):
                node.SetDescription(description)
                node.SetAttribute(CASE_ATTRIBUTE, nodes.case_id)
                node.SetAttribute(STRUCTURES_ATTRIBUTE, counted)
                file_under(hierarchy, nodes.folder_item, node)


def _add_slicerrt_table(nodes: CaseNodes, file: Path, scene: Any, hierarchy: Any) -> None:
    """Add SlicerRT's extra rows, where there are any, a table for each of its engines: engines are never mixed in one."""
    rows = read_measurements(file) if file.is_file() else []
    for domain, engine in dict.fromkeys((row.domain, row.engine) for row in rows):
        table = add_table(
            scene, f"{nodes.name}: {domain}, {engine}", [row for row in rows if (row.domain, row.engine) == (domain, engine)]
        )
        table.SetAttribute(CASE_ATTRIBUTE, nodes.case_id)
        table.SetDescription("\n".join(DOMAIN_NOTES.get(domain, ())))
        nodes.tables[f"{domain} {engine}"] = table
        file_under(hierarchy, nodes.folder_item, table)


def _add_curves(nodes: CaseNodes, file: Path, scene: Any, hierarchy: Any) -> None:
    """Add the DVH curves of a case that has any."""
    nodes.curves = add_dvh_table(scene, file, nodes.case_id, f"{nodes.name}: DVH curves")
    if nodes.curves is not None:
        nodes.curves.SetAttribute(VERSION_ATTRIBUTE, __version__)
        file_under(hierarchy, nodes.folder_item, nodes.curves)


def _mark_run(nodes: CaseNodes, original: Any | None) -> None:
    """Say at every node whose it is and of which comparison; what shows results goes by that, not by the case's id."""
    for node in nodes.all():
        node.SetAttribute(PATIENT_ATTRIBUTE, nodes.name)
        node.SetAttribute(RUN_ATTRIBUTE, nodes.run)
        if original is not None and node.IsA("vtkMRMLTableNode"):
            node.SetNodeReferenceID(ORIGINAL_ROLE, original.GetID())


def file_under(hierarchy: Any, parent_item: int, node: Any) -> None:
    """Put a node into a folder (desktop Slicer makes an item for every node, slicer-core does not)."""
    item = hierarchy.GetItemByDataNode(node)
    if item:
        hierarchy.SetItemParent(item, parent_item)
    else:
        hierarchy.CreateItem(parent_item, node)


def _remove(nodes: CaseNodes, scene: Any, hierarchy: Any) -> None:
    """Take back what was added for one case."""
    for node in nodes.all():
        remove_node(scene, node)
    hierarchy.RemoveItem(nodes.folder_item, False, True)
