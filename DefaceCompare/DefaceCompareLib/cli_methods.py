"""The methods that a command line names: built-in ones, real tools, imports, command templates; and their list."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from .cli_codes import DONE
from .errors import UnusableInput

if TYPE_CHECKING:
    from .defacers.defacing import Defacer


def add_external(parser: argparse.ArgumentParser) -> None:
    """The options that bring in tools that are not ours."""
    parser.add_argument(
        "--external",
        action="append",
        default=[],
        type=assignment,
        metavar="NAME=FOLDER",
        help="images defaced elsewhere, under the tool's own name: FOLDER[/PATIENT]/CT.nrrd, CT_deFaced.nii.gz ... or DICOM"
        " series; may be given several times",
    )
    parser.add_argument(
        "--external-command",
        action="append",
        default=[],
        type=Path,
        metavar="FILE.toml",
        help="tools to run as child processes, one table a tool (see docs/external_tools.md); may be given several times",
    )


def assignment(text: str) -> tuple[str, str]:
    """``NAME=VALUE`` in two."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, not {text!r}")
    return name, value


def methods_of(arguments: argparse.Namespace) -> list[Defacer]:
    """The methods to run, in order: --methods, --external, --external-command.

    Raises
    ------
    UnusableInput
        If a name is unknown or doubled, or a folder or file is not there.
    """
    from .defacers import REGISTRY, defacer
    from .defacers.external_command import ExternalCommand
    from .defacers.external_tools import TOOL_NAME, imported_tool, read_templates

    variants = dict(arguments.variant)
    unknown = sorted(set(variants) - set(arguments.methods))
    if unknown:
        raise UnusableInput(f"--variant names {', '.join(unknown)}, which is not among --methods {','.join(arguments.methods)}")
    chosen = [_here(defacer(key, variants.get(key, ""))) for key in dict.fromkeys(arguments.methods)]
    known = {method.key for method in (*REGISTRY, *chosen)}
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


def list_them(arguments: argparse.Namespace) -> int:
    """Print every method, whether it can run here, and why not."""
    from .defacers import REGISTRY, external_methods

    for method in (*REGISTRY, *(_here(method) for method in external_methods())):
        reason = method.available()
        print(f"{method.key:<16} {method.title}\n{'':<16} {'available' if not reason else 'not available: ' + reason}")
        print(f"{'':<16} {method.reference}; {method.licence}")
    return DONE


def _here(method: Defacer) -> Defacer:
    """A tool that runs as a child process gets this process's environment; other methods need none."""
    from .defacers.external_command import ExternalCommand

    return method.in_environment(os.environ) if isinstance(method, ExternalCommand) else method
