"""The methods that ship with DefaceCompare."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import UnusableInput
from .average_face import AverageFace
from .biometric_mask import BiometricMask
from .defacing import Defacer
from .external.templates import external_methods
from .eye_line import EyeLine
from .quickshear import Quickshear
from .surface_blur import SurfaceBlur

REGISTRY: tuple[Defacer, ...] = (Quickshear(), BiometricMask(), AverageFace(), SurfaceBlur(), EyeLine())
"""All built-in methods, in table order."""

MAKERS: dict[str, Callable[[str], Defacer]] = {"quickshear": Quickshear, "biometric_mask": BiometricMask, "eye_line": EyeLine}
"""Those that come in variants."""
VARIANTS: dict[str, tuple[str, ...]] = {"quickshear": ("", "nipy"), "biometric_mask": ("", "ichseg"), "eye_line": ("", "plain")}
"""Variants by key; the first is the default. A key that is not here has no variants."""


def defacer(key: str, variant: str = "") -> Defacer:
    """The method called `key`.

    Raises
    ------
    UnusableInput
        If there is no such method or variant; the sentence lists those that exist.
    """
    for method in (*REGISTRY, *external_methods()):
        if method.key == key:
            known = VARIANTS.get(key, ("",))
            if variant not in known:
                choices = ", ".join(repr(name) for name in known)
                raise UnusableInput(f"method {key} has no variant {variant!r}; choose one of {choices}")
            return MAKERS[key](variant) if variant else method
    keys = ", ".join(method.key for method in (*REGISTRY, *external_methods()))
    raise UnusableInput(f"there is no method {key!r}; choose one of {keys}")
