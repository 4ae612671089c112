"""Freed memory is given back where the C library can."""

from __future__ import annotations

import ctypes
import sys
from types import SimpleNamespace

import pytest

from deface_compare.machine.freed_memory import give_back


def test_the_c_library_is_asked_where_it_has_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(malloc_trim=asked.append))
    give_back()
    assert asked == [0]


def test_another_c_library_or_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda _: asked.append("opened"))
    monkeypatch.setattr(sys, "platform", "linux")
    give_back()
    assert asked == ["opened"]
    monkeypatch.setattr(sys, "platform", "win32")
    give_back()
    assert asked == ["opened"]
