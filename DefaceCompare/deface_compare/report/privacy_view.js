"use strict";
// Trade-off, ROC and CMC.

const LABEL_LETTER_PX = 7.4, TITLE_LETTER_PX = 6.2, LABEL_PX = 16;
const LABEL_SHARE = 0.45; // of the chart's width, for one label at most
const WORDS = 5; // words under words weigh more than a line under words


// The side of a point on which its label covers least of other points, whiskers and labels.
function placeLabel(words, x, y, frame, obstacles) {
  const wide = words.length * LABEL_LETTER_PX + 12;
  const tried = [];
  for (const shift of [-9, 14, -26, 31, 48, 65, 82]) {
    for (const anchor of ["start", "end"]) {
      const left = anchor === "start" ? x + 12 : x - 12 - wide;
      const box = { left, right: left + wide, top: y + shift - LABEL_PX + 4, bottom: y + shift + 4 };
      const hidden = obstacles.filter((each) => each.left < box.right && each.right > box.left && each.top < box.bottom && each.bottom > box.top).reduce((sum, each) => sum + (each.weight ?? 1), 0);
      const beyond = box.left < frame.left || box.right > frame.right + 8 || box.top < 0;
      tried.push({ box, anchor, x: anchor === "start" ? x + 12 : x - 12, y: y + shift, cost: hidden + (beyond ? 10 : 0) });
    }
  }
  const best = tried.reduce((found, each) => (each.cost < found.cost ? each : found));
  obstacles.push({ ...best.box, weight: WORDS });
  return best;
}

function tradeoff(host, panel) {
  chart(host, 380, (figure, width, height) => {
    const frame = { left: 52, top: 30, right: width - 16, bottom: height - 46 };
    const points = panel.points;
    const most = Math.max(...points.map((point) => point.x[2] ?? point.x[0]), 1e-6);
    const least = Math.min(0.5, ...points.map((point) => point.y[1] ?? point.y[0]));
    const low = Math.floor(least * 10) / 10;
    const { across, up } = axes(figure, frame, { low: 0, high: most * 1.25, title: panel.x }, { low, high: 1.02, title: panel.y });
    figure.append(draw("line", { x1: frame.left, x2: frame.right, y1: up(0.5), y2: up(0.5), class: "chance" }));
    figure.append(text(frame.right - 4, up(0.5) - 5, "chance", { "text-anchor": "end", class: "hint" }));
    figure.append(draw("line", { x1: frame.left, x2: frame.right, y1: up(data.margin), y2: up(data.margin), class: "margin" }));
    figure.append(text(frame.right - 4, up(data.margin) - 5, `not linked: whole interval below ${data.margin}`, { "text-anchor": "end", class: "hint" }));
    figure.append(text(frame.left + 6, frame.bottom - 6, "↙ better", { class: "hint" }));
    const obstacles = [{ left: frame.left - 40, right: frame.left - 40 + panel.y.length * TITLE_LETTER_PX, top: 6, bottom: frame.top - 6, weight: WORDS }];
    for (const point of points) {
      const [x, xLow, xHigh] = point.x, [y, yLow, yHigh] = point.y;
      const colour = arms[point.arm].colour;
      const group = draw("g", { class: "point", tabindex: 0, "data-arm": point.arm });
      if (xLow !== null) group.append(draw("line", { x1: across(xLow), x2: across(xHigh), y1: up(y), y2: up(y), stroke: colour, class: "whisker" }));
      if (yLow !== null) group.append(draw("line", { x1: across(x), x2: across(x), y1: up(yLow), y2: up(yHigh), stroke: colour, class: "whisker" }));
      if (point.reference !== null) {
        group.append(draw("line", { x1: across(x), x2: across(x), y1: up(y), y2: up(point.reference), stroke: colour, class: "dotted" }));
        group.append(draw("line", { x1: across(x) - 5, x2: across(x) + 5, y1: up(point.reference), y2: up(point.reference), stroke: colour, class: "whisker" }));
      }
      group.append(marker(point.arm, across(x), up(y), 7));
      figure.append(hover(group, [`${arms[point.arm].short}: ${point.hover[0]}`, point.hover[1]]));
      if (xLow !== null) obstacles.push({ left: across(xLow), right: across(xHigh), top: up(y) - 2, bottom: up(y) + 2 });
      obstacles.push({ left: across(x) - 9, right: across(x) + 9, top: up(yHigh ?? y) - 2, bottom: up(yLow ?? y) + 2 });
    }
    for (const point of points) {
      const words = cutTo(arms[point.arm].short, ((frame.right - frame.left) * LABEL_SHARE) / LABEL_LETTER_PX), at = placeLabel(words, across(point.x[0]), up(point.y[0]), frame, obstacles);
      const away = at.anchor === "start" ? 1 : -1;
      figure.append(text(at.x + 12 * away, at.y, words, { class: "label", "text-anchor": at.anchor }));
      figure.append(marker(point.arm, at.x + 4 * away, at.y - 4, 4)); // whose label it is, wherever it stands
    }
  });
}

function showTradeoff() {
  const host = byId("chart-tradeoff");
  if (!host) return;
  const place = (at) => {
    const fresh = host.cloneNode(false);
    byId("chart-tradeoff").replaceWith(fresh);
    tradeoff(fresh, data.tradeoff[at]);
  };
  choices(byId("tradeoff-choice"), "Cost", data.tradeoff.map((panel, k) => ({ value: k, title: panel.title })), 0, place);
  place(0);
}

function showCurves(found, suffix = "") {
  const host = byId(`chart-curves${suffix}`);
  if (!host) return;
  const listed = data.order.filter((arm) => found.roc.some((each) => each.arm === arm));
  let kind = "roc", lit = listed[0];
  const titles = {
    roc: ["Share of impostor pairs accepted (FAR)", "Share of probes accepted (TAR)"],
    cmc: ["Rank k", "Share of probes within rank k"],
  };
  const again = chart(host, 340, (figure, width, height) => {
    const frame = { left: 52, top: 30, right: width - 16, bottom: height - 46 };
    const curves = found[kind];
    const ends = curves.map((each) => each.x[each.x.length - 1]);
    const first = kind === "roc" ? 0 : 1;
    const [x, y] = titles[kind];
    const { across, up } = axes(figure, frame, { low: first, high: Math.max(...ends, first + 1), title: x }, { low: 0, high: 1, title: y });
    if (kind === "roc") figure.append(line([[across(0), up(0)], [across(1), up(1)]], { class: "chance" }));
    const ordered = [...curves].sort((a, b) => (a.arm === lit) - (b.arm === lit));
    for (const each of ordered) {
      const colour = arms[each.arm].colour;
      const at = (values) => each.x.map((value, k) => [across(value), up(values[k])]);
      if (each.arm === lit) figure.append(band(at(each.high), at(each.low), colour));
      const drawn = line(at(each.y), { stroke: colour, class: each.arm === lit ? "curve lit" : "curve dim", "data-arm": each.arm });
      figure.append(drawn);
    }
  });
  choices(byId(`curves-kind${suffix}`), "Curve", [{ value: "roc", title: "ROC" }, { value: "cmc", title: "CMC" }], kind, (chosen) => { kind = chosen; again(); });
  choices(byId(`curves-arm${suffix}`), "Method", listed.map((arm) => ({ value: arm, title: arms[arm].short, colour: arms[arm].colour })), lit, (chosen) => { lit = chosen; again(); });
}
