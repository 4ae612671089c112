"""The one flow: a case is defaced by each method in turn, checked and measured.

With more than one thread two things go on at once. The calling thread finds the heads, draws faces and has them recognised.
Meanwhile its helpers measure the originals, judge, measure and write the edit whose faces are drawn, and then make the next one.
One edit is made ahead, no more: its patches are all that stands in memory for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from .machine.side_by_side import Later, SideBySide, side_by_side
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
from .utility.baseline import Baseline, utility_baseline
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
    threads: int = 1,
) -> CaseReport:
    """Deface one patient by every method and measure what it costs and what it protects.

    Parameters
    ----------
    case : Case
        As `read_case` gives it.
    methods : sequence of str or Defacer
        Keys as `methods` lists them (their variants are those of `settings`), or methods. Each is run, measured, written and
        freed in turn, in the order of tables, in whatever order they are given.
    settings : Settings, optional
        Fill, protection, face model, seed and the like.
    out : str or Path, optional
        Where to write ``cases/<id>/`` and ``identifiable/``; nothing is written if it is None.
    kept : KeptMethods, optional
        Methods of the same case, finished under the same settings, that join the report without running again. If it is not
        given, those that `out` holds already.
    progress : callable
        ``progress(done, total, text) -> bool``; False raises `Cancelled`. Called by the calling thread only.
    threads : int
        How many threads may work, the calling one among them; the results are the same.

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
    chosen = {method.key: method for method in methods_of(methods, settings.variants)}
    target = None if out is None else Path(out)
    inputs = input_hashes(case)
    if target is not None and kept is None:
        kept = finished_beside(target, case.id, inputs, {key: method.variant for key, method in chosen.items()}, settings)
    keys = sorted({*chosen, *(kept.keys if kept else ())}, key=method_order)
    total = 2 + len(chosen)
    with side_by_side(threads) as beside:
        report_step(progress, 0, total, f"{case.id}: finding the head")
        baseline = beside.later(lambda: utility_baseline(case, settings))
        heads, reasons = find_heads(case, settings)
        if target is not None:
            keep_heads(target, case, inputs, settings, heads)
        original = baseline.result()
        report_step(progress, 1, total, f"{case.id}: drawing the original face")
        to_run = [chosen[key] for key in keys if key in chosen]
        comparison = _Comparison(case, settings, heads, reasons, original, target, beside, to_run)
        done = 2
        for key in keys:
            if kept is not None and key not in chosen:
                comparison.take_over(kept, key)
                continue
            report_step(progress, done, total, f"{case.id}: {chosen[key].title}")
            comparison.add_next()
            done += 1
        report = comparison.report(inputs, None if kept is None else kept.out)
    report_step(progress, total, total, f"{case.id}: done")
    return report


class _Comparison:
    """One case and what accumulates over its methods, each of which is freed before the next.

    Parameters
    ----------
    case : Case
    settings : Settings
    heads : mapping of str to Head
        By key of the image.
    reasons : mapping of str to Missing
        Why an image has none.
    baseline : Baseline
        Volumes, intensities and dose of the original.
    target : Path or None
        The output folder.
    beside : SideBySide
        Who helps.
    methods : sequence of Defacer
        What `add_next` adds, in this order.
    """

    def __init__(
        self,
        case: Case,
        settings: Settings,
        heads: Mapping[str, Head],
        reasons: Mapping[str, Missing],
        baseline: Baseline,
        target: Path | None,
        beside: SideBySide,
        methods: Sequence[Defacer],
    ) -> None:
        self._case, self._settings, self._target = case, settings, target
        self._heads, self._reasons, self._baseline = heads, reasons, baseline
        self._beside, self._methods = beside, deque(methods)
        slices = beside.later(lambda: CaseSlices(case, heads, target))
        self._coming = self._begin_next()
        self._faces = CaseFaces(case, heads, reasons, settings, target)
        self._slices = slices.result()
        self._skins: dict[str, OriginalSkin] = {}
        self._rows: list[Measurement] = []
        self._curves = DvhTable()
        self._told: dict[str, dict[str, Any]] = {}
        self._seconds: dict[str, float] = {}

    def add_next(self) -> None:
        """Deface by the next method, measure and write what it made."""
        assert self._coming is not None
        case, heads, settings, later = self._case, self._heads, self._settings, self._beside.later
        defacing = self._coming.result()
        scope = _scope(case, defacing)
        quality = later(lambda: quality_rows(case, heads, defacing, scope, settings, self._skins))
        dose = later(lambda: dose_quality_rows(case, heads, defacing, scope))
        slices = later(lambda: self._slices.add(defacing))
        utility = later(lambda: utility_rows(case, self._baseline, defacing, scope, settings, self._curves))
        told = later(lambda: write_defacing(case, defacing, self._target))
        self._coming = self._begin_next()  # last: patches of two methods stand in memory as shortly as can be
        faces = self._faces.rows(defacing, scope)
        self._rows += [*quality.result(), *dose.result(), *faces]
        slices.result()
        self._rows += utility.result()
        self._told[defacing.method] = told.result()
        self._seconds[defacing.method] = defacing.seconds

    def _begin_next(self) -> Later[Defacing] | None:
        """Hand the next method over; one that starts programs stays here, where signals arrive that must end them."""
        if not self._methods:
            return None
        method = self._methods.popleft()
        hand_over = self._beside.mine if method.starts_programs else self._beside.later
        return hand_over(lambda: self._defaced(method))

    def _defaced(self, method: Defacer) -> Defacing:
        give_back()
        defacing = deface(method, self._case, self._heads, self._settings, self._reasons)
        give_back()
        return defacing

    def take_over(self, kept: KeptMethods, key: str) -> None:
        """Add a finished method, and put its files into the folder that grows."""
        self._rows += kept.rows(key)
        self._told[key] = kept.told(key)
        self._seconds |= kept.seconds(key)
        self._curves.keep(OutputFolder(kept.out).dvh(kept.case_id), key)
        if self._target is not None:
            kept.share_files(key, self._target)
        self._faces.keep(kept, key)
        self._slices.keep(kept, key)

    def report(self, inputs: Mapping[str, str], kept_out: Path | None) -> CaseReport:
        """Neutral words for patients' names throughout; tables and report are written, and what stands behind the words."""
        structures = count_structures(self._case, self._baseline)
        words = NeutralWords(self._case.folder, self._case.id)
        if kept_out is not None:
            words.take_over(kept_out)
        report = words.shared_report(
            CaseReport(
                case_id=self._case.id,
                synthetic=self._case.synthetic,
                measurements=tuple(self._rows),
                methods=self._told,
                settings=replace(self._settings, variants=self._variants),
                inputs=inputs,
                seconds=self._seconds,
                notes=_notes(self._case, self._heads, self._reasons, structures),
                structures=structures,
                left_out=self._case.left_out,
            )
        )
        if self._target is not None:
            self._faces.write()
            _write(self._target, report, self._curves, words)
        return report

    @property
    def _variants(self) -> dict[str, str]:
        """The methods that were not run as they are by default."""
        return {key: told["variant"] for key, told in self._told.items() if told["variant"]}


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
