"""The version of the library, in one place."""

from __future__ import annotations

__version__ = "0.5.0"
