"""The identifiable page of faces: similarity matrices, ROC and CMC of every image and method. Never to be shared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..output.folder import OutputFolder
from ..storage.atomic import write_text
from .charts import curve_data
from .page import render_page
from .privacy_charts import matrix_data

if TYPE_CHECKING:
    from .html import ReportContent

SCRIPTS = ("drawing.js", "privacy_view.js", "matrix_view.js")


def write_face_page(out: Path, content: ReportContent) -> None:
    """Write ``OUT/identifiable/faces.html``; where no image has an AUC, an earlier one goes.

    It appears whole or not at all.
    """
    folder = OutputFolder(out)
    if not content.curves:
        folder.face_page.unlink(missing_ok=True)
        return
    folder.make_private(folder.identifiable)
    write_text(folder.face_page, render_face_page(content), private=True)


def render_face_page(content: ReportContent) -> str:
    """The page as text."""
    names = content.names
    images = list(dict.fromkeys(each.image for each in content.curves))
    here = {image: [each for each in content.curves if each.image == image] for image in images}
    data = {
        "arms": [{"title": names.title(arm), "short": names.short_title(arm), "colour": names.colour(arm)} for arm in names.arms],
        "order": list(range(len(names.arms))),
        "images": [
            {"image": image, "curves": curve_data(curves, names), "matrices": matrix_data(curves, names)}
            for image, curves in here.items()
        ],
    }
    titles = {image: [names.title(each.arm) for each in curves] for image, curves in here.items()}
    return render_page("face_page.html.j2", SCRIPTS, data, sections=titles, manifest=content.manifest)
