"""Whether the face model that a user asked for can score faces here, and what to do if not."""

from __future__ import annotations

from ...errors import UnusableInput
from ...measurement import OK
from ...near_names import nearest_or_all
from .models import known_models, verify_model
from .recogniser import missing_packages

RECOGNISER = "recogniser"
WITHOUT = "; or compare without face scores: --face-model none"


def refuse_unusable(key: str) -> None:
    """Refuse a model that a user names and that cannot be used, before hours of computing without its scores.

    Raises
    ------
    UnusableInput
        If there is none of that name, it does not lie here, or a package that runs it is missing: the sentence says what to do.
    """
    recognisers = {name: model for name, model in known_models().items() if model.role == RECOGNISER}
    if key in recognisers:
        state = verify_model(key)
        if state.status != OK:
            raise UnusableInput(f"face model {state.model.title} is {state.status}: {state.note}{WITHOUT}")
        if missing := missing_packages(key):
            raise UnusableInput(f"face model {state.model.title} runs with {missing}{WITHOUT}")
        return
    raise UnusableInput(f"there is no face model {key!r}{nearest_or_all(key, [*recognisers, 'none'])}")
