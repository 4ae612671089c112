"""A finished output folder as tables, for scripts and notebooks."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..case_report import CaseReport
from ..errors import UnusableInput
from ..measurement import Measurement
from ..measurement_table import NUMBER_COLUMNS, measurement_table, read_measurements, require_pandas
from ..output.folder import OutputFolder
from ..privacy.face_prints import ORIGINAL
from .summary import read_summary, summary_table

if TYPE_CHECKING:
    import pandas

CHOICES = ("image", "method", "dose_policy", "variant", "fill", "protect", "engine")
"""What tells numbers of one structure and metric apart; numbers that differ in one of these are never put together."""
WHOLE_IMAGE = "the whole image"
VALUES = (*NUMBER_COLUMNS[1:], NUMBER_COLUMNS[0], "unit", "engine", "status", "note")
"""Columns of `Results.change`."""


class FacePictures(NamedTuple):
    """Two pictures of one face, which show the person."""

    original: Path
    defaced: Path


def load(out: str | Path) -> Results:
    """Open the output folder of ``case``, ``study`` or ``pool``.

    Parameters
    ----------
    out : str or Path

    Raises
    ------
    UnusableInput
        If it holds no finished comparison.
    """
    folder = OutputFolder(Path(out))
    if not folder.measurements.is_file() and not folder.finished_cases():
        raise UnusableInput(f"{out} holds no finished comparison; give the output folder of case, study or pool")
    return Results(folder)


@dataclass(frozen=True)
class Results:
    """What a finished output says.

    Parameters
    ----------
    folder : OutputFolder
    """

    folder: OutputFolder

    @cached_property
    def rows(self) -> tuple[Measurement, ...]:
        """All measurements."""
        if self.folder.measurements.is_file():
            return tuple(read_measurements(self.folder.measurements))
        return tuple(row for case in self.folder.finished_cases() for row in CaseReport.read(case).measurements)

    @cached_property
    def measurements(self) -> pandas.DataFrame:
        """``measurements.csv``: one number a row, with unit, engine, status and the note in words."""
        return measurement_table(self.rows)

    @cached_property
    def summary(self) -> pandas.DataFrame:
        """``summary.csv``: the cohort's numbers.

        Raises
        ------
        UnusableInput
            If the output is of one case, which has no summary.
        """
        if not self.folder.summary.is_file():
            raise UnusableInput(f"{self.folder.path} has no summary: it is of one case, or its study did not finish")
        return summary_table(read_summary(self.folder.summary))

    def change(
        self,
        structure: str,
        metric: str,
        *,
        method: str | None = None,
        image: str | None = None,
        dose_policy: str | None = None,
        variant: str | None = None,
        fill: str | None = None,
        protect: str | None = None,
        engine: str | None = None,
    ) -> pandas.DataFrame:
        """What happened to one metric of one structure, one row a case.

        Numbers that differ in method, image, dose policy, variant, fill, protection, engine or unit are never put together:
        where the output holds several, choose one.

        Parameters
        ----------
        structure : str
            Its name in the tables (TG-263), for example ``Parotid_L``; ``""`` for metrics of a whole image.
        metric : str
            A name of docs/measurements.md, for example ``Dmean``.
        method, image, dose_policy, variant, fill, protect, engine : str, optional
            Choices among what the output holds; not needed where it holds only one.

        Returns
        -------
        pandas.DataFrame
            Indexed by case, with the columns `VALUES`. A case whose number is missing has its row: `status` and `note` say why.

        Raises
        ------
        UnusableInput
            If there is no such row, or a choice is still to be made: the sentence names what there is.
        """
        rows = self._named(structure, metric)
        named = f"{metric} of {structure or WHOLE_IMAGE}"
        choices = dict(zip(CHOICES, (image, method, dose_policy, variant, fill, protect, engine), strict=True))
        for name, choice in choices.items():
            kept = [row for row in rows if choice in (None, getattr(row, name))]
            if not kept:
                raise UnusableInput(f"there is no {named} with {name} {choice!r}; {_values(rows, name)}")
            rows = kept
        for name in (*CHOICES, "unit"):
            if len({getattr(row, name) for row in rows}) > 1:
                raise UnusableInput(f"{named} was measured with several values of {name}; {_values(rows, name)}")
        pandas = require_pandas()
        table = measurement_table(rows)[list(VALUES)]
        return table.set_index(pandas.Index([row.case for row in rows], name="case"))

    def _named(self, structure: str, metric: str) -> list[Measurement]:
        rows = [row for row in self.rows if row.metric == metric]
        if not rows:
            raise UnusableInput(f"nothing called {metric!r} was measured; {_near(metric, {row.metric for row in self.rows})}")
        found = [row for row in rows if row.structure == structure]
        if not found:
            raise UnusableInput(
                f"there is no {metric} of {structure or WHOLE_IMAGE}; {_near(structure, {row.structure for row in rows})}"
            )
        return found

    def faces(self, case: str, method: str) -> dict[str, FacePictures]:
        """The front views of a case's face before and after a method, by image key. They show the person: keep them to yourself.

        Raises
        ------
        UnusableInput
            If there are none: the output's ``identifiable`` folder was taken away, or no face was drawn.
        """
        found = {}
        for original in sorted(self.folder.renders(case).glob(f"*_{ORIGINAL}.png")):
            image = original.name.removesuffix(f"_{ORIGINAL}.png")
            defaced = self.folder.render(case, image, method)
            if defaced.is_file():
                found[image] = FacePictures(original, defaced)
        if not found:
            raise UnusableInput(f"{self.folder.path} has no pictures of {case} after {method}")
        return found


def _values(rows: Sequence[Measurement], name: str) -> str:
    return f"choose one of {', '.join(sorted({repr(getattr(row, name)) for row in rows}))}"


def _near(wanted: str, known: set[str]) -> str:
    near = difflib.get_close_matches(wanted, sorted(known), n=5, cutoff=0.4)
    return f"close to it: {', '.join(near)}" if near else f"there is: {', '.join(sorted(filter(None, known))[:12])}"
