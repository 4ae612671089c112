"""What a user may choose, in one value for command line, panel and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

FILLS = ("background", "zero", "permute")
PROTECTIONS = ("none", "targets", "brain+targets")
KEEP, MASK, FOLLOW = DOSE_POLICIES = ("keep", "mask", "follow")
"""What happens to the dose grid: it stays, is 0 Gy where the image was removed, or is treated as the image."""
SLAB, SURFACE = "slab", "surface"
DVH_ENDS = (SLAB, SURFACE)
DEFAULT_METHODS = ("quickshear", "biometric_mask", "average_face", "surface_blur")
VARIANTS: Mapping[str, Mapping[str, str]] = {
    "quickshear": {"nipy": "the original's voxel arithmetic"},
    "biometric_mask": {"ichseg": "planes along the image's voxel axes, as the source has them"},
    "eye_line": {"plain": "the brain is not spared"},
}
"""Variants beside the default one, and what they do, by method; a method that is not here has none."""


DEFAULT_FACE_MODEL, NO_FACE_MODEL = "sface", "none"
DEFAULT_FACE_VIEWS, MANY_FACE_VIEWS = FACE_VIEWS = (5, 25)
"""In how many poses an attacker pictures each scan: ten degrees around the front, or twenty in steps of ten."""


@dataclass(frozen=True)
class Tolerances:
    """Changes beyond which a patient counts as changed (docs/design.md#study-tolerances)."""

    volume_percent: float = 5.0
    intensity_hu: float = 20.0
    dose_gy: float = 1.0


@dataclass(frozen=True)
class Settings:
    """All parameters of a comparison.

    Parameters
    ----------
    fill : str
        ``background`` (CT: the image's own air level; MR, PET: background), ``zero`` or ``permute``.
    protect : str
        ``none``, ``targets`` or ``brain+targets``: what no method may alter.
    protect_margin_mm : float
        Added around what is protected (one dose voxel more is kept free in the dose).
    variants : dict
        Variant by method key, for example ``{"quickshear": "nipy"}``.
    face_model : str
        Key of the face recognition model in ``data/models.json``, several with commas between (``sface,arcface``), or ``none``.
    face_views : int
        In how many poses originals and defaced scans are pictured, 5 or 25.
    face_maps : bool
        Also show faces as maps of normals and depths.
    inner_anatomy : bool
        Also look whether other scans of a patient find him by what lies inside the head.
    seed : int
        Seed of everything random.
    """

    fill: str = "background"
    protect: str = "none"
    protect_margin_mm: float = 3.0
    variants: dict[str, str] = field(default_factory=dict)
    face_model: str = DEFAULT_FACE_MODEL
    face_views: int = DEFAULT_FACE_VIEWS
    face_maps: bool = False
    inner_anatomy: bool = False
    brain_source: str = "structures"
    """``structures``: the planned brain where there is one, else the image; ``image``: always from the image."""
    seed: int = 1
    dvh_oversampling: int = 4
    dvh_ends: str = SLAB
    """How contours become a body for DVHs: ``slab`` (as drawn) or ``surface`` (joined and capped, as SlicerRT does)."""
    tolerances: Tolerances = Tolerances()

    def __post_init__(self) -> None:
        if self.fill not in FILLS:
            raise ValueError(f"fill must be one of {', '.join(FILLS)}, not {self.fill!r}")
        if self.protect not in PROTECTIONS:
            raise ValueError(f"protect must be one of {', '.join(PROTECTIONS)}, not {self.protect!r}")
        if self.dvh_ends not in DVH_ENDS:
            raise ValueError(f"dvh_ends must be one of {', '.join(DVH_ENDS)}, not {self.dvh_ends!r}")
        if self.face_views not in FACE_VIEWS:
            raise ValueError(f"face_views must be one of {', '.join(map(str, FACE_VIEWS))}, not {self.face_views!r}")
        if self.brain_source not in ("structures", "image"):
            raise ValueError(f"brain_source must be structures or image, not {self.brain_source!r}")

    @property
    def face_models(self) -> tuple[str, ...]:
        """Keys of the face recognition models, the main one first; ``("none",)`` without one."""
        return tuple(self.face_model.split(","))

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Settings:
        """The settings that `as_dict` told.

        Raises
        ------
        KeyError, TypeError, ValueError
            If they are not settings.
        """
        return cls(**{**stored, "tolerances": Tolerances(**stored["tolerances"])})

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, in alphabetical order at every depth, as files and pages tell them."""
        plain = {**asdict(self), "tolerances": dict(sorted(asdict(self.tolerances).items()))}
        return dict(sorted(plain.items()))
