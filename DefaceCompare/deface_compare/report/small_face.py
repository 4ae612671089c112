"""A small schematic face: what a method left of each feature. It shows shares, and nobody's face."""

from __future__ import annotations

import math
from collections.abc import Mapping

WIDTH, HEIGHT = 100.0, 120.0
"""Size of the drawing in its own units; y runs downwards."""
Ellipse = tuple[float, float, float, float]
"""Middle x and y, half width, half height."""
OUTLINE: Ellipse = (50.0, 62.0, 38.0, 54.0)
SHAPES: Mapping[str, tuple[Ellipse, ...]] = {
    "forehead_and_brow": ((50.0, 31.0, 25.0, 13.0),),
    "eyes": ((34.0, 54.0, 9.0, 5.5), (66.0, 54.0, 9.0, 5.5)),
    "nose": ((50.0, 66.0, 6.5, 13.0),),
    "mouth": ((50.0, 89.0, 13.0, 5.0),),
    "chin": ((50.0, 104.0, 12.0, 6.5),),
    "cheeks": ((28.0, 77.0, 9.5, 13.0), (72.0, 77.0, 9.5, 13.0)),
    "ears": ((7.0, 64.0, 5.0, 12.0), (93.0, 64.0, 5.0, 12.0)),
}
"""Where each feature (`anatomy.face_features.FEATURES`) is drawn, in their order."""
STANDS = 50.0
"""From so many percent on a feature is named as left."""


MOST_NAMED = 3
"""So many features are named, the drawing shows the others."""


def feature_title(feature: str) -> str:
    """A feature's name in words."""
    return feature.replace("_", " ")


def left_words(left_percent: Mapping[str, float]) -> str:
    """Which features are left where they were by half or more, the most first."""
    stands = sorted(((share, name) for name, share in left_percent.items() if share >= STANDS), key=lambda each: -each[0])
    if not any(math.isfinite(share) for share in left_percent.values()):
        return ""
    told = [f"{feature_title(name)} {share:.0f}\u00a0%" for share, name in stands[:MOST_NAMED]]
    more = f"{len(stands) - MOST_NAMED} more" if len(stands) > MOST_NAMED else ""
    return ", ".join(filter(None, [*told, more])) or "none by half"


def left_sentence(left_percent: Mapping[str, float]) -> str:
    """What is left of each feature, for readers who do not see the drawing."""
    told = (
        f"{feature_title(name)} {left_percent[name]:.0f} %"
        if math.isfinite(left_percent.get(name, math.nan))
        else f"{feature_title(name)} not known"
        for name in SHAPES
    )
    return f"Skin left where it was: {', '.join(told)}"


def small_face(left_percent: Mapping[str, float]) -> str:
    """The face as SVG: a feature is as dark as it is left; dashed where nothing is known of it.

    Parameters
    ----------
    left_percent : mapping of str to float
        By feature, percent of its skin that lies where it was; NaN or absent: not known.
    """
    parts = [f'<svg class="left" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{left_sentence(left_percent)}">']
    parts.append(_ellipse(OUTLINE, 'class="outline"', ""))
    for feature in SHAPES:
        share = left_percent.get(feature, math.nan)
        known = math.isfinite(share)
        look = f'fill-opacity="{share / 100.0:.2f}"' if known else 'class="unknown"'
        title = f"{feature_title(feature)}: {f'{share:.0f} % left where it was' if known else 'not known'}"
        parts += [_ellipse(shape, look, title) for shape in SHAPES[feature]]
    return "".join([*parts, "</svg>"])


def _ellipse(shape: Ellipse, look: str, title: str) -> str:
    x, y, half_width, half_height = shape
    inner = f"<title>{title}</title>" if title else ""
    return f'<ellipse cx="{x:g}" cy="{y:g}" rx="{half_width:g}" ry="{half_height:g}" {look}>{inner}</ellipse>'
