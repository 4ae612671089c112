"""Devices near an edit are looked for around the devices, and are those of the whole grid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from deface_compare.defacers.devices import devices_within
from deface_compare.geometry.morphology import grown


@pytest.mark.parametrize(("seed", "quantile"), [(1, 0.97), (2, 0.999), (3, 1.0)])
def test_devices_within_reach_are_those_that_growing_the_whole_edit_meets(seed: int, quantile: float) -> None:
    random = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(random.normal(size=(60, 50, 70)), 2.0)
    devices, altered = noise > np.quantile(noise, quantile), np.zeros(noise.shape, bool)
    altered[:9, 20:30, 10:20] = random.random((9, 10, 10)) > 0.5
    found = devices_within(devices, altered, 41.0, 2.0)
    np.testing.assert_array_equal(found, devices & grown(altered, 41.0, 2.0))
    assert found.any() == (quantile < 1.0)
