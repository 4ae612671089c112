"use strict";
// Heat map of structures and methods, and the patients behind a cell.

const LEAST_SHOWN = { "%": 0.05, HU: 0.05, Gy: 0.005 };
const DARKEST_PERCENT = 65; // of loss or gain in a cell: on more of it its number has less contrast than 4.5 to 1 (WCAG 2.2, 1.4.3)
const mapState = { key: 0, policy: "", view: "median", structure: "", arm: 0 };

function cellNumber(cell) {
  return cell === null ? null : mapState.view === "median" ? cell.m : cell.w;
}

function cellText(cell) {
  return cell === null ? "–" : mapState.view === "median" ? cell.t : cell.wt;
}

// How far a number is from what it would be if nothing was lost; null where there is none.
function effect(value, map) {
  return value === null ? null : value - map.ideal;
}

function caseName(place) {
  return place < 0 ? "" : data.cases[place];
}

function cellLines(structure, arm, cell, unit) {
  const told = (words) => (unit ? `${words} ${unit}` : words);
  const worst = cell.c >= 0 ? `; worst ${told(cell.wt)} (${caseName(cell.c)})` : "";
  const first = cell.n ? `median ${told(cell.t)}` : cell.t === "–" ? "no number" : cell.t;
  return [`${arms[arm].short}, ${structure}`, `${first}${cell.s ? `, ${cell.s}` : ""}${worst}`];
}

function sizeOf(cells, map) {
  return Math.max(0, ...cells.map((cell) => Math.abs(effect(cellNumber(cell), map) ?? 0)));
}

// The methods that have a number of any structure: what failed on all is said in its column, and opens no row.
function withNumbers(cells) {
  const rows = Object.values(cells);
  return arms.map((_, arm) => rows.some((row) => row[arm] !== null && cellNumber(row[arm]) !== null));
}

// Whether every such method that has this structure has a number of it: only then can it be unchanged.
function isKnown(cells, counted) {
  return counted.includes(true) && cells.every((cell, arm) => cell === null || !counted[arm] || cellNumber(cell) !== null);
}

function cellColour(value, most) {
  if (value === null || !most) return "";
  const share = Math.sqrt(Math.min(1, Math.abs(value) / most));
  return `color-mix(in oklab, var(--${value < 0 ? "loss" : "gain"}) ${Math.round(share * DARKEST_PERCENT)}%, var(--card))`;
}

function methodHead(arm) {
  return make("th", { scope: "col", title: arm.title }, make("i", { class: "dot", style: `background:${arm.colour}` }), arm.short);
}

function mapRow(structure, cells, map, most) {
  const row = make("tr", {}, make("th", { scope: "row" }, structure));
  data.order.forEach((arm) => {
    const cell = cells[arm], value = effect(cellNumber(cell), map);
    const holder = make("td");
    if (cell === null) holder.append("–");
    else {
      const beyond = map.tolerance !== null && value !== null && Math.abs(value) > map.tolerance;
      const chosen = mapState.structure === structure && mapState.arm === arm;
      const button = make("button", { type: "button", class: `${beyond ? "beyond " : ""}${chosen ? "chosen" : ""}`.trim(), "data-structure": structure, "data-arm": arm, "aria-pressed": String(chosen), style: `background:${cellColour(value, most)}` }, cellText(cell));
      hover(button, cellLines(structure, arm, cell, map.unit));
      button.addEventListener("click", () => { mapState.structure = structure; mapState.arm = arm; showMap(); });
      holder.append(button);
    }
    row.append(holder);
  });
  return row;
}

function mapBody(title, names, cells, map, most) {
  const least = LEAST_SHOWN[map.unit] ?? 0.005;
  const size = (name) => sizeOf(cells[name], map);
  const counted = withNumbers(cells);
  const isSame = (name) => size(name) < least && isKnown(cells[name], counted);
  const changed = names.filter((name) => !isSame(name)).sort((a, b) => size(b) - size(a) || (a < b ? -1 : 1));
  const same = names.filter(isSame).sort();
  const body = make("tbody");
  if (title && names.length) body.append(make("tr", { class: "group" }, make("th", { colspan: arms.length + 1 }, title)));
  for (const name of changed) body.append(mapRow(name, cells[name], map, most));
  if (same.length) {
    const words = `${same.length} unchanged by every method${counted.includes(false) ? " that has numbers" : ""}${mapState.view === "median" && data.cases.length > 1 ? " in the median" : ""}`;
    body.append(make("tr", { class: "same" }, make("th", { colspan: arms.length + 1 }, make("details", {}, make("summary", {}, words), same.join(", ")))));
  }
  return { body, changed };
}

function showMap() {
  const map = data.maps[mapState.key];
  const policies = Object.keys(map.cells);
  if (!policies.includes(mapState.policy)) mapState.policy = policies.includes("mask") ? "mask" : policies[0];
  const cells = map.cells[mapState.policy];
  const names = Object.keys(cells);
  const most = Math.max(0, ...names.map((name) => sizeOf(cells[name], map)));
  const head = make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Structure"), ...data.order.map((arm) => methodHead(arms[arm]))));
  const further = new Set(map.further);
  const first = mapBody("", names.filter((name) => !further.has(name)), cells, map, most);
  const second = mapBody("Further organs", names.filter((name) => further.has(name)), cells, map, most);
  const shown = [...first.changed, ...second.changed];
  if (!names.includes(mapState.structure)) {
    mapState.structure = shown[0] ?? names[0] ?? "";
    if (mapState.structure) {
      const sizes = cells[mapState.structure].map((cell) => Math.abs(effect(cellNumber(cell), map) ?? -1));
      mapState.arm = sizes.indexOf(Math.max(...sizes));
      showMap();
      return;
    }
  }
  const pressed = document.activeElement?.closest?.("#heat-map button");
  byId("heat-map").replaceChildren(make("table", { class: "map" }, head, first.body, ...(names.some((name) => further.has(name)) ? [second.body] : [])));
  if (pressed) byId("heat-map").querySelector("button.chosen")?.focus(); // the pressed one is drawn anew
  const several = Math.max(...names.flatMap((name) => cells[name].map((cell) => cell?.n ?? 0)), 0);
  const shownOf = data.cases.length === 1 ? "this case" : `${mapState.view === "median" ? "median over patients" : `the patient furthest from ${map.ideal}`}; up to n ${several}`;
  byId("map-note").textContent = `${map.title}: ${shownOf}${map.tolerance === null ? "" : `; bold: beyond ${map.tolerance} ${map.unit}`}. ${map.meaning}.`;
  const hasPolicy = policies.length > 1;
  byId("map-policy").hidden = !hasPolicy;
  const shownPolicies = [...byId("map-policy").querySelectorAll("button")].map((button) => button.dataset.value);
  if (hasPolicy && shownPolicies.join() !== policies.join()) choices(byId("map-policy"), "Dose policy", policies.map((each) => ({ value: each, title: each })), mapState.policy, (chosen) => { mapState.policy = chosen; showMap(); });
  showPatients();
}

function mapChoices() {
  if (!data.maps.length || !byId("heat-map")) return;
  const main = data.maps.map((map, k) => ({ value: k, title: map.main, hint: map.title })).filter((each) => each.title);
  const others = data.maps.map((map, k) => [k, map]).filter(([, map]) => !map.main);
  const choose = (key) => { mapState.key = Number(key); showMap(); };
  mapState.key = main.length ? main[0].value : 0;
  const select = make("select", { id: "map-other", "aria-label": "Other numbers" }, make("option", { value: "" }, "other numbers …"), ...others.map(([k, map]) => make("option", { value: k }, map.title)));
  choices(byId("map-metric"), "Number", main, mapState.key, (chosen) => { select.value = ""; choose(chosen); });
  select.addEventListener("change", () => {
    if (select.value === "") return;
    for (const button of byId("map-metric").querySelectorAll("button")) button.setAttribute("aria-pressed", "false");
    choose(select.value);
  });
  if (others.length) byId("map-metric").append(select);
  if (data.cases.length > 1) {
    const views = [{ value: "median", title: "median" }, { value: "worst", title: "worst patient" }];
    choices(byId("map-view"), "Over patients", views, mapState.view, (chosen) => { mapState.view = chosen; showMap(); });
  }
  showMap();
}

function valuesOf(cell) {
  if (cell === null) return [];
  return Array.isArray(cell.v) ? cell.v : data.cases.map(() => cell.v);
}

let patientsChart = null;
function showPatients() {
  const host = byId("chart-patients");
  if (!host) return;
  if (!patientsChart) patientsChart = chart(host, 420, paintPatients);
  else patientsChart();
}

function quantile(sorted, share) {
  const at = (sorted.length - 1) * share, low = Math.floor(at), high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

const DOT_PX = 6, LETTER_PX = 7.4;

// A title in lines of so many letters, where its words allow it; what comes after the last line is cut off.
function linesOf(title, letters, most) {
  const lines = [];
  for (const word of title.replaceAll(" · ", " ·\u00a0").split(/[ _]/)) {
    const last = lines[lines.length - 1];
    if (last !== undefined && (last.length + 1 + word.length <= letters || word.length < 2)) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return (lines.length > most ? [...lines.slice(0, most - 1), `${lines[most - 1]} …`] : lines).map((each) => cutTo(each, letters));
}

// Dots of one height stand side by side: right, left, right … in the order of the cases.
function spread(values, up, room) {
  const filled = new Map();
  return values.map((value) => {
    const height = Math.round(up(value) / DOT_PX), place = filled.get(height) ?? 0;
    filled.set(height, place + 1);
    const shift = Math.ceil(place / 2) * DOT_PX * (place % 2 ? 1 : -1);
    return Math.max(-room, Math.min(room, shift));
  });
}

function paintPatients(figure, width, height) {
  const map = data.maps[mapState.key], cells = map.cells[mapState.policy]?.[mapState.structure];
  byId("patients-title").textContent = mapState.structure ? `${mapState.structure}: every patient` : "";
  if (!cells) return;
  const frame = { left: 56, top: 30, right: width - 8, bottom: height - 48 };
  const all = cells.flatMap((cell) => valuesOf(cell).filter((value) => value !== null));
  const low = Math.min(0, ...all), high = Math.max(0, ...all), pad = (high - low || 1) * 0.05;
  const { up } = axes(figure, frame, { low: 0, high: 1, ticks: [], title: "" }, { low: low - (low ? pad : 0), high: high + (high ? pad : 0) || 1, title: map.title });
  figure.append(draw("line", { x1: frame.left, x2: frame.right, y1: up(0), y2: up(0), class: "zero" }));
  const room = (frame.right - frame.left) / arms.length;
  data.order.forEach((arm, column) => {
    const cell = cells[arm], middle = frame.left + room * (column + 0.5);
    linesOf(arms[arm].short, room / LETTER_PX, 3).forEach((word, k) => figure.append(text(middle, frame.bottom + 18 + 14 * k, word, { "text-anchor": "middle", class: arm === mapState.arm ? "label lit" : "label" })));
    const known = valuesOf(cell).map((value, place) => ({ value, place })).filter((each) => each.value !== null);
    if (!known.length) return;
    const sorted = known.map((each) => each.value).sort((a, b) => a - b);
    const group = draw("g", { class: arm === mapState.arm ? "strip lit" : "strip" });
    if (known.length > 1) {
      group.append(draw("rect", { x: middle - room * 0.36, width: room * 0.72, y: up(quantile(sorted, 0.75)), height: Math.max(1, up(quantile(sorted, 0.25)) - up(quantile(sorted, 0.75))), class: "quartiles", fill: arms[arm].colour }));
      const y = up(quantile(sorted, 0.5));
      group.append(draw("line", { x1: middle - room * 0.36, x2: middle + room * 0.36, y1: y, y2: y, class: "median" }));
    }
    const shifts = spread(known.map((each) => each.value), up, room * 0.42);
    known.forEach(({ value, place }, k) => {
      const dot = marker(arm, middle + shifts[k], up(value), 4, { role: "button", "data-case": data.cases[place] });
      hover(dot, [`${data.cases[place]}, ${arms[arm].short}`, `${mapState.structure} ${[minus(value.toFixed(map.decimals)), map.unit].filter(Boolean).join(" ")}; click: open the case`]);
      dot.addEventListener("click", () => openCase(place));
      dot.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        openCase(place);
      });
      group.append(dot);
    });
    oneStop([...group.children].filter((each) => each.hasAttribute("data-case")));
    figure.append(group);
  });
}
