"use strict";
// Comforts only: every page says and does the same without this file.

// A choice in the filter bar holds at once for whoever points; with a keyboard a choice is passed on the way to another.
let pointed = false;
addEventListener("pointerdown", () => { pointed = true; }, true);
addEventListener("keydown", () => { pointed = false; }, true);
addEventListener("change", ({ target }) => {
  const waits = target.value === "custom" || target.name === "add_dimension";
  if (pointed && !waits && target.matches(".filters select")) target.form.requestSubmit();
});

// What was opened stays open when the page comes again, as with other filters.
const opened = (details) => `open ${location.pathname} ${details.querySelector("summary")?.textContent.trim()}`;
const restore = () => document.querySelectorAll("main details").forEach((details) => {
  if (sessionStorage.getItem(opened(details))) details.open = true;
});
addEventListener("toggle", ({ target }) => {
  if (!target.matches("main details")) return;
  if (target.open) sessionStorage.setItem(opened(target), "1"); else sessionStorage.removeItem(opened(target));
}, true);

// A report that is being computed: the page asks again, and only what it says changes; nobody loses the place.
const waiting = () => document.querySelector("[data-computing]");
const ask = async () => {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (answer.redirected || !answer.ok) return location.reload();
  const main = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  if (!main) return location.reload();
  document.querySelector("main").replaceChildren(...main.childNodes);
  restore();
  return again();
};
const again = () => { if (waiting()) setTimeout(() => ask().catch(again), 3000); };

restore();
if (waiting()) addEventListener("load", () => { stop(); again(); });
