"use strict";
caseTable();
openNamedCase(0);
addEventListener("hashchange", () => openNamedCase(-1));
addEventListener("keydown", (event) => {
  if (event.target.matches("input[type=search], select") || !["n", "p"].includes(event.key)) return;
  const chosen = data.cases.indexOf(document.querySelector("#case-table tr.chosen")?.dataset.case ?? "");
  const next = chosen + (event.key === "n" ? 1 : -1);
  if (next >= 0 && next < data.cases.length) openCase(next, { scroll: false });
});
