"use strict";
showTradeoff();
showCurves(data.curves);
mapChoices();
showDvhs();
caseTable();
openNamedCase(data.first_case);
addEventListener("hashchange", () => openNamedCase(-1));

// The part of the page that is read is marked in the navigation.
const links = new Map([...document.querySelectorAll("nav a[href^='#']")].map((link) => [link.getAttribute("href").slice(1), link]));
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) for (const [id, link] of links) link.classList.toggle("here", id === entry.target.id);
}, { rootMargin: "-30% 0px -60% 0px" });
for (const id of links.keys()) if (byId(id)) seen.observe(byId(id));

// A link to what is folded opens it.
for (const link of document.querySelectorAll("a[href^='#']")) {
  link.addEventListener("click", () => { const target = byId(link.getAttribute("href").slice(1)); if (target?.tagName === "DETAILS") target.open = true; });
}
