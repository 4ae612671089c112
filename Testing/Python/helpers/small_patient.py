"""The small synthetic patient of several modules, made once in a worker."""

from __future__ import annotations

from functools import cache

from deface_compare.sample.patient import SamplePatient, sample_patient


@cache
def small_patient() -> SamplePatient:
    """A brain patient on a coarse CT; nobody may change it."""
    return sample_patient(1, seed=1, site="brain", ct_size=(64, 64, 54), ct_spacing_mm=(4.0, 4.0, 5.0))
