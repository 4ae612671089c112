"""TOML files of command lines: what is alike in every table that tells how another program is run."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

from ..errors import UnusableInput

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOOL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""What a tool may be called: the name is a folder or file of the output and a key of tables."""


def tables_of_file(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises
    ------
    UnusableInput
        With one sentence, if there is no such file or it is no TOML file with a table.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise UnusableInput(f"{path} cannot be read as a text file; give a TOML file with one table a tool") from failure
    return tables_in(text, path.name)


def tables_in(text: str, file: str) -> dict[str, Any]:
    """The tables of a TOML text; `file` is named in errors (UnusableInput)."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as failure:
        raise UnusableInput(f"{file} is not valid TOML: {failure}") from failure
    if not tables:
        raise UnusableInput(f"{file} holds no tool; write one table a tool, [name] and command = [...]")
    return tables


def refuse_wrong_table(key: str, table: Any, known: Collection[str], where: str) -> None:
    """Raise `UnusableInput` for a name that is none, for what is no table, and for entries that are not known."""
    if not TOOL_NAME.fullmatch(key):
        raise UnusableInput(f"{where} is no name for a tool; use letters, digits, . _ -")
    if not isinstance(table, dict):
        raise UnusableInput(f"{where} is not a table; write [{key}] and command = [...] below it")
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise UnusableInput(f"{where} has unknown entries: {', '.join(unknown)}")


def refuse_wrong_command(command: Any, where: str) -> None:
    """Raise `UnusableInput` unless a command is a list of texts, of which none is empty."""
    if not isinstance(command, list) or not all(isinstance(part, str) and part for part in command):
        raise UnusableInput(f'{where}: command must be a list of texts, for example ["tool", "{{input}}", "{{output}}"]')


def refuse_wrong_texts(values: Mapping[str, Any], names: Collection[str], where: str) -> None:
    """Raise `UnusableInput` if one of some entries is there and no text."""
    if not all(isinstance(values[name], str) for name in names if name in values):
        raise UnusableInput(f"{where}: {', '.join(names)} must be texts")


def refuse_wrong_limit(values: Mapping[str, Any], where: str) -> None:
    """Raise `UnusableInput` unless ``time_limit_s`` is absent or a number above 0."""
    limit = values.get("time_limit_s", 1)
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or limit <= 0:
        raise UnusableInput(f"{where}: time_limit_s must be a number of seconds above 0")


def refuse_placeholders(text: str, entry: str, known: Collection[str], where: str, *, is_file_name: bool = False) -> set[str]:
    """The names in braces of an entry; raise `UnusableInput` if one is not known, or a file's name holds a path."""
    try:
        used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as failure:
        raise UnusableInput(f"{where}: {entry} {text!r} has a lone brace ({failure})") from failure
    if used - set(known) or (is_file_name and ("/" in text or "\\" in text)):
        listed = ", ".join(f"{{{name}}}" for name in sorted(known))
        raise UnusableInput(f"{where}: {entry} {text!r} is not understood; it may hold {listed}")
    return used
