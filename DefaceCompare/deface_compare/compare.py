"""The one flow: a case is defaced by each method in turn, checked and measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .anatomy.find_heads import find_heads
from .anatomy.head import Head
from .case import Case
from .case_report import CaseReport, input_hashes
from .defacers import method_order, methods_of
from .defacers.deface import deface
from .defacers.defacing import Defacer, Defacing
from .geometry.threads import one_itk_thread
from .machine.freed_memory import give_back
from .measurement import Measurement, Missing, Scope
from .output.case_files import write_defacing
from .output.folder import OutputFolder
from .output.kept_heads import keep_heads
from .output.kept_methods import KeptMethods, finished_beside
from .output.neutral_words import NeutralWords
from .privacy.case_faces import CaseFaces
from .progress import Progress, report_step, silent
from .quality.case_slices import CaseSlices
from .quality.dose import dose_quality_rows
from .quality.gate import quality_rows
from .quality.skin import OriginalSkin
from .settings import DEFAULT_METHODS, Settings
from .structures.count import StructureCount, structures_sentence
from .utility.baseline import utility_baseline
from .utility.dvh_table import DvhTable
from .utility.measured import count_structures
from .utility.rows import utility_rows
from .words import SYNTHETIC_WARNING


@one_itk_thread()
def compare_case(
    case: Case,
    methods: Sequence[str | Defacer] = DEFAULT_METHODS,
    settings: Settings | None = None,
    *,
    out: str | Path | None = None,
    kept: KeptMethods | None = None,
    progress: Progress = silent,
) -> CaseReport:
    """Deface one patient by every method and measure what it costs and what it protects.

    Parameters
    ----------
    case : Case
        As `read_case` gives it.
    methods : sequence of str or Defacer
        Keys as `methods` lists them (their variants are those of `settings`), or methods. Each is run, measured, written and
        freed before the next, in the order of tables, in whatever order they are given.
    settings : Settings, optional
        Fill, protection, face model, seed and the like.
    out : str or Path, optional
        Where to write ``cases/<id>/`` and ``identifiable/``; nothing is written if it is None.
    kept : KeptMethods, optional
        Methods of the same case, finished under the same settings, that join the report without running again. If it is not
        given, those that `out` holds already.
    progress : callable
        ``progress(done, total, text) -> bool``; False raises `Cancelled`.

    Returns
    -------
    CaseReport
        A method or image that failed is a row with the reason, never a missing row.

    Raises
    ------
    UnusableInput
        If an image cannot be measured at all (constant, NaN), there is no method of a name, or results in `out` would be lost.
    Cancelled
        If `progress` answers False.
    """
    settings = settings or Settings()
    chosen = methods_of(methods, settings.variants)
    target = None if out is None else Path(out)
    total = 2 + len(chosen)
    inputs = input_hashes(case)
    if target is not None and kept is None:
        kept = finished_beside(target, case.id, inputs, {each.key: each.variant for each in chosen}, settings)
    report_step(progress, 0, total, f"{case.id}: finding the head")
    heads, reasons = find_heads(case, settings)
    if target is not None:
        keep_heads(target, case, inputs, settings, heads)
    baseline = utility_baseline(case, settings)
    report_step(progress, 1, total, f"{case.id}: drawing the original face")
    faces = CaseFaces(case, heads, reasons, settings, target)
    slices = CaseSlices(case, heads, target)
    skins: dict[str, OriginalSkin] = {}
    found = _Found()
    chosen_by_key = {method.key: method for method in chosen}
    for key in sorted({*chosen_by_key, *(kept.keys if kept else ())}, key=method_order):
        if kept is not None and key not in chosen_by_key:
            found.take_over(kept, key, target)
            faces.keep(kept, key)
            slices.keep(kept, key)
            continue
        method = chosen_by_key[key]
        report_step(progress, 2 + chosen.index(method), total, f"{case.id}: {method.title}")
        give_back()
        defacing = deface(method, case, heads, settings, reasons)
        give_back()
        scope = _scope(case, defacing)
        found.rows += quality_rows(case, heads, defacing, scope, settings, skins)
        found.rows += dose_quality_rows(case, heads, defacing, scope)
        found.rows += faces.rows(defacing, scope)
        slices.add(defacing)
        found.rows += utility_rows(case, baseline, defacing, scope, settings, found.curves)
        found.told[key] = write_defacing(case, defacing, target)
        found.seconds[key] = defacing.seconds
        del defacing  # its patches would stand beside those of the next method
    structures = count_structures(case, baseline)
    notes = _notes(case, heads, reasons, structures)
    words = NeutralWords(case.folder, case.id)
    if kept is not None:
        words.take_over(kept.out)
    report = words.shared_report(found.report(case, settings, inputs, notes, structures))
    if target is not None:
        faces.write()
        _write(target, report, found.curves, words)
    report_step(progress, total, total, f"{case.id}: done")
    return report


@dataclass
class _Found:
    """What accumulates over the methods of one case."""

    rows: list[Measurement] = field(default_factory=list)
    curves: DvhTable = field(default_factory=DvhTable)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def variants(self) -> dict[str, str]:
        """The methods that were not run as they are by default."""
        return {key: told["variant"] for key, told in self.told.items() if told["variant"]}

    def take_over(self, kept: KeptMethods, key: str, target: Path | None) -> None:
        """Add a finished method, and put its files into the folder that grows."""
        self.rows += kept.rows(key)
        self.told[key] = kept.told(key)
        self.seconds |= kept.seconds(key)
        self.curves.keep(OutputFolder(kept.out).dvh(kept.case_id), key)
        if target is not None:
            kept.share_files(key, target)

    def report(
        self,
        case: Case,
        settings: Settings,
        inputs: Mapping[str, str],
        notes: tuple[str, ...],
        structures: StructureCount,
    ) -> CaseReport:
        """All of it as the case's report, patients' names included."""
        return CaseReport(
            case_id=case.id,
            synthetic=case.synthetic,
            measurements=tuple(self.rows),
            methods=self.told,
            settings=replace(settings, variants=self.variants),
            inputs=inputs,
            seconds=self.seconds,
            notes=notes,
            structures=structures,
            left_out=case.left_out,
        )


def _write(target: Path, report: CaseReport, curves: DvhTable, words: NeutralWords) -> None:
    """Write the case's tables, and into the identifiable part which names stand behind their words."""
    folder = OutputFolder(target)
    folder.make_case(report.case_id)
    curves.write(folder.dvh(report.case_id), report.case_id)
    words.write(target)
    report.write(folder.case(report.case_id))


def _scope(case: Case, defacing: Defacing) -> Scope:
    return Scope(case.id, defacing.method, defacing.variant, defacing.fill, defacing.protect, case.synthetic)


def _notes(case: Case, heads: Mapping[str, Head], reasons: Mapping[str, Missing], structures: StructureCount) -> tuple[str, ...]:
    """What a reader of this case's numbers must know, each thing once."""
    notes = [SYNTHETIC_WARNING] if case.synthetic else []
    notes += case.notes
    notes += [f"{image.key}: {note}" for image in case.images for note in image.notes]
    notes += case.structure_set.notes if case.structure_set else ()
    notes += case.dose.notes if case.dose else ()
    for head in {id(head): head for head in heads.values()}.values():
        notes += [f"{head.image_key}: {note}" for note in (*head.notes, f"face in the scan: {head.face_extent}")]
    notes += [f"{key}: {missing.reason}" for key, missing in reasons.items()]
    notes += filter(None, [structures_sentence(structures)])
    return tuple(dict.fromkeys(notes))
