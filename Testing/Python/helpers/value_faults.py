"""Faults of pixels, slopes, units and places."""

from __future__ import annotations

from fault_patient import Fault

VALUE_FAULTS: dict[str, Fault] = {}
