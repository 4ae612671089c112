"""The methods that ship with DefaceCompare."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from ..errors import UnusableInput
from ..near_names import did_you_mean, nearest_or_all
from ..settings import DEFAULT_METHODS, VARIANTS
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


def defacer(key: str, variant: str = "") -> Defacer:
    """The method called `key`.

    Raises
    ------
    UnusableInput
        If there is no such method or variant; the sentence lists those that exist.
    """
    for method in (*REGISTRY, *external_methods()):
        if method.key == key:
            known = ("", *VARIANTS.get(key, ()))
            if variant not in known:
                names = ", ".join(map(repr, known))
                near = did_you_mean(variant, known[1:]) or f"; choose one of {names}"
                raise UnusableInput(f"method {key} has no variant {variant!r}{near}")
            return MAKERS[key](variant) if variant else method
    keys = [method.key for method in (*REGISTRY, *external_methods())]
    raise UnusableInput(f"there is no method {key!r}{nearest_or_all(key, keys)}")


def methods() -> tuple[Defacer, ...]:
    """Every method there is: built-in ones, then known tools of others.

    `Defacer.available` says what can run here, and why not.
    """
    return (*REGISTRY, *(known.in_environment(os.environ) for known in external_methods()))


def method(key: str, variant: str = "") -> Defacer:
    """The method called `key`, as it runs in this process's environment.

    Raises
    ------
    UnusableInput
        If there is no such method or variant; the sentence lists those that exist.
    """
    return defacer(key, variant).in_environment(os.environ)


def method_order(key: str) -> tuple[int, str]:
    """Sort key of methods in tables: those compared by default in their own order, then all others by name."""
    known = key in DEFAULT_METHODS
    return (DEFAULT_METHODS.index(key) if known else len(DEFAULT_METHODS), key)


def methods_of(chosen: Sequence[str | Defacer], variants: Mapping[str, str]) -> list[Defacer]:
    """Methods given by their keys or as they are, each once, in the order of tables.

    Parameters
    ----------
    variants : mapping of method key to variant
        For those given by key (`Settings.variants`).

    Raises
    ------
    UnusableInput
        If there is no such method or variant.
    """
    given = [chosen] if isinstance(chosen, str) else list(chosen)
    found = [method(each, variants.get(each, "")) if isinstance(each, str) else each for each in given]
    return sorted({each.key: each for each in found}.values(), key=lambda each: method_order(each.key))
