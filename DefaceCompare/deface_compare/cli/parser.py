"""The parser of all commands: one sentence for each mistake, examples under each help."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ..errors import UNUSABLE
from ..near_names import did_you_mean, nearest_or_all

WRONG_CHOICE = re.compile(r"argument (?P<what>[^:]+): invalid choice: '?(?P<wrong>.*?)'? \(choose from (?P<known>.*)\)")
"""How argparse says that a value is none of those that exist."""
COMMAND = "COMMAND"
HELP_WIDTH = 110
"""Columns of a help where the terminal does not tell its own: examples are commands, and stay on one line."""


class CommandParser(argparse.ArgumentParser):
    """An argparse parser that ends a mistake with one line and the nearest name.

    Parameters
    ----------
    examples : sequence of str
        Whole commands, shown under the help.
    """

    def __init__(self, *, examples: Sequence[str] = (), **given: Any) -> None:
        lines = "\n".join(f"  {example}" for example in examples)
        super().__init__(**given | {"formatter_class": _Help, "epilog": f"examples:\n{lines}" if examples else None})

    def parse_all(self, argv: Sequence[str] | None) -> argparse.Namespace:
        """Parse a command line; a mistyped option is told before what is missing because of it."""
        words = sys.argv[1:] if argv is None else list(argv)
        parser = self
        for word in words:
            if word == "--":
                break
            if word.startswith("--"):
                parser._refuse_unknown(word.partition("=")[0])
            elif commands := parser.commands():
                if word not in commands:
                    break
                parser = commands[word]
        arguments, unknown = self.parse_known_args(words)
        if unknown:
            parser.error(f"{unknown[0]!r} is one argument too many")
        return arguments

    def _refuse_unknown(self, option: str) -> None:
        known = [name for action in self._actions for name in action.option_strings if name.startswith("--")]
        if not any(name.startswith(option) for name in known):
            self.error(f"there is no option {option}{did_you_mean(option, known)}")

    def commands(self) -> dict[str, CommandParser]:
        """The parsers of the commands by name; none where there are no commands."""
        return next((action.choices for action in self._actions if isinstance(action, argparse._SubParsersAction)), {})

    def error(self, message: str) -> NoReturn:
        """End with exit code 2 and one line."""
        wrong = WRONG_CHOICE.fullmatch(message)
        if wrong:
            known = [name.strip().strip("'") for name in wrong["known"].split(",")]
            what = "command" if wrong["what"] == COMMAND else f"value of {wrong['what']}"
            message = f"there is no {what} {wrong['wrong']!r}{nearest_or_all(wrong['wrong'], known)}"
        prefix, _, command = self.prog.partition(" ")
        named = f"{prefix}: {command}: " if command else f"{prefix}: "
        print(f"{named}{message} (`{self.prog} --help` lists all)", file=sys.stderr)
        sys.exit(UNUSABLE)


class _Help(argparse.RawDescriptionHelpFormatter):
    """Examples as they are; options and their meaning in two columns."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)
        self._width = max(self._width, HELP_WIDTH) if not sys.stdout.isatty() else self._width


def add_command(
    commands: argparse._SubParsersAction[CommandParser],
    name: str,
    what: str,
    run: Callable[[argparse.Namespace], int] | None,
    examples: Sequence[str],
) -> CommandParser:
    """Add a command that says in its help what it does, with examples.

    Parameters
    ----------
    what : str
        One line.
    run : callable or None
        None for a command that has actions of its own.
    """
    parser = commands.add_parser(name, help=what, description=f"{what[:1].upper()}{what[1:]}.", examples=examples)
    if run is not None:
        parser.set_defaults(run=run)
    return parser
