"""Whether the face model that a user asked for can score faces here, and what to do if not."""

from __future__ import annotations

from ...errors import UnusableInput
from ...measurement import OK
from ...near_names import nearest_or_all
from .models import Model, how_to_get, known_models, verify_model

RECOGNISER = "recogniser"
WITHOUT = "; or compare without face scores: --face-model none"


def refuse_unusable(key: str) -> None:
    """Refuse a model that a user names and that cannot be used, before hours of computing without its scores.

    Raises
    ------
    UnusableInput
        If there is none of that name, or it does not lie here: the sentence says what to do.
    """
    recognisers = {name: model for name, model in known_models().items() if model.role == RECOGNISER}
    if key in recognisers:
        state = verify_model(key)
        if state.status != OK:
            raise UnusableInput(f"face model {state.model.title} is {state.status}: {state.note}{WITHOUT}")
        return
    of_that_name = [model for model in recognisers.values() if model.title.lower().startswith(key.lower())]
    if of_that_name:
        ways = "; ".join(f"--face-model {model.key}: {_how(model)}" for model in of_that_name)
        raise UnusableInput(f"{key!r} is a kind of face model, of which there are {len(of_that_name)}: {ways}{WITHOUT}")
    raise UnusableInput(f"there is no face model {key!r}{nearest_or_all(key, [*recognisers, 'none'])}")


def _how(model: Model) -> str:
    state = verify_model(model.key)
    return "lies here" if state.status == OK else how_to_get(model)
