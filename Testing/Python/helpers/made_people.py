"""The heads of the sample's people: each is made once in a worker, since its skin costs seconds."""

from __future__ import annotations

from functools import cache

import numpy as np

from deface_compare.sample.patient import random_patient
from deface_compare.sample.person_head import PersonHead


@cache
def head_of(number: int) -> PersonHead:
    """The head of the person with this number, of seed 1; nobody may change it."""
    return random_patient(np.random.default_rng([1, number]))
