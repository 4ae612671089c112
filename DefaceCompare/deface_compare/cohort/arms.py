"""Arms: a method as it was run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ..settings import DEFAULT_METHODS


class Arm(NamedTuple):
    """A method as it was run; two arms of one study differ in at least one of these."""

    method: str
    variant: str
    fill: str
    protect: str


class OfAnArm(Protocol):
    """Any row that says by which arm it was made."""

    @property
    def method(self) -> str:
        """Key of the method."""

    @property
    def variant(self) -> str:
        """Variant of the method."""

    @property
    def fill(self) -> str:
        """What removed voxels became."""

    @property
    def protect(self) -> str:
        """What the method might not alter."""


def arm_of(row: OfAnArm) -> Arm:
    """The arm that a row belongs to."""
    return Arm(row.method, row.variant, row.fill, row.protect)


def arm_order(arm: Arm) -> tuple[int, Arm]:
    """Sort key: the built-in methods in their own order, then all others by name."""
    known = arm.method in DEFAULT_METHODS
    return (DEFAULT_METHODS.index(arm.method) if known else len(DEFAULT_METHODS), arm)


def arm_key(arm: Arm, arms: Sequence[Arm]) -> str:
    """The method's key, with what tells it from other arms of the same method."""
    same = [other for other in arms if other.method == arm.method]
    extra = [getattr(arm, name) for name in ("variant", "fill", "protect") if len({getattr(other, name) for other in same}) > 1]
    return "/".join([arm.method, *filter(None, extra)])
