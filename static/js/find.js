// The box in the top bar: Ctrl-K (or /) goes to it, rows appear as one types, arrows choose, Enter opens. Without
// scripts it is a form that leads to a page of the same rows.

import { fetchText } from "./door.js";
import { typing } from "./typing.js";

const AFTER_MS = 160;
const box = document.querySelector("[data-find]");
const list = box?.querySelector("ul");
const input = box?.querySelector("input");
let timer = null;
let turn = 0;

function close() {
  list.hidden = true;
}

async function look() {
  const typed = input.value.trim();
  const own = (turn += 1);
  if (!typed) return close();
  try {
    const html = await fetchText(`${box.dataset.rows}?q=${encodeURIComponent(typed)}`);
    if (own !== turn) return;
    list.innerHTML = html; // written and escaped by our own server
  } catch (error) {
    if (own !== turn) return;
    list.replaceChildren(Object.assign(document.createElement("li"), { className: "none", textContent: `Not found out: ${error.message}.` }));
  }
  list.hidden = false;
}

function move(by) {
  const links = [...list.querySelectorAll("a")];
  if (!links.length) return;
  const here = links.indexOf(document.activeElement);
  if (here + by < 0) input.focus();
  else links[Math.min(here + by, links.length - 1)].focus();
}

if (box) {
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, AFTER_MS);
  });
  input.addEventListener("focus", () => input.value && list.childElementCount && (list.hidden = false));
  box.addEventListener("focusout", (event) => box.contains(event.relatedTarget) || close());
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") {
      close();
      input.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("keydown", (event) => {
    const asked = (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing(event.target));
    if (!asked) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}
