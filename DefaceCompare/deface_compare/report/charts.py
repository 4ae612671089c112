"""The charts of the report as plotly figures; the page draws them with the one inlined plotly script."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm, arm_of
from ..cohort.summary import SummaryRow
from ..cohort.tradeoff import CHANCE_AUC, Axis

LEAST_SHOWN_PERCENT = 0.1
"""Structures that no method changes by this much are left out of the organ chart (they stand in the table)."""
TITLE_CHARACTERS = 28
"""Of a line of an axis title: a third of a printed page."""
GRID = "rgba(128,128,128,0.22)"
INK = "#808080"
"""Mid grey: readable on paper and on a dark screen; the page's script replaces it by the theme's own ink."""


@dataclass(frozen=True)
class CostPanel:
    """One panel of the trade-off: a cost, and the AUC that stands with it.

    Parameters
    ----------
    title : str
        Below the panel.
    aucs, references : mapping of Arm to SummaryRow
        The AUC, and its upper bound with the original's landmarks (may be empty).
    """

    axis: Axis
    title: str
    aucs: Mapping[Arm, SummaryRow]
    references: Mapping[Arm, SummaryRow]

    def arms(self, names: ArmNames) -> list[Arm]:
        """The arms that have a point."""
        return [arm for arm in names.arms if self.axis.worked(arm) and arm in self.aucs and not math.isnan(self.aucs[arm].value)]


def tradeoff_chart(panels: Sequence[CostPanel], names: ArmNames) -> str:
    """Cost across (median, quartiles), AUC up (95 % interval); bottom left is better.

    The thin line above a point is the whisker to the AUC with reference landmarks, the upper bound.

    Returns
    -------
    str
        The figure as JSON, ``""`` if there is nothing to draw.
    """
    shown = [panel for panel in panels if panel.arms(names)]
    if not shown:
        return ""
    figure = make_subplots(rows=1, cols=len(shown), shared_yaxes=True, horizontal_spacing=0.05)
    told: set[Arm] = set()
    for column, panel in enumerate(shown, start=1):
        for arm in panel.arms(names):
            _add_point(figure, column, panel, arm, names, in_legend=arm not in told)
            told.add(arm)
        figure.add_hline(y=CHANCE_AUC, line={"dash": "dot", "color": INK, "width": 1}, row=1, col=column)
        figure.update_xaxes(
            title={"text": _wrapped(panel.title), "standoff": 8, "font": {"size": 12}}, rangemode="tozero", row=1, col=column
        )
    figure.update_yaxes(title_text="AUC", row=1, col=1)
    lowest = min(CHANCE_AUC, *(panel.aucs[arm].low for panel in shown for arm in panel.arms(names)))
    figure.update_yaxes(range=[math.floor(lowest * 10) / 10 - 0.02, 1.03])
    figure.add_annotation(
        text="↙ better", xref="x domain", yref="y domain", x=0.02, y=0.02, showarrow=False, font={"size": 12, "color": INK}
    )
    return figure_json(figure, height=400)


def _add_point(figure: go.Figure, column: int, panel: CostPanel, arm: Arm, names: ArmNames, *, in_legend: bool) -> None:
    axis, own, reference = panel.axis, panel.aucs[arm], panel.references.get(arm)
    low, median, high = axis.quartiles(arm)
    colour = names.colour(arm)
    common = {"legendgroup": names.title(arm), "showlegend": in_legend}
    figure.add_trace(
        go.Scatter(
            x=[median],
            y=[own.value],
            mode="markers",
            name=names.title(arm),
            marker={"color": colour, "size": 11},
            error_x={"type": "data", "array": [high - median], "arrayminus": [median - low], "thickness": 1.4, "width": 4},
            error_y={
                "type": "data",
                "array": [own.high - own.value],
                "arrayminus": [own.value - own.low],
                "thickness": 1.4,
                "width": 4,
            },
            hovertemplate=f"{names.title(arm)}<br>{axis.title} %{{x:.3g}} {axis.unit}<br>AUC %{{y:.2f}}<extra></extra>",
            **common,
        ),
        row=1,
        col=column,
    )
    if reference is not None and not math.isnan(reference.value):
        figure.add_trace(
            go.Scatter(
                x=[median, median],
                y=[own.value, reference.value],
                mode="lines+markers",
                line={"color": colour, "width": 1, "dash": "dot"},
                marker={"symbol": ["circle", "line-ew-open"], "size": [1, 12], "color": colour},
                hovertemplate=f"{names.title(arm)}<br>reference landmarks %{{y:.2f}}<extra></extra>",
                legendgroup=names.title(arm),
                showlegend=False,
            ),
            row=1,
            col=column,
        )


def organ_chart(rows: Sequence[SummaryRow], names: ArmNames, title: str) -> str:
    """Median [quartiles] of a percent by structure and method, largest change on top, as JSON; ``""`` if nothing changed."""
    found = [row for row in rows if row.n and not math.isnan(row.value)]
    largest = {row.structure: 0.0 for row in found}
    for row in found:
        largest[row.structure] = max(largest[row.structure], abs(row.value))
    structures = sorted(
        (name for name in largest if largest[name] >= LEAST_SHOWN_PERCENT), key=lambda name: (largest[name], name)
    )
    shown = [row for row in found if row.structure in structures]
    arms = [arm for arm in names.arms if any(arm_of(row) == arm for row in shown)]
    if not structures:
        return ""
    figure = go.Figure()
    for k, arm in enumerate(arms):
        mine = {row.structure: row for row in shown if arm_of(row) == arm}
        have = [structure for structure in structures if structure in mine]
        shift = (k - (len(arms) - 1) / 2) * 0.6 / max(len(arms), 1)
        values = [mine[structure].value for structure in have]
        figure.add_trace(
            go.Scatter(
                x=values,
                y=[structures.index(structure) - shift for structure in have],
                customdata=have,
                mode="markers",
                name=names.title(arm),
                marker={"color": names.colour(arm), "size": 8},
                error_x=_quartile_bars([mine[structure] for structure in have]),
                hovertemplate=f"{names.title(arm)}<br>%{{customdata}} %{{x:.3g}}<extra></extra>",
            )
        )
    figure.update_yaxes(tickvals=list(range(len(structures))), ticktext=structures, range=[-0.6, len(structures) - 0.4])
    figure.update_xaxes(title_text=title)
    return figure_json(figure, height=110 + 34 * len(structures))


def _quartile_bars(rows: Sequence[SummaryRow]) -> dict[str, object]:
    above = [0.0 if math.isnan(row.high) else row.high - row.value for row in rows]
    below = [0.0 if math.isnan(row.low) else row.value - row.low for row in rows]
    return {"type": "data", "array": above, "arrayminus": below, "thickness": 1.2, "width": 0}


def _wrapped(text: str) -> str:
    """Break a long axis title into lines that fit under a panel."""
    return "<br>".join(textwrap.wrap(text, TITLE_CHARACTERS))


def figure_json(figure: go.Figure, height: int) -> str:
    """A figure in the report's style, as JSON that a page can hold."""
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 60, "r": 16, "t": 44, "b": 64},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        hovermode="closest",
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False, showline=True, linecolor=GRID, automargin=True)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, showline=True, linecolor=GRID, automargin=True)
    return json.dumps(json.loads(figure.to_json()), sort_keys=True).replace("</", "<\\/")
