"""The identifiable page of cases: faces and slices of every patient, original against method. Never to be shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..output.folder import OutputFolder
from ..storage.atomic import write_text
from .case_browser import CaseLine, case_lines
from .case_pictures import CasePictures
from .html import ReportContent, report_data
from .page import DRAWING, render_page

SCRIPTS = (*DRAWING, "cases_page.js")
NOT_HERE = ("tradeoff", "curves")
"""What the page's scripts do not draw."""


def write_cases_page(out: Path, content: ReportContent, pictures: Mapping[str, CasePictures]) -> None:
    """Write ``OUT/identifiable/cases.html``; where no case has pictures, an earlier one goes.

    It appears whole or not at all. Pictures are linked, not embedded: the page opens at once, however many cases there are.

    Parameters
    ----------
    pictures : mapping of case id to CasePictures
        Addresses as seen from the page.
    """
    folder = OutputFolder(out)
    if not pictures:
        folder.cases_page.unlink(missing_ok=True)
        return
    folder.make_private(folder.identifiable)
    lines = case_lines(content.measurements, content.manifest, content.names, content.image)
    write_text(folder.cases_page, render_cases_page(content, lines, pictures), private=True)


def render_cases_page(content: ReportContent, lines: Sequence[CaseLine], pictures: Mapping[str, CasePictures]) -> str:
    """The page as text."""
    cases, names = content.cases, content.names
    data = {name: value for name, value in report_data(content, lines).items() if name not in NOT_HERE}
    data["pictures"] = [pictures[case].data(names) if case in pictures else None for case in cases]
    return render_page("cases_page.html.j2", SCRIPTS, data, manifest=content.manifest, cases=[*lines], shown=set(cases))
