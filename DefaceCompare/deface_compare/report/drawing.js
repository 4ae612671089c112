"use strict";
// What every chart of the page is drawn with: elements, scales, hover text, switches.

const data = JSON.parse(document.getElementById("data").textContent);
const arms = data.arms;
const byId = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const PRINT_PX = 690; // width of A4 between its margins
let printing = false;

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function draw(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function text(x, y, words, attributes = {}) {
  return draw("text", { x, y, ...attributes }, words);
}

// Words of so many letters at most; what is cut off is told by an ellipsis, and whole where one points.
function cutTo(words, letters) {
  const most = Math.max(4, Math.floor(letters)), all = [...words];
  return all.length > most ? `${all.slice(0, most - 1).join("").trimEnd()}…` : words;
}

// hover

const tip = make("div", { class: "tip", role: "status", hidden: true });
document.body.append(tip);

function placeTip(event) {
  const box = tip.getBoundingClientRect();
  const x = Math.min(event.clientX + 14, innerWidth - box.width - 8);
  const y = event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 12 : event.clientY + 18;
  tip.style.left = `${Math.max(4, x)}px`;
  tip.style.top = `${Math.max(4, y)}px`;
}

function showTip(lines, event) {
  tip.replaceChildren(...lines.map((line) => make("div", {}, line)));
  tip.hidden = false;
  placeTip(event);
}

function hover(target, lines) {
  target.dataset.hover = lines.join("\n");
  target.setAttribute("aria-label", lines.join("; "));
  target.addEventListener("pointerenter", (event) => showTip(lines, event));
  target.addEventListener("pointermove", placeTip);
  target.addEventListener("pointerleave", () => { tip.hidden = true; });
  target.addEventListener("focus", () => {
    const box = target.getBoundingClientRect();
    showTip(lines, { clientX: box.right, clientY: box.top });
  });
  target.addEventListener("blur", () => { tip.hidden = true; });
  return target;
}

// Points of a chart are one stop of the tabulator; arrows go from one to the next, to the first and the last.
function oneStop(points) {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  points.forEach((point, k) => {
    point.setAttribute("tabindex", k ? -1 : 0);
    point.addEventListener("keydown", (event) => {
      if (!(event.key in steps)) return;
      event.preventDefault();
      const next = points[Math.max(0, Math.min(points.length - 1, k + steps[event.key]))];
      point.setAttribute("tabindex", -1);
      next.setAttribute("tabindex", 0);
      next.focus();
    });
  });
}

// switches

// A row of buttons of which one is pressed; `choose` is called with the value of the one that is.
function choices(host, label, options, chosen, choose) {
  const buttons = options.map(({ value, title, colour, hint }) => {
    const button = make("button", { type: "button", "data-value": value, title: hint ?? null, "aria-pressed": String(value === chosen) });
    if (colour) button.append(make("i", { class: "dot", style: `background:${colour}` }));
    button.append(title);
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      choose(value);
    });
    return button;
  });
  host.replaceChildren(make("div", { class: "choices", role: "group", "aria-label": label }, ...buttons));
}

// charts

// Draw into a host now, and again when its width changes or the page goes to paper.
const charts = [];
function chart(host, height, paint) {
  let width = 0;
  const again = () => {
    const wanted = printing ? PRINT_PX : Math.round(host.clientWidth);
    if (!wanted) return;
    width = wanted;
    const figure = draw("svg", { viewBox: `0 0 ${width} ${height}`, "aria-label": host.getAttribute("aria-label") });
    paint(figure, width, height);
    // a picture hides what it is made of from readers of the screen: one with points to go to is a group
    figure.setAttribute("role", figure.querySelector("[tabindex]") ? "group" : "img");
    host.replaceChildren(figure);
  };
  new ResizeObserver(() => { if (!printing && Math.abs(host.clientWidth - width) > 1) again(); }).observe(host);
  charts.push(again);
  again();
  return again;
}
// On paper nothing can be opened: what a map or a case folds is printed.
const FOLDED_ON_PAPER = "#heat-map details:not([open]), #case-detail details:not([open])";
let unfolded = [];
addEventListener("beforeprint", () => {
  printing = true;
  for (const again of charts) again();
  unfolded = [...document.querySelectorAll(FOLDED_ON_PAPER)];
  for (const each of unfolded) each.open = true;
});
addEventListener("afterprint", () => {
  printing = false;
  for (const again of charts) again();
  for (const each of unfolded) each.open = false;
});

function niceTicks(low, high, most) {
  const rough = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

const minus = (value) => String(value).replace("-", "−");

// Axes with grid lines and titles; gives the two scales.
function axes(figure, frame, x, y) {
  const { left, top, right, bottom } = frame;
  const across = (value) => left + ((value - x.low) / (x.high - x.low || 1)) * (right - left);
  const up = (value) => bottom - ((value - y.low) / (y.high - y.low || 1)) * (bottom - top);
  const grid = draw("g", { class: "axes" });
  for (const tick of x.ticks ?? niceTicks(x.low, x.high, Math.max(2, (right - left) / 70))) {
    grid.append(draw("line", { x1: across(tick), x2: across(tick), y1: top, y2: bottom }));
    grid.append(text(across(tick), bottom + 16, minus(tick), { "text-anchor": "middle" }));
  }
  for (const tick of y.ticks ?? niceTicks(y.low, y.high, Math.max(2, (bottom - top) / 44))) {
    grid.append(draw("line", { x1: left, x2: right, y1: up(tick), y2: up(tick) }));
    grid.append(text(left - 7, up(tick) + 4, minus(tick), { "text-anchor": "end" }));
  }
  grid.append(text((left + right) / 2, bottom + 36, x.title, { "text-anchor": "middle", class: "title" }));
  if (y.title) grid.append(text(left - 40, top - 10, y.title, { "text-anchor": "start", class: "title" }));
  figure.append(grid);
  return { across, up };
}

const SHAPES = [
  (r) => `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0Z`,
  (r) => `M${-r * 0.9},${-r * 0.9}h${r * 1.8}v${r * 1.8}h${-r * 1.8}Z`,
  (r) => `M0,${-r * 1.25}L${r * 1.1},${r * 0.8}H${-r * 1.1}Z`,
  (r) => `M0,${-r * 1.3}L${r * 1.3},0L0,${r * 1.3}L${-r * 1.3},0Z`,
  (r) => `M0,${r * 1.25}L${r * 1.1},${-r * 0.8}H${-r * 1.1}Z`,
  (r) => `M${-r * 0.4},${-r * 1.2}h${r * 0.8}v${r * 0.8}h${r * 0.8}v${r * 0.8}h${-r * 0.8}v${r * 0.8}h${-r * 0.8}v${-r * 0.8}h${-r * 0.8}v${-r * 0.8}h${r * 0.8}Z`,
  (r) => `M${-r * 0.6},${-r * 1.1}H${r * 0.6}L${r * 1.2},0L${r * 0.6},${r * 1.1}H${-r * 0.6}L${-r * 1.2},0Z`,
];

function marker(arm, x, y, r, attributes = {}) {
  const colour = arms[arm].colour;
  return draw("path", { d: SHAPES[arm % SHAPES.length](r), transform: `translate(${x},${y})`, fill: colour, class: "marker", ...attributes });
}

function line(points, attributes) {
  return draw("path", { d: points.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join(""), fill: "none", ...attributes });
}

function band(upper, lower, colour) {
  const around = [...upper, ...[...lower].reverse()];
  return draw("path", { d: `${around.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("")}Z`, fill: colour, class: "band" });
}
