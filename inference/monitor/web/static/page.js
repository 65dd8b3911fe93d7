"use strict";
// The pages work without this: it moves through the plot by keyboard, and shows sentences without loading the page anew.

const plot = document.querySelector(".plot");
const readout = document.getElementById("readout");

function shownDots() {
  const svg = [...plot.querySelectorAll("svg[role=img]")].find((one) => getComputedStyle(one).display !== "none");
  return [...svg.querySelectorAll(".dot")];
}

function moveTo(dots, place) {
  for (const dot of plot.querySelectorAll(".at")) dot.classList.remove("at");
  dots[place].classList.add("at");
  readout.textContent = dots[place].dataset.text;
}

function onPlotKey(event) {
  const dots = shownDots();
  if (event.altKey || event.ctrlKey || event.metaKey || dots.length === 0) return;
  const chosen = dots.findIndex((dot) => dot.classList.contains("chosen"));
  const here = Math.max(dots.findIndex((dot) => dot.classList.contains("at")), -1);
  const from = here >= 0 ? here : chosen >= 0 ? chosen : dots.length - 1;
  const places = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: dots.length - 1 };
  if (event.key in places) {
    event.preventDefault();
    moveTo(dots, Math.min(Math.max(places[event.key], 0), dots.length - 1));
  } else if (event.key === "Enter" && event.target === plot) {
    event.preventDefault();
    showSentences(dots[from].getAttribute("href"));
  }
}

let asked = 0;

async function showSentences(address, isNew = true) {
  const mine = ++asked;
  let page;
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(answer.status);
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    // Then the page as a whole says what is wrong.
    location.assign(address);
    return;
  }
  // Somebody has gone on meanwhile.
  if (mine !== asked) return;
  document.getElementById("sentences").replaceWith(document.adoptNode(page.getElementById("sentences")));
  if (isNew) {
    // Back goes to what was shown before.
    history.replaceState({ isShown: true }, "");
    history.pushState({ isShown: true }, "", address);
  }
  const bin = page.querySelector(".dot.chosen")?.dataset.bin;
  for (const dot of document.querySelectorAll(".dot")) dot.classList.toggle("chosen", dot.dataset.bin === bin);
  for (const row of document.querySelectorAll("td [data-bin], th [data-bin]")) {
    if (row.dataset.bin === bin) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
  readout.textContent = page.getElementById("readout").textContent;
  const sentences = document.getElementById("sentences");
  sentences.focus({ preventScroll: true });
  if (sentences.getBoundingClientRect().top > innerHeight * 0.7) sentences.scrollIntoView({ block: "start" });
}

if (plot) {
  plot.addEventListener("keydown", onPlotKey);
  plot.addEventListener("mouseover", (event) => {
    const dot = event.target.closest(".dot");
    if (dot) readout.textContent = dot.dataset.text;
  });
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-bin], a[data-inside]");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  showSentences(link.getAttribute("href"));
});
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "/" && !event.target.closest("input, select, textarea")) {
    event.preventDefault();
    document.querySelector(".find input").focus();
  }
});
addEventListener("popstate", (event) => {
  if (event.state?.isShown) showSentences(location.href, false);
});
