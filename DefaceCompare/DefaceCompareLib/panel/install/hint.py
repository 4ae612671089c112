"""Sentences of the command line as the panel shows them: its own section *Install* in place of a command for a terminal."""

from __future__ import annotations

from slicer.i18n import tr as _

from deface_compare.privacy.networks.models import DOWNLOAD, PACKAGE, how_to_get, known_models
from deface_compare.privacy.networks.session import FACE_PACKAGES, how_to_install


def in_this_panel(sentence: str) -> str:
    """The sentence with what a user of the panel does about a missing face model or package of it."""
    for package in FACE_PACKAGES:
        sentence = sentence.replace(how_to_install(package), _("(section Install of this panel)"))
    for model in known_models().values():
        if model.obtain == PACKAGE:
            sentence = sentence.replace(how_to_get(model), _("section Install of this panel, Get face model"))
        elif model.obtain == DOWNLOAD and not model.research_only:
            sentence = sentence.replace(how_to_get(model), _("section Install of this panel, Get ArcFace"))
    return sentence


def may_be_installed(sentence: str) -> bool:
    """Whether the section *Install* helps against what the sentence says."""
    return in_this_panel(sentence) != sentence
