"""Small multiples: a panel a structure, a box a method, so that one sees patients and not only their median."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm
from ..cohort.patient_table import Table
from ..structures.organs import is_headline_organ, is_target
from .charts import GRID, INK

PANELS_A_ROW, MOST_PANELS = 4, 12
PANEL_PX, GAP_PX, AROUND_PX = 118, 46, 70
"""Height of a panel, of the gap under it, and of what surrounds the panels."""
LEAST = {"%": 0.1, "HU": 0.5, "a.u.": 0.5, "Gy": 0.05}
"""A structure whose largest change is smaller is left out."""
BOX_WIDTH = 0.55
"""Of the space that a method has."""
GAP_SHARE = 0.05
"""Free share of the width between two panels."""


def structure_panels(table: Table, names: ArmNames, metric: str, unit: str, image: str = "", policy: str = "") -> str:
    """Minimum, quartiles, median and maximum over patients, by structure and method; the most changed of the headline.

    Returns
    -------
    str
        The figure as JSON, ``""`` if no structure changes.
    """
    found: dict[str, dict[Arm, list[float]]] = {}
    for item, arms in table.items():
        wanted = (item.metric, item.unit, item.dose_policy) == (metric, unit, policy) and item.image in (
            image,
            image or item.image,
        )
        if wanted and (is_headline_organ(item.structure) or (policy and is_target(item.structure))):
            found[item.structure] = {
                arm: list(arms[arm].values.values()) for arm in names.arms if arm in arms and arms[arm].values
            }
    size = {name: max((abs(v) for values in arms.values() for v in values), default=0.0) for name, arms in found.items()}
    shown = [name for name in sorted(found, key=lambda name: (-size[name], name)) if size[name] >= LEAST.get(unit, 0.1)]
    shown = shown[:MOST_PANELS]
    if not shown:
        return ""
    return _figure([(name, found[name]) for name in shown], names, unit)


def _figure(panels: list[tuple[str, dict[Arm, list[float]]]], names: ArmNames, unit: str) -> str:
    rows = math.ceil(len(panels) / PANELS_A_ROW)
    height = AROUND_PX + rows * (PANEL_PX + GAP_PX)
    inner = height - AROUND_PX
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": []}
    for number, (structure, arms) in enumerate(panels):
        row, column = divmod(number, PANELS_A_ROW)
        suffix = "" if number == 0 else str(number + 1)
        width = (1 + GAP_SHARE) / PANELS_A_ROW
        x = [column * width, column * width + width - GAP_SHARE]
        top = 1 - (row * (PANEL_PX + GAP_PX) + GAP_PX / 2) / inner
        y = [max(0.0, top - PANEL_PX / inner), top]
        data += [_box(arm, values, names, suffix, legend=number == 0) for arm, values in arms.items()]
        line = {"gridcolor": GRID, "zeroline": True, "zerolinecolor": INK, "zerolinewidth": 1, "automargin": False, "nticks": 4}
        layout[f"xaxis{suffix}"] = {"domain": x, "anchor": f"y{suffix}", "visible": False}
        layout[f"yaxis{suffix}"] = {"domain": y, "anchor": f"x{suffix}", "tickfont": {"size": 11}, **line}
        title = {"text": f"{structure} ({unit})", "x": sum(x) / 2, "y": top, "xref": "paper", "yref": "paper"}
        layout["annotations"].append({**title, "yanchor": "bottom", "showarrow": False, "font": {"size": 12}})
    missing = [arm for arm in names.arms if arm not in panels[0][1] and any(arm in arms for _, arms in panels)]
    data += [_box(arm, [math.nan], names, "", legend=True) for arm in missing]
    layout |= {
        "height": height,
        "margin": {"l": 44, "r": 10, "t": 40, "b": 10},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": INK},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        "boxmode": "overlay",
    }
    return json.dumps({"data": data, "layout": layout}, sort_keys=True).replace("</", "<\\/")


def _box(arm: Arm, values: list[float], names: ArmNames, suffix: str, *, legend: bool) -> dict[str, Any]:
    five = [round(float(v), 4) for v in np.percentile(values, [0, 25, 50, 75, 100])] if np.isfinite(values).all() else [None] * 5
    title = names.title(arm)
    return {
        "type": "box",
        "name": title,
        "legendgroup": title,
        "showlegend": legend,
        "x": [title],
        **{name: [value] for name, value in zip(("lowerfence", "q1", "median", "q3", "upperfence"), five, strict=True)},
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
        "marker": {"color": names.colour(arm)},
        "line": {"width": 1.4},
        "width": BOX_WIDTH,
    }
