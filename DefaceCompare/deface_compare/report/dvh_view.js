"use strict";
// DVHs: of the cohort (median and quartiles), and of one case.

const POLICY_HINTS = {
  mask: "0 Gy where an image voxel was removed",
  follow: "dose treated as the method treats the image; a blurred or replaced dose is synthetic",
};

function percentAt(curve, step, dose) {
  const k = Math.round(dose / step);
  return k < curve.length ? curve[k] : 0;
}

// `curves`: [{arm (or null: the original), median, low, high, n}], in percent at steps of `step` Gy.
function paintDvh(figure, width, height, curves, step, lit) {
  const frame = { left: 52, top: 30, right: width - 14, bottom: height - 46 };
  const longest = Math.max(2, ...curves.map((each) => each.median.length));
  const { across, up } = axes(figure, frame, { low: 0, high: (longest - 1) * step, title: "Dose (Gy)" }, { low: 0, high: 100, title: "Volume receiving at least this dose (%)" });
  const at = (values) => values.map((value, k) => [across(k * step), up(value)]);
  for (const each of curves) {
    const colour = each.arm === null ? "var(--ink)" : arms[each.arm].colour;
    const quiet = lit !== null && each.arm !== null && each.arm !== lit;
    if (each.low && !quiet && each.n > 1 && (lit !== null || each.arm !== null)) figure.append(band(at(each.high), at(each.low), colour));
    const kind = each.arm === null ? "curve original" : quiet ? "curve dim" : "curve lit";
    figure.append(line(at(each.median), { stroke: colour, class: kind, "data-arm": each.arm ?? "original" }));
  }
  const cursor = draw("line", { y1: frame.top, y2: frame.bottom, class: "cursor", visibility: "hidden" });
  const glass = draw("rect", { x: frame.left, y: frame.top, width: frame.right - frame.left, height: frame.bottom - frame.top, fill: "transparent", class: "glass" });
  glass.addEventListener("pointermove", (event) => {
    const box = figure.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    const dose = Math.max(0, Math.min((longest - 1) * step, Math.round(((x - frame.left) / (frame.right - frame.left)) * (longest - 1)) * step));
    cursor.setAttribute("x1", across(dose));
    cursor.setAttribute("x2", across(dose));
    cursor.setAttribute("visibility", "visible");
    const lines = curves.map((each) => {
      const name = each.arm === null ? "original" : arms[each.arm].short;
      const spreadOut = each.low && each.n > 1 ? ` [${percentAt(each.low, step, dose)}, ${percentAt(each.high, step, dose)}], n ${each.n}` : "";
      return `${name} ${percentAt(each.median, step, dose)} %${spreadOut}`;
    });
    glass.dataset.hover = [`${dose} Gy`, ...lines].join("\n");
    showTip([`${dose} Gy`, ...lines], event);
  });
  glass.addEventListener("pointerleave", () => { tip.hidden = true; cursor.setAttribute("visibility", "hidden"); });
  figure.append(cursor, glass);
}

function areaBetween(original, curve) {
  let area = 0;
  for (let k = 0; k < Math.max(original.length, curve.length); k += 1) area += Math.abs((original[k] ?? 0) - (curve[k] ?? 0));
  return area;
}

// A host with pickers for structure, policy and method. `structures`: name -> {original, policies: {policy: {arm: curve}}}.
function dvhChooser(hosts, structures, step, height) {
  const names = Object.keys(structures);
  const effect = (name) => Math.max(0, ...Object.values(structures[name].policies).flatMap((by) => Object.values(by).map((curve) => areaBetween(structures[name].original.median, curve.median))));
  const state = { structure: names.reduce((best, name) => (effect(name) > effect(best) ? name : best), names[0]), policy: "", lit: null };
  const policies = [...new Set(names.flatMap((name) => Object.keys(structures[name].policies)))];
  state.policy = policies.includes("mask") ? "mask" : policies[0] ?? "";
  const again = chart(hosts.chart, height, (figure, width) => {
    const found = structures[state.structure];
    const edited = found.policies[state.policy] ?? {};
    const curves = [...Object.entries(edited).map(([arm, curve]) => ({ arm: Number(arm), ...curve })), { arm: null, ...found.original }];
    paintDvh(figure, width, height, curves, step, state.lit);
    if (hosts.note) {
      const missing = arms.filter((_, arm) => !(arm in edited)).map((each) => each.short);
      const words = [`${state.structure}${found.n > 1 ? `, n ${found.n}: medians with quartiles over patients` : ""}`];
      if (missing.length) words.push(`as the original, or not measured: ${missing.join(", ")}`);
      if (POLICY_HINTS[state.policy]) words.push(`policy “${state.policy}”: ${POLICY_HINTS[state.policy]}`);
      hosts.note.textContent = `${words.join("; ")}.`;
    }
  });
  const select = make("select", { "aria-label": "Structure", class: "structure-picker" }, ...names.map((name) => make("option", { value: name, selected: name === state.structure }, `${name}${structures[name].n > 1 ? ` (n ${structures[name].n})` : ""}`)));
  select.addEventListener("change", () => { state.structure = select.value; again(); });
  hosts.structure.replaceChildren(select);
  if (policies.length > 1) choices(hosts.policy, "Dose policy", policies.map((each) => ({ value: each, title: each, hint: POLICY_HINTS[each] })), state.policy, (chosen) => { state.policy = chosen; again(); });
  const lights = [{ value: "all", title: "all methods" }, ...data.order.map((arm) => ({ value: arm, title: arms[arm].short, colour: arms[arm].colour }))];
  choices(hosts.arm, "Method", lights, "all", (chosen) => { state.lit = chosen === "all" ? null : chosen; again(); });
}

function showDvhs() {
  if (!byId("chart-dvh")) return;
  const hosts = { chart: byId("chart-dvh"), structure: byId("dvh-structure"), policy: byId("dvh-policy"), arm: byId("dvh-arm"), note: byId("dvh-note") };
  dvhChooser(hosts, data.dvh.structures, data.dvh.step, 400);
}
