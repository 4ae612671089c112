"""Which real tools there are: those that ship as templates, and those of a user's file."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from ...data import data_text
from ...errors import UnusableInput
from ..defacing import Defacer
from .command import CommandTemplate, ExternalCommand
from .folder import ExternalFolder
from .quickshear_package import QuickshearPackage

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOOL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""What a tool may be called: the name is a folder of the output and a key of tables."""
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
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise UnusableInput(f"{path} cannot be read as a text file; give a TOML file with one table a tool") from failure
    found = templates_of(text, path.name)
    without = [template.key for template in found if not template.command]
    if without:
        raise UnusableInput(f"{path.name}: {', '.join(without)} has no command; import its results with --external NAME=FOLDER")
    return found


def templates_of(text: str, file: str) -> tuple[CommandTemplate, ...]:
    """The templates in a TOML text; `file` is named in errors (UnusableInput)."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as failure:
        raise UnusableInput(f"{file} is not valid TOML: {failure}") from failure
    if not tables:
        raise UnusableInput(f"{file} holds no tool; write one table a tool, [name] and command = [...]")
    return tuple(_template(key, table, file) for key, table in tables.items())


def _template(key: str, table: Any, file: str) -> CommandTemplate:
    where = f"{file}: [{key}]"
    if not TOOL_NAME.fullmatch(key):
        raise UnusableInput(f"{where} is no name for a tool; use letters, digits, . _ -")
    if not isinstance(table, dict):
        raise UnusableInput(f"{where} is not a table; write [{key}] and command = [...] below it")
    unknown = sorted(set(table) - {"command", "types", "time_limit_s", *TEXTS})
    if unknown:
        raise UnusableInput(f"{where} has unknown entries: {', '.join(unknown)}")
    if not isinstance(table.get("command", []), list):
        raise UnusableInput(f'{where}: command must be a list of texts, for example ["tool", "{{input}}", "{{output}}"]')
    values: dict[str, Any] = {"title": key, **table, "key": key, "command": tuple(table.get("command", ()))}
    _refuse_wrong_types(values, where)
    template = CommandTemplate(**values)
    for part in template.command:
        _refuse_placeholders(part, "command", where)
    for name in ("input", "output"):
        _refuse_placeholders(str(getattr(template, name)), name, where)
        if not str(getattr(template, name)).endswith(VOLUME_ENDINGS):
            raise UnusableInput(f"{where}: {name} must end in one of {', '.join(VOLUME_ENDINGS)}")
    return template


def _refuse_wrong_types(values: dict[str, Any], where: str) -> None:
    if not all(isinstance(values[name], str) for name in TEXTS if name in values):
        raise UnusableInput(f"{where}: {', '.join(TEXTS)} must be texts")
    if not all(isinstance(part, str) and part for part in values["command"]):
        raise UnusableInput(f'{where}: command must be a list of texts, for example ["tool", "{{input}}", "{{output}}"]')
    types = values.get("types", {})
    if not isinstance(types, dict) or not all(isinstance(word, str) for word in types.values()):
        raise UnusableInput(f"{where}: types must be a table of texts by image key")
    if not AXES.fullmatch(values.get("axes") or "RAS"):
        raise UnusableInput(f"{where}: axes must be three letters, one each of R or L, A or P, I or S, for example RAS")
    limit = values.get("time_limit_s", 1)
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or limit <= 0:
        raise UnusableInput(f"{where}: time_limit_s must be a number of seconds above 0")


def _refuse_placeholders(text: str, entry: str, where: str) -> None:
    try:
        used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as failure:
        raise UnusableInput(f"{where}: {entry} {text!r} has a lone brace ({failure})") from failure
    wrong = sorted(used - PLACEHOLDERS[entry])
    if wrong or (entry != "command" and ("/" in text or "\\" in text)):
        known = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS[entry]))
        raise UnusableInput(f"{where}: {entry} {text!r} is not understood; it may hold {known}")
