"""The defacing methods."""

from __future__ import annotations

from .registry import REGISTRY, defacer

__all__ = ["REGISTRY", "defacer"]
