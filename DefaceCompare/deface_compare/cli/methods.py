"""``deface-compare methods``: which methods there are; and those that a command line names."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DONE, UnusableInput
from .parser import CommandParser, add_command

if TYPE_CHECKING:
    from ..defacers.defacing import Defacer


def add_methods(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command."""
    what = "which methods are available here, and why others are not"
    add_command(commands, "methods", what, list_methods, ("deface-compare methods",))


def list_methods(arguments: argparse.Namespace) -> int:
    """Print every method, whether it can run here, and why not."""
    from ..defacers import methods

    for each in methods():
        reason = each.available()
        print(f"{each.key:<16} {each.title}\n{'':<16} {'available' if not reason else 'not available: ' + reason}")
        print(f"{'':<16} {each.reference}; {each.licence}")
    return DONE


def methods_of(arguments: argparse.Namespace) -> list[Defacer]:
    """The methods to run, in order: --methods, --external, --external-command.

    A tool of a command file is a method like any other: --methods may name it. Of a file of which it names no tool, all run.

    Raises
    ------
    UnusableInput
        If a name is unknown or doubled, or a folder or file is not there.
    """
    from ..defacers import REGISTRY, method
    from ..defacers.external.templates import imported_tool
    from ..machine.tool_tables import TOOL_NAME

    variants = dict(arguments.variant)
    unknown = sorted(set(variants) - set(arguments.methods))
    if unknown:
        raise UnusableInput(f"--variant names {', '.join(unknown)}, which is not among --methods {','.join(arguments.methods)}")
    tools = _tools_of_files(arguments.external_command)
    chosen: list[Defacer] = [
        tools[key][1] if key in tools else method(key, variants.get(key, "")) for key in dict.fromkeys(arguments.methods)
    ]
    known = {each.key for each in (*REGISTRY, *chosen)}
    for name, folder in arguments.external:
        if name in known or not TOOL_NAME.fullmatch(name):
            raise UnusableInput(
                f"--external {name}: give the tool's own name in letters, digits, . _ -, other than a built-in or chosen method's"
            )
        if not Path(folder).is_dir():
            raise UnusableInput(f"--external {name}: {folder} is not a folder")
        known.add(name)
        chosen.append(imported_tool(name, Path(folder).resolve()))
    named = {tools[key][0] for key in arguments.methods if key in tools}
    for key, (file, tool) in tools.items():
        if file in named:  # --methods says which of its tools are meant
            continue
        if key in known:
            raise UnusableInput(f"--external-command {file.name}: there is a method {key} already; rename the table")
        known.add(key)
        chosen.append(tool)
    return chosen


def _tools_of_files(files: Sequence[Path]) -> dict[str, tuple[Path, Defacer]]:
    """The tools of command files by key, each with its file.

    Raises
    ------
    UnusableInput
        If two tools have one name, or one has the name of a built-in method.
    """
    from ..defacers import REGISTRY
    from ..defacers.external.command import ExternalCommand
    from ..defacers.external.templates import read_templates

    tools: dict[str, tuple[Path, Defacer]] = {}
    for file in files:
        for template in read_templates(file):
            if template.key in tools or any(template.key == each.key for each in REGISTRY):
                raise UnusableInput(f"--external-command {file.name}: there is a method {template.key} already; rename the table")
            tools[template.key] = (file, ExternalCommand(template, os.environ))
    return tools
