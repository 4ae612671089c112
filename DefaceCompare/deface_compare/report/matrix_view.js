"use strict";
// Similarity matrices: a square a pair, drawn on a canvas.

const CELL_PX = 12, AROUND_PX = 90;

function paintMatrix(canvas, matrix) {
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${arms[matrix.arm].short}: cosine of ${matrix.probes.length} defaced scans with ${matrix.gallery.length} originals`);
  const ink = getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
  const cell = Math.max(4, Math.min(CELL_PX, Math.floor(1100 / matrix.gallery.length)));
  canvas.width = AROUND_PX + cell * matrix.gallery.length;
  canvas.height = AROUND_PX + cell * matrix.probes.length;
  const pen = canvas.getContext("2d");
  const known = matrix.rows.flat().filter((value) => value !== null);
  const low = Math.min(...known, 0), high = Math.max(...known, low + 1e-6);
  matrix.rows.forEach((row, y) => row.forEach((value, x) => {
    pen.globalAlpha = value === null ? 0 : (value - low) / (high - low);
    pen.fillStyle = matrix.colour;
    pen.fillRect(AROUND_PX + x * cell, AROUND_PX + y * cell, cell - 1, cell - 1);
  }));
  pen.globalAlpha = 1;
  pen.fillStyle = ink;
  pen.font = `${Math.min(11, Math.max(7, cell))}px system-ui, sans-serif`;
  const every = Math.ceil(9 / cell);
  matrix.probes.forEach((name, y) => { if (y % every === 0) pen.fillText(name, 2, AROUND_PX + y * cell + cell - 2, AROUND_PX - 6); });
  matrix.gallery.forEach((name, x) => {
    if (x % every) return;
    pen.save();
    pen.translate(AROUND_PX + x * cell + cell - 2, AROUND_PX - 4);
    pen.rotate(-Math.PI / 2);
    pen.fillText(name, 0, 0, AROUND_PX - 6);
    pen.restore();
  });
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const x = Math.floor((event.clientX - box.left - AROUND_PX) / cell), y = Math.floor((event.clientY - box.top - AROUND_PX) / cell);
    const value = matrix.rows[y]?.[x];
    if (value === undefined) tip.hidden = true;
    else showTip([`${matrix.probes[y]} with ${matrix.gallery[x]}`, value === null ? "no face" : `cosine ${minus(value)}`], event);
  });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
}

data.images.forEach((each, place) => {
  showCurves(each.curves, `-${place}`);
  each.matrices.forEach((matrix, k) => paintMatrix(byId(`matrix-${place}-${k}`), { ...matrix, colour: arms[matrix.arm].colour }));
});
