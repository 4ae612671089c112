"""A site's own program that de-identifies headers: its table in a TOML file, and how it is called."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...errors import UnusableInput
from ...machine.tool_tables import (
    refuse_placeholders,
    refuse_wrong_command,
    refuse_wrong_limit,
    refuse_wrong_table,
    refuse_wrong_texts,
    tables_of_file,
)

TEXTS = ("title", "version", "reference", "licence", "install")
PLACEHOLDERS = frozenset({"input", "output", "here"})
"""Of a command: the folder with the objects, the folder for the results, the folder of the TOML file."""
ENTRIES = frozenset({"command", "in_place", "exit_codes", "time_limit_s", "keeps", *TEXTS})
TIMES, DEVICE = KEEPS = ("times", "device")
"""What a program may leave on purpose, so that it is not searched for: times of day (dates are), and what names the machine."""


@dataclass(frozen=True)
class HeaderTool:
    """One table of a user's file.

    Parameters
    ----------
    key : str
    title : str
    command : tuple of str
    version : str
        As the table states it.
    in_place : bool
        The program rewrites the folder that it is given; it gets a copy.
    exit_codes : tuple of int
        Those that say that all went well.
    keeps : tuple of str
        Of `KEEPS`: what it leaves on purpose.
    file : Path
        Where the table stands.
    """

    key: str
    title: str
    command: tuple[str, ...]
    version: str = ""
    in_place: bool = False
    exit_codes: tuple[int, ...] = (0,)
    keeps: tuple[str, ...] = ()
    time_limit_s: float = 3600.0
    reference: str = ""
    licence: str = ""
    install: str = ""
    file: Path = field(default=Path(), compare=False)

    @property
    def named(self) -> str:
        """Title and version, as shared files tell them."""
        return f"{self.title} {self.version}".strip()

    @property
    def told(self) -> dict[str, object]:
        """What shared files tell of it; its command may hold a secret and is not told."""
        return {"title": self.title, "version": self.version, "keeps": list(self.keeps)}

    def mark(self, secret: bytes) -> str:
        """A hash by which another table is known; the secret keeps the command, which may hold one, from being guessed."""
        told = {name: value for name, value in asdict(self).items() if name != "file"}
        return sha256(secret + json.dumps(told, sort_keys=True).encode()).hexdigest()

    def program(self, environment: Mapping[str, str]) -> str | None:
        """Where the program lies, None if nowhere."""
        return shutil.which(self.command[0].format(here=self.file.resolve().parent), path=environment.get("PATH", ""))

    def refuse_missing(self, environment: Mapping[str, str]) -> None:
        """Raise `UnusableInput` if the program is not there."""
        if self.program(environment) is None:
            how = f"install it: {self.install}, or " if self.install else ""
            raise UnusableInput(
                f"{self.title}: {self.command[0]} is not on the PATH ({how}give its whole path in {self.file.name})"
            )

    def arguments(self, given: Path, results: Path, environment: Mapping[str, str]) -> list[str]:
        """The filled-in command."""
        words = {"input": given, "output": results, "here": self.file.resolve().parent}
        program = self.program(environment) or self.command[0]
        return [program, *(part.format(**words) for part in self.command[1:])]


def read_header_tool(path: Path) -> HeaderTool:
    """The one table of a file.

    Raises
    ------
    UnusableInput
        With one sentence, if there is no such file or something in it is not understood.
    """
    tables = tables_of_file(path)
    if len(tables) > 1:
        raise UnusableInput(f"{path.name} holds {len(tables)} tables ({', '.join(tables)}); one tool cleans headers: leave one")
    ((key, table),) = tables.items()
    where = f"{path.name}: [{key}]"
    refuse_wrong_table(key, table, ENTRIES, where)
    if not table.get("command"):
        raise UnusableInput(f'{where} has no command; write command = ["tool", "{{input}}", "{{output}}"]')
    refuse_wrong_command(table["command"], where)
    refuse_wrong_texts(table, TEXTS, where)
    refuse_wrong_limit(table, where)
    _refuse_wrong_kinds(table, where)
    _refuse_wrong_places(table, where)
    chosen: dict[str, Any] = {"title": key, **table, "command": tuple(table["command"])}
    codes, keeps = tuple(table.get("exit_codes", (0,))), tuple(table.get("keeps", ()))
    return HeaderTool(**{**chosen, "key": key, "exit_codes": codes, "keeps": keeps, "file": path.resolve()})


def _refuse_wrong_kinds(table: Mapping[str, Any], where: str) -> None:
    if not isinstance(table.get("in_place", False), bool):
        raise UnusableInput(f"{where}: in_place must be true or false")
    codes = table.get("exit_codes", [0])
    if not isinstance(codes, list) or not codes or any(type(code) is not int for code in codes):
        raise UnusableInput(f"{where}: exit_codes must be a list of whole numbers, for example [0]")
    keeps = table.get("keeps", [])
    if not isinstance(keeps, list) or any(each not in KEEPS for each in keeps):
        raise UnusableInput(f"{where}: keeps must be a list of some of {', '.join(KEEPS)}")


def _refuse_wrong_places(table: Mapping[str, Any], where: str) -> None:
    """The command must name the folder it is given, and the one for its results unless it works in place."""
    program, *rest = table["command"]
    refuse_placeholders(program, "the program", {"here"}, where)
    used = set[str]().union(*(refuse_placeholders(part, "command", PLACEHOLDERS, where) for part in rest))
    if "input" not in used:
        raise UnusableInput(f"{where}: the command must hold {{input}}, the folder with the DICOM files")
    if table.get("in_place", False) and "output" in used:
        raise UnusableInput(f"{where}: a tool that works in_place has no {{output}}; leave one of the two out")
    if not table.get("in_place", False) and "output" not in used:
        raise UnusableInput(f"{where}: the command must hold {{output}}, the folder for its files, or in_place must be true")
