"""What is to be compared, with all choices as they are now: the chosen patient, or all of the list in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..nodes.case_folder import nodes_to_case_folder
from .case.case_choice import CaseChoice
from .case.method_boxes import MethodBoxes, folders_of_results
from .case.patient import FolderPatient, ScenePatient
from .case.patient_bar import PatientBar
from .case.redrawn_choice import RedrawnChoice, places, write_redrawn
from .comparisons import Job
from .parameters import BEST_FACE_MODEL


class PatientJobs:
    """Makes jobs of the panel's choices.

    Parameters
    ----------
    case : CaseChoice
    bar : PatientBar
    methods : MethodBoxes
    redrawn : RedrawnChoice
    kept : callable
        The word that is chosen under a parameter's key.
    """

    def __init__(
        self, case: CaseChoice, bar: PatientBar, methods: MethodBoxes, redrawn: RedrawnChoice, kept: Callable[[str], str]
    ) -> None:
        self._case, self._bar, self._methods, self._redrawn, self._kept = case, bar, methods, redrawn, kept
        self._folders: dict[Path, FolderPatient] = {}

    def patient_of_folder(self, folder: Path) -> FolderPatient | None:
        """A folder's patient who was compared here: the volumes are in the scene already."""
        return self._folders.get(folder)

    def forget(self) -> None:
        """Let go of what was read (the scene closes)."""
        self._folders = {}

    def of_chosen(self) -> Job:
        """The chosen patient."""
        case, results = self._case, self._case.results_folder
        if case.from_folder:
            return self._of_folder(case.folder, results)
        return self._of_nodes(self._bar.name, case.images(), case.segmentation(), case.dose(), results)

    def of_all(self) -> list[Job]:
        """Every patient of the scene, or of the folder of patients; results are kept in numbered folders."""
        places = self._numbered(self._case.results_folder)
        if self._case.from_folder:
            return [self._of_folder(folder, next(places), many=True) for folder in self._case.folders()]
        return [
            self._of_nodes(each.name, each.images, each.segmentation, each.dose, next(places), many=True)
            for each in self._bar.patients
        ]

    def _numbered(self, results: Path | None) -> Iterator[Path | None]:
        if results is not None:
            results.mkdir(mode=0o700, exist_ok=True)
        number = 0
        while True:
            number += 1
            yield results / f"patient-{number:03d}" if results is not None else None

    def _of_folder(self, folder: Path, results: Path | None, *, many: bool = False) -> Job:
        patient, structures = self._folders.setdefault(folder, FolderPatient(folder)), self._case.structure_sets.chosen(folder)
        patient.choose_structures(structures)
        again = self._redrawn.paths(self._compared(), folder.name, many=many)
        arguments = self._arguments(
            folder.name, self._case.primary_key(), many=many, structures=structures, again=lambda _: again
        )
        return Job(folder.name, patient, lambda private: folder, arguments, None, results, structures, lambda private: again)

    def _of_nodes(
        self,
        name: str,
        images: Mapping[str, Any],
        segmentation: Any | None,
        dose: Any | None,
        results: Path | None,
        *,
        many: bool = False,
    ) -> Job:
        again = self._redrawn.nodes(self._compared(), images, many=many)

        def written(private: Path) -> Path:
            write_redrawn(private, images, again)
            return nodes_to_case_folder(private / "case", images, segmentation, dose)

        def redrawn(private: Path) -> dict[str, Path]:
            return places(private, again)

        arguments = self._arguments(name, next(iter(images)), many=many, again=redrawn)
        patient = ScenePatient(images, segmentation, dose)
        return Job(name, patient, written, arguments, segmentation, results, redrawn=redrawn)

    def _compared(self) -> list[str]:
        """Keys of all methods that are compared, those that ran elsewhere, too."""
        return [*self._methods.chosen(), *self._methods.imported()]

    def _arguments(
        self, name: str, image: str, *, many: bool, again: Callable[[Path], Mapping[str, Path]], structures: str = ""
    ) -> Callable[[Path, Path], list[str]]:
        """The command line of a run as a function of its folders: the same options as in a terminal."""
        kept, imported = self._kept, self._methods.imported()
        if many:  # of several patients a tool's folder holds one folder each
            imported = {key: place / name for key, place in imported.items() if (place / name).is_dir()}
        options = [
            *("--methods", ",".join(self._methods.chosen()), "--no-report"),
            *("--fill", kept("Fill"), "--protect", kept("Protect")),
            *(("--face-model", model) if (model := kept("FaceModel")) != BEST_FACE_MODEL else ()),
            *(("--structures", structures) if structures else ()),
        ]

        def arguments(folder: Path, out: Path) -> list[str]:
            results = folders_of_results(imported, image, out.parent)
            external = [f"--external={key}={place}" for key, place in results.items()]
            redrawn = [f"--resegmented={key}={place}" for key, place in again(out.parent).items()]
            return ["case", str(folder), "--out", str(out), *options, *external, *redrawn]

        return arguments
