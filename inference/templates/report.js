"use strict";
const field = (id) => document.getElementById(id);
const rows = [...document.querySelectorAll("[data-actor]")];
const quotes = [...document.querySelectorAll("[data-text]")];

function show() {
  const actor = field("actor").value.trim().toLowerCase();
  const words = field("words").value.trim().toLowerCase();
  const least = Number(field("least").value) || 0;
  for (const quote of quotes) quote.hidden = words !== "" && !quote.textContent.toLowerCase().includes(words);
  // An actor has a row in the matrix and one in the table of sentiment.
  const shown = new Set();
  for (const row of rows) {
    const fits = row.dataset.actor.toLowerCase().includes(actor) && Number(row.dataset.stories) >= least;
    const own = [...row.querySelectorAll("[data-text]")];
    row.hidden = !fits || (own.length > 0 && own.every((quote) => quote.hidden));
    if (!row.hidden && row.tagName === "TR") shown.add(row.dataset.actor);
  }
  field("count").textContent = `${shown.size} ${shown.size === 1 ? "actor" : "actors"} shown`;
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") {
    target.open = true;
    target.scrollIntoView();
  }
}

for (const id of ["actor", "words", "least"]) field(id).addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target.tagName !== "INPUT") {
    event.preventDefault();
    field("actor").focus();
  }
});
window.addEventListener("hashchange", openTarget);
window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => (part.open = true)));
show();
openTarget();
