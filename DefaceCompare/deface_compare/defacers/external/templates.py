"""Which real tools there are: those that ship as templates, and those of a user's file."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from ...data import data_text
from ...errors import UnusableInput
from ...machine.tool_tables import (
    refuse_placeholders,
    refuse_wrong_command,
    refuse_wrong_limit,
    refuse_wrong_table,
    refuse_wrong_texts,
    tables_in,
    tables_of_file,
)
from ..defacing import Defacer
from .command import CommandTemplate, ExternalCommand
from .folder import ExternalFolder
from .quickshear_package import QuickshearPackage

AXES = re.compile(r"(?=.*[RL])(?=.*[AP])(?=.*[IS])[RLAPIS]{3}")
"""Three letters, one of each pair: to which side, front or back, top or bottom each axis runs."""
TEXTS = ("title", "input", "output", "reference", "limits", "licence", "install", "axes")
PLACEHOLDERS = {"command": {"input", "output", "outdir", "type", "brain", "stem"}, "input": {"key"}, "output": {"key", "stem"}}
VOLUME_ENDINGS = (".nii", ".nii.gz", ".nrrd", ".mha")
"""Formats that a tool's input and output may have."""


def external_methods() -> tuple[Defacer, ...]:
    """The real tools that DefaceCompare knows by name: the PyPI package, then those of ``data/external_tools.toml``."""
    return (QuickshearPackage(), *(ExternalCommand(template) for template in ready_templates()))


@cache
def ready_templates() -> tuple[CommandTemplate, ...]:
    """The templates of ``data/external_tools.toml``."""
    text = data_text("external_tools.toml")
    return templates_of(text, "external_tools.toml")


def imported_tool(name: str, folder: Path) -> ExternalFolder:
    """A tool whose results lie in a folder; a tool known by name gets its own title."""
    known = next((template for template in ready_templates() if template.key == name), None)
    return ExternalFolder(name, folder, known.title if known else "")


def read_templates(path: Path) -> tuple[CommandTemplate, ...]:
    """Read a file of command templates.

    Raises
    ------
    UnusableInput
        With one sentence, if there is no such file or something in it is not understood.
    """
    found = _templates(tables_of_file(path), path.name)
    without = [template.key for template in found if not template.command]
    if without:
        raise UnusableInput(f"{path.name}: {', '.join(without)} has no command; import its results with --external NAME=FOLDER")
    return found


def templates_of(text: str, file: str) -> tuple[CommandTemplate, ...]:
    """The templates in a TOML text; `file` is named in errors (UnusableInput)."""
    return _templates(tables_in(text, file), file)


def _templates(tables: dict[str, Any], file: str) -> tuple[CommandTemplate, ...]:
    return tuple(_template(key, table, file) for key, table in tables.items())


def _template(key: str, table: Any, file: str) -> CommandTemplate:
    where = f"{file}: [{key}]"
    refuse_wrong_table(key, table, {"command", "types", "time_limit_s", *TEXTS}, where)
    refuse_wrong_command(table.get("command", []), where)
    values: dict[str, Any] = {"title": key, **table, "key": key, "command": tuple(table.get("command", ()))}
    refuse_wrong_texts(values, TEXTS, where)
    refuse_wrong_limit(values, where)
    types = values.get("types", {})
    if not isinstance(types, dict) or not all(isinstance(word, str) for word in types.values()):
        raise UnusableInput(f"{where}: types must be a table of texts by image key")
    if not AXES.fullmatch(values.get("axes") or "RAS"):
        raise UnusableInput(f"{where}: axes must be three letters, one each of R or L, A or P, I or S, for example RAS")
    template = CommandTemplate(**values)
    for part in template.command:
        refuse_placeholders(part, "command", PLACEHOLDERS["command"], where)
    for name in ("input", "output"):
        text = str(getattr(template, name))
        refuse_placeholders(text, name, PLACEHOLDERS[name], where, is_file_name=True)
        if not text.endswith(VOLUME_ENDINGS):
            raise UnusableInput(f"{where}: {name} must end in one of {', '.join(VOLUME_ENDINGS)}")
    return template
