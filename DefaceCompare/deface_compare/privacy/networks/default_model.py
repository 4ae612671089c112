"""Which recogniser scores faces where nobody names one."""

from __future__ import annotations

from .arcface import missing_packages
from .models import OK, verify_model

ARCFACE, SFACE = "arcface", "sface"


def default_recogniser() -> str:
    """Key of ArcFace under its free licence where its file and the packages that run it are installed, else of SFace."""
    return ARCFACE if not missing_packages() and verify_model(ARCFACE).status == OK else SFACE
