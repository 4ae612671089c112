"""A page of the report from its template: styles and scripts inlined, so that it opens without a network."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from .glossary import explained
from .page_data import page_json

DRAWING = ("drawing.js", "dvh_view.js", "organ_view.js", "case_view.js")
"""What the pages share: charts, DVHs, the heat map, the view of a case."""


def asset(name: str) -> str:
    """A file of this folder as text."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def render_page(template: str, scripts: tuple[str, ...], data: dict[str, Any], **values: Any) -> str:
    """Fill a template.

    Parameters
    ----------
    template : str
        Its file's name.
    scripts : tuple of str
        Names of the script files, in the order in which they run.
    data : dict
        What the scripts read.
    """
    texts = {name: asset(name) for name in (template, "tables.html.j2")}
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=DictLoader(texts)
    )
    environment.globals["explained"] = explained
    script = "\n".join(asset(name) for name in scripts).replace('"use strict";\n', "")
    return environment.get_template(template).render(
        style=Markup(asset("report.css")), script=Markup('"use strict";\n' + script), data=Markup(page_json(data)), **values
    )
