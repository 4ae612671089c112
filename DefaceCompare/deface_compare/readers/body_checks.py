"""Are weight and height of a patient what they say? Headers often hold pounds, grams, inches or centimetres."""

from __future__ import annotations

WEIGHT_UNITS = {"kg": 1.0, "lb": 0.45359237, "g": 1e-3}
"""In kg, as PatientWeight is (PS3.3 C.7.2.2); the likeliest first."""
SIZE_UNITS = {"m": 1.0, "cm": 0.01, "inches": 0.0254, "mm": 1e-3, "feet": 0.3048}
"""In m, as PatientSize is."""
WEIGHTS_KG = (2.0, 250.0)
"""From a newborn to the load that most tables bear (227 kg) and a little more."""
SIZES_M = (0.4, 2.3)
LIKELY_INDEX = (10.0, 45.0)
"""Body mass index, kg/m2. Few patients lie above; a weight in lb makes 2.2 times the true index, so it is noticed where that is
above 20.4: nearly every adult, few children."""


def body_warnings(weight_kg: float, size_m: float = 0.0) -> tuple[str, ...]:
    """What a reader must know of a weight that makes SUV, and of a height, with their likely units.

    Parameters
    ----------
    weight_kg, size_m : float
        As the header states them; a height of 0 is none.
    """
    if size_m <= 0:
        return _of_weight_alone(weight_kg)
    fitting = [(weight, size) for weight in WEIGHT_UNITS for size in SIZE_UNITS if _fits(weight_kg, weight, size_m, size)]
    if not fitting:
        index = weight_kg / size_m**2
        return (
            f"PatientWeight {weight_kg:g} kg and PatientSize {size_m:g} m make a body mass index of {index:.3g}, which no patient"
            " has: one of them is likely in another unit; all SUV are given as the file states them",
        )
    weight, size = fitting[0]
    warnings = []
    if size != "m":
        warnings.append(f"PatientSize {size_m:g} m is likely in {size}; no SUVbw depends on it")
    if weight != "kg":
        metres = size_m * SIZE_UNITS[size]
        before, after = weight_kg / metres**2, weight_kg * WEIGHT_UNITS[weight] / metres**2
        warnings.append(
            f"PatientWeight {weight_kg:g} kg makes a body mass index of {before:.3g} at a height of {metres:.2f} m: it is likely"
            f" in {weight} (then {after:.3g}); all SUV are given as the file states them"
        )
    return tuple(warnings)


def _of_weight_alone(weight_kg: float) -> tuple[str, ...]:
    """Without a height only weights are noticed that no patient has."""
    low, high = WEIGHTS_KG
    if low <= weight_kg <= high:
        return ()
    units = [unit for unit, kg in WEIGHT_UNITS.items() if low <= weight_kg * kg <= high]
    likely = f"it is likely in {' or '.join(units)}" if units else "it is likely in another unit"
    return (f"PatientWeight {weight_kg:g} kg is no patient's: {likely}; all SUV are given as the file states them",)


def _fits(weight_kg: float, weight: str, size_m: float, size: str) -> bool:
    """Whether a patient may have this weight and height, read in these units."""
    kilograms, metres = weight_kg * WEIGHT_UNITS[weight], size_m * SIZE_UNITS[size]
    low, high = LIKELY_INDEX
    usual = WEIGHTS_KG[0] <= kilograms <= WEIGHTS_KG[1] and SIZES_M[0] <= metres <= SIZES_M[1]
    return usual and low <= kilograms / metres**2 <= high
