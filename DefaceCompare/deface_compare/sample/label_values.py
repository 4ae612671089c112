"""CT numbers, MR signals and FDG uptake of the average head's labels."""

from __future__ import annotations

HU_OF_LABEL: dict[str, float] = {
    "air": -95.0,
    "airway": -1000.0,
    "skin_fat": -95.0,
    "muscle": 55.0,
    "skull": 850.0,
    "mandible": 1000.0,
    "teeth": 2000.0,
    "brain": 35.0,
    "brainstem": 33.0,
    "csf": 8.0,
    "eye_left": 10.0,
    "eye_right": 10.0,
    "lens_left": 75.0,
    "lens_right": 75.0,
    "optic_nerve_left": 30.0,
    "optic_nerve_right": 30.0,
    "optic_chiasm": 32.0,
    "parotid_left": 15.0,
    "parotid_right": 15.0,
    "oral_cavity": 55.0,
    "spinal_canal": 25.0,
    "vertebra": 450.0,
}
"""CT numbers at 120 kV. The label air takes the value of fat: the skin's edge is drawn from the depth, not from the label."""

SUV_OF_LABEL: dict[str, float] = {
    "air": 0.4,
    "airway": 0.1,
    "skin_fat": 0.4,
    "muscle": 0.8,
    "skull": 0.9,
    "mandible": 0.9,
    "teeth": 0.3,
    "brain": 7.5,
    "brainstem": 5.0,
    "csf": 1.0,
    "eye_left": 0.8,
    "eye_right": 0.8,
    "lens_left": 0.5,
    "lens_right": 0.5,
    "optic_nerve_left": 2.0,
    "optic_nerve_right": 2.0,
    "optic_chiasm": 3.0,
    "parotid_left": 1.9,
    "parotid_right": 1.9,
    "oral_cavity": 1.6,
    "spinal_canal": 1.5,
    "vertebra": 1.1,
}
"""Body-weight SUV of FDG about an hour after injection."""

T2_OF_LABEL: dict[str, float] = {
    "csf": 1000.0, "eye_left": 950.0, "eye_right": 950.0, "brain": 420.0, "brainstem": 400.0, "optic_nerve_left": 400.0,
    "optic_nerve_right": 400.0, "optic_chiasm": 400.0, "parotid_left": 500.0, "parotid_right": 500.0, "oral_cavity": 350.0,
    "muscle": 180.0, "skin_fat": 620.0, "lens_left": 150.0, "lens_right": 150.0, "spinal_canal": 850.0,
    "vertebra": 300.0, "mandible": 220.0, "skull": 90.0,
}  # fmt: skip
"""T2-weighted signal (arbitrary units); labels that are not here give none."""
FLAIR_OF_LABEL: dict[str, float] = {
    **T2_OF_LABEL, "csf": 90.0, "eye_left": 120.0, "eye_right": 120.0, "brain": 560.0, "brainstem": 540.0, "spinal_canal": 150.0,
}  # fmt: skip
"""The same with nulled fluid."""
