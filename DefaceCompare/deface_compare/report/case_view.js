"use strict";
// One case: pictures with a wipe, what changed most, its DVHs, its remarks.

const MOST_ORGANS = 6;

// Original below, defaced above, cut off where the slider stands; lines lie over both.
const when = (address) => (address.startsWith("data:") ? "eager" : "lazy");

function wipe(host, plane) {
  const methods = Object.keys(plane.methods).map(Number);
  const state = { arm: methods[0], at: 50, planned: true, edit: true };
  const before = make("img", { src: plane.original, alt: `${plane.title}, original`, loading: when(plane.original) });
  const after = make("img", { class: "after", alt: "", loading: when(plane.original) });
  const planned = plane.planned ? make("img", { class: "lines", src: plane.planned, alt: "contours and isodoses", loading: when(plane.original) }) : null;
  const outline = make("img", { class: "lines", alt: "outline of the edit", loading: when(plane.original) });
  const rule = make("i", { class: "rule" });
  const side = make("span", { class: "side right" });
  const frame = make("div", { class: "frame" }, before, after, ...(planned ? [planned] : []), outline, rule, make("span", { class: "side" }, "original"), side);
  const slider = make("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": `${plane.title}: original to the left, defaced to the right` });
  const show = () => {
    const chosen = plane.methods[state.arm];
    after.src = chosen.image;
    after.alt = `${plane.title}, ${arms[state.arm].short}`;
    after.style.clipPath = `inset(0 0 0 ${state.at}%)`;
    rule.style.left = `${state.at}%`;
    outline.hidden = !chosen.edit || !state.edit;
    if (chosen.edit) outline.src = chosen.edit;
    if (planned) planned.hidden = !state.planned;
    side.textContent = arms[state.arm].short;
  };
  const caption = make("figcaption", { class: "wiped" }, plane.title);
  const move = (event) => {
    const box = frame.getBoundingClientRect();
    state.at = Math.max(0, Math.min(100, ((event.clientX - box.left) / box.width) * 100));
    slider.value = state.at;
    show();
  };
  frame.addEventListener("pointerdown", (event) => { frame.setPointerCapture(event.pointerId); move(event); });
  frame.addEventListener("pointermove", (event) => { if (event.buttons) move(event); });
  slider.addEventListener("input", () => { state.at = Number(slider.value); show(); });
  show();
  host.append(make("figure", { class: "wipe", "data-plane": plane.title }, caption, frame, slider));
  return { show, state };
}

function showPictures(host, pictures) {
  if (!pictures) return;
  const wipes = pictures.planes.length ? make("div", { class: "wipes" }) : null;
  if (wipes) {
    const tools = make("div", { class: "tools" }), methods = make("div"), layers = make("div", { class: "layers" });
    tools.append(methods, layers);
    host.append(tools, wipes);
    const all = pictures.planes.map((plane) => wipe(wipes, plane));
    const listed = data.order.filter((arm) => pictures.planes.some((plane) => arm in plane.methods));
    for (const each of all) { each.state.arm = listed[0]; each.show(); }
    choices(methods, "Method", listed.map((arm) => ({ value: arm, title: arms[arm].short, colour: arms[arm].colour })), listed[0], (arm) => {
      for (const [k, each] of all.entries()) if (arm in pictures.planes[k].methods) { each.state.arm = arm; each.show(); }
    });
    for (const [name, title] of [["planned", "contours and isodoses"], ["edit", "outline of the edit"]]) {
      const box = make("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => { for (const each of all) { each.state[name] = box.checked; each.show(); } });
      layers.append(make("label", {}, box, ` ${title}`));
    }
    if (pictures.legend?.length) host.append(make("p", { class: "note legend" }, ...pictures.legend.map(({ title, colour }) => make("span", {}, make("i", { class: "dot", style: `background:${colour}` }), title))));
  }
  if (pictures.faces?.length) {
    const strip = pictures.faces.map((face) => make("figure", {}, make("img", { src: face.source, alt: face.title, loading: when(face.source), width: 150, height: 150 }), make("figcaption", {}, face.title)));
    host.append(make("div", { class: "strip" }, ...strip));
  }
  for (const link of pictures.links ?? []) host.append(make("p", { class: "note" }, make("a", { href: link.href }, link.title)));
}

function worstOrgans(place) {
  const blocks = [];
  for (const [key, title] of [["intact_volume", "Δ intact volume"], ["Dmean", "ΔDmean, policy “mask”"]]) {
    const map = data.maps.find((each) => each.main && each.key.startsWith(`${key}|`));
    const cells = map?.cells[key === "Dmean" ? "mask" : ""];
    if (!cells) continue;
    const value = (cell) => (cell ? valuesOf(cell)[place] : null);
    const size = (name) => Math.max(0, ...cells[name].map((cell) => Math.abs(value(cell) ?? 0)));
    const isMeasured = Object.values(cells).some((row) => row.some((cell) => value(cell) !== null));
    const names = Object.keys(cells).filter((name) => size(name) > 0).sort((a, b) => size(b) - size(a) || (a < b ? -1 : 1)).slice(0, MOST_ORGANS);
    const rows = names.map((name) => make("tr", {}, make("th", { scope: "row" }, name), ...data.order.map((arm) => make("td", {}, value(cells[name][arm]) === null ? "–" : minus(value(cells[name][arm]).toFixed(map.decimals))))));
    const head = make("tr", {}, make("th", { scope: "col" }, `${title} (${map.unit})`), ...data.order.map((arm) => methodHead(arms[arm])));
    blocks.push(names.length ? make("div", { class: "scroll" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))) : make("p", { class: "note" }, `${title}: ${isMeasured ? "nothing changed" : "not measured"}.`));
  }
  return blocks;
}

function openCase(place, { scroll = true } = {}) {
  const detail = byId("case-detail");
  if (!detail || place < 0) return;
  const name = data.cases[place];
  for (const row of document.querySelectorAll("#case-table tr[data-case]")) {
    row.classList.toggle("chosen", row.dataset.case === name);
    row.querySelector("button")?.setAttribute("aria-pressed", String(row.dataset.case === name));
  }
  const told = make("div", { class: "told" });
  detail.replaceChildren(make("h3", { tabindex: -1 }, name), told);
  const pictures = data.pictures?.[place];
  if (pictures) showPictures(told, pictures);
  else if (data.cases_page) told.append(make("p", { class: "note" }, make("a", { href: `${data.cases_page}#${encodeURIComponent(name)}` }, `Faces and slices of ${name}`), " (identifiable: keep that page to yourself)"));
  told.append(...worstOrgans(place), make("p", { class: "note" }, "Left and right, and several targets, are averaged here, as in all tables; DVHs and the cards' worst patients are of single structures."));
  const structures = Object.fromEntries(Object.entries(data.case_dvhs?.[place] ?? {}).map(([structure, found]) => [structure, {
    n: 1,
    original: { median: found.original, n: 1 },
    policies: Object.fromEntries(Object.entries(found.policies).map(([policy, by]) => [policy, Object.fromEntries(Object.entries(by).map(([arm, median]) => [arm, { median, n: 1 }]))])),
  }]));
  if (Object.keys(structures).length) {
    const hosts = { chart: make("div", { class: "chart", "aria-label": `DVHs of ${name}` }), structure: make("div"), policy: make("div"), arm: make("div"), note: make("p", { class: "note" }) };
    told.append(make("h4", {}, "DVHs that change"), make("div", { class: "tools" }, hosts.structure, hosts.policy, hosts.arm), hosts.chart, hosts.note);
    dvhChooser(hosts, structures, data.dvh.step, 320);
  }
  const remarks = data.remarks?.[place] ?? [];
  if (remarks.length) told.append(make("details", {}, make("summary", {}, `${remarks.length} remark${remarks.length > 1 ? "s" : ""}`), make("ul", {}, ...remarks.map((each) => make("li", {}, each)))));
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  if (!scroll) return;
  byId("cases").scrollIntoView();
  detail.querySelector("h3").focus({ preventScroll: true });
}

function caseTable() {
  const table = byId("case-table");
  if (!table) return;
  for (const row of table.querySelectorAll("tr[data-case]")) {
    const place = data.cases.indexOf(row.dataset.case);
    if (place < 0) continue;
    row.addEventListener("click", () => openCase(place, { scroll: false })); // its button's, too
  }
  const needle = byId("case-filter"), conspicuous = byId("case-conspicuous");
  const filter = () => {
    const wanted = needle.value.toLowerCase();
    for (const row of table.querySelectorAll("tbody tr")) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted) || (conspicuous?.checked && !row.classList.contains("conspicuous"));
    }
  };
  needle?.addEventListener("input", filter);
  conspicuous?.addEventListener("change", filter);
}

function openNamedCase(fallback) {
  const place = data.cases.indexOf(decodeURIComponent(location.hash.slice(1)));
  if (place >= 0) openCase(place);
  else if (fallback >= 0) {
    const hash = location.hash;
    openCase(fallback, { scroll: false });
    history.replaceState(null, "", hash || location.pathname + location.search);
  }
}

for (const link of document.querySelectorAll("a[data-open-case]")) {
  link.addEventListener("click", (event) => { event.preventDefault(); openCase(data.cases.indexOf(link.dataset.openCase)); });
}
