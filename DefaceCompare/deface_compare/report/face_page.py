"""The identifiable page of a study: similarity matrices, ROC and CMC of every image and method. Never to be shared."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from ..atomic import write_text
from ..output.folder import OutputFolder
from .privacy_charts import cmc_chart, matrix_chart, roc_chart

if TYPE_CHECKING:
    from .html import ReportContent


def write_face_page(out: Path, content: ReportContent) -> None:
    """Write ``OUT/identifiable/faces.html``; nothing where no image has an AUC.

    It appears whole or not at all.
    """
    if not content.curves:
        return
    folder = OutputFolder(out)
    folder.make_private(folder.identifiable)
    path = folder.face_page
    write_text(path, render_face_page(content), private=True)


def render_face_page(content: ReportContent) -> str:
    """The page as text."""
    from .html import arm_names

    names = arm_names(content)
    sections = []
    for image in dict.fromkeys(each.image for each in content.curves):
        here = [each for each in content.curves if each.image == image]
        charts = {"ROC": roc_chart(here, names), "CMC": cmc_chart(here, names)}
        charts |= {f"Similarity, {names.title(each.arm)}": matrix_chart(each, names.title(each.arm)) for each in here}
        sections.append((image, {title: Markup(figure) for title, figure in charts.items()}))
    folder = files(__package__)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(folder.joinpath("face_page.html.j2").read_text(encoding="utf-8"))
    style = Markup(folder.joinpath("report.css").read_text(encoding="utf-8"))
    return template.render(style=style, plotly=Markup(get_plotlyjs()), sections=sections, manifest=content.manifest)
