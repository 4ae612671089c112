"""The defacing methods."""

from __future__ import annotations

from .external.templates import external_methods
from .registry import REGISTRY, defacer, method, method_order, methods, methods_of

__all__ = ["REGISTRY", "defacer", "external_methods", "method", "method_order", "methods", "methods_of"]
