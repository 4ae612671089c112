"""ROC and CMC with bands (in the shared report), similarity matrices (in the identifiable part only)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm
from ..cohort.reidentification.curves import Curve
from ..cohort.reidentification.summary import FaceCurves
from .charts import INK, figure_json

BAND_OPACITY = 0.13
MATRIX_PX_A_ROW, MATRIX_PX_AROUND = 22, 170
"""Height of a row of a similarity matrix, and of what surrounds it."""
MOST_MATRIX_PX = 900


def roc_chart(curves: Sequence[FaceCurves], names: ArmNames) -> str:
    """Accepted probes over accepted impostor pairs, a line with its band for each arm, as JSON; ``""`` without curves."""
    figure = _lines([(each.arm, each.roc) for each in curves], names)
    if figure is None:
        return ""
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"dash": "dot", "color": INK, "width": 1})
    figure.update_xaxes(title_text="Share of impostor pairs accepted (FAR)", range=[0, 1])
    figure.update_yaxes(title_text="Share of probes accepted (TAR)", range=[0, 1.02])
    return figure_json(figure, height=380)


def cmc_chart(curves: Sequence[FaceCurves], names: ArmNames) -> str:
    """Probes with their owner among the first k, over k, as JSON; ``""`` without curves."""
    figure = _lines([(each.arm, each.cmc) for each in curves], names)
    if figure is None:
        return ""
    figure.update_xaxes(title_text="Rank k")
    figure.update_yaxes(title_text="Share of probes within rank k", range=[0, 1.02])
    return figure_json(figure, height=380)


def matrix_chart(curves: FaceCurves, title: str) -> str:
    """Cosine of every probe (down) with every original (across), as JSON; shows who resembles whom: identifiable."""
    values = np.where(np.isfinite(curves.similarity), np.round(curves.similarity, 3), np.nan)
    cells = values.astype(object)  # an array is not checked number by number
    cells[np.isnan(values)] = None
    figure = go.Figure(
        go.Heatmap(z=cells, x=list(curves.gallery), y=list(curves.probes), colorscale="Viridis", colorbar={"title": "cosine"})
    )
    figure.update_xaxes(title_text="original", type="category")
    figure.update_yaxes(title_text=title, type="category", autorange="reversed")
    return figure_json(figure, height=min(MOST_MATRIX_PX, MATRIX_PX_AROUND + MATRIX_PX_A_ROW * len(curves.probes)))


def _lines(curves: Sequence[tuple[Arm, Curve]], names: ArmNames) -> go.Figure | None:
    """A line with its 95 % band for each arm."""
    if not curves:
        return None
    figure = go.Figure()
    for arm, curve in curves:
        title, colour = names.title(arm), names.colour(arm)
        red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
        x, y, low, high = (np.round(each, 4).tolist() for each in (curve.x, curve.y, curve.low, curve.high))
        band = f"rgba({red},{green},{blue},{BAND_OPACITY})"
        figure.add_trace(
            go.Scatter(
                x=[*x, *x[::-1]],
                y=[*high, *low[::-1]],
                fill="toself",
                fillcolor=band,
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
                legendgroup=title,
            )
        )
        hover = f"{title}<br>%{{x:.2f}}: %{{y:.2f}}<extra></extra>"
        line = {"color": colour, "width": 2}
        figure.add_trace(go.Scatter(x=x, y=y, mode="lines", name=title, legendgroup=title, line=line, hovertemplate=hover))
    return figure
