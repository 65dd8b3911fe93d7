"use strict";
const field = (id) => document.getElementById(id);
const number = (n, name) => `${n} ${name}${n === 1 ? "" : "s"}`;
const lower = (text) => text.trim().toLowerCase();
const targetOf = (link) => link.getAttribute("href").slice(1);
// What there is of each actor on each issue: its sentences, and the links that lead to them.
const cells = [...document.querySelectorAll("details")].map((part) => ({
  part,
  actor: lower(part.dataset.actor),
  stories: Number(part.dataset.stories),
  quotes: [...part.querySelectorAll("[data-text]")].map((quote) => ({
    item: quote.closest("li"),
    text: lower(quote.textContent),
  })),
  isFound: false,
}));
const links = [...document.querySelectorAll("a[href^='#cell-']")];
const linking = [...document.querySelectorAll("#matrix tr, .links li")].filter((row) => row.querySelector("a"));

function show() {
  const actor = lower(field("actor").value);
  const words = lower(field("words").value);
  const least = Number(field("least").value) || 0;
  const fits = (name, stories) => name.includes(actor) && stories >= least;
  const fitting = new Set();
  const actors = new Set();
  let sentences = 0;
  for (const cell of cells) {
    for (const quote of cell.quotes) quote.item.hidden = !quote.text.includes(words);
    const found = cell.quotes.filter((quote) => !quote.item.hidden).length;
    cell.part.hidden = found === 0 || !fits(cell.actor, cell.stories);
    if (!cell.part.hidden) {
      fitting.add(cell.part.id);
      actors.add(cell.actor);
      sentences += found;
    }
    // What the words are found in is opened, and closed again when they are gone.
    if (words !== "" && !cell.part.hidden && !cell.part.open) cell.part.open = cell.isFound = true;
    if (words === "" && cell.isFound) cell.part.open = cell.isFound = false;
  }
  for (const link of links) link.classList.toggle("out", !fitting.has(targetOf(link)));
  for (const row of linking) row.hidden = !row.querySelector("a:not(.out)");
  for (const row of document.querySelectorAll("#sentiment tr")) {
    const name = lower(row.dataset.actor);
    // The words are those of stances: an actor without one is not among them.
    row.hidden = !fits(name, Number(row.dataset.stories)) || (words !== "" && !actors.has(name));
    if (!row.hidden) actors.add(name);
  }
  for (const part of document.querySelectorAll("section")) {
    const rows = [...part.querySelectorAll("tbody tr, li")];
    part.hidden = rows.length > 0 && rows.every((row) => row.hidden);
  }
  field("none").hidden = fitting.size > 0 || cells.length === 0;
  field("count").textContent = `${number(actors.size, "actor")} and ${number(sentences, "sentence")} shown`;
}

// Opens what a link leads to, also where the filter has left it out.
function openTarget(id) {
  const cell = cells.find((one) => one.part.id === id);
  if (!cell) return;
  if (cell.part.hidden) for (const quote of cell.quotes) quote.item.hidden = false;
  cell.part.hidden = false;
  cell.part.open = true;
  cell.isFound = false;
  cell.part.querySelector("summary").focus();
  cell.part.scrollIntoView();
}

for (const id of ["actor", "words", "least"]) field(id).addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !(event.ctrlKey || event.metaKey || event.altKey) && event.target.tagName !== "INPUT") {
    event.preventDefault();
    field("actor").focus();
  }
});
// A click on a link to the place where one already is changes no address.
for (const link of links) link.addEventListener("click", () => openTarget(targetOf(link)));
window.addEventListener("hashchange", () => openTarget(location.hash.slice(1)));
window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => (part.open = true)));
show();
openTarget(location.hash.slice(1));
