"""``deface-compare methods``: which methods there are; and those that a command line names."""

from __future__ import annotations

import argparse
import os
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

    Raises
    ------
    UnusableInput
        If a name is unknown or doubled, or a folder or file is not there.
    """
    from ..defacers import REGISTRY, method
    from ..defacers.external.command import ExternalCommand
    from ..defacers.external.templates import TOOL_NAME, imported_tool, read_templates

    variants = dict(arguments.variant)
    unknown = sorted(set(variants) - set(arguments.methods))
    if unknown:
        raise UnusableInput(f"--variant names {', '.join(unknown)}, which is not among --methods {','.join(arguments.methods)}")
    chosen = [method(key, variants.get(key, "")) for key in dict.fromkeys(arguments.methods)]
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
    for file in arguments.external_command:
        for template in read_templates(file):
            if template.key in known:
                raise UnusableInput(f"--external-command {file.name}: there is a method {template.key} already; rename the table")
            known.add(template.key)
            chosen.append(ExternalCommand(template, os.environ))
    return chosen
