// The stress lab: each choice asks the book anew, the address keeps the scenario, the cascade can be played back.
// Without scripts the form asks by its button.

import { fetchText } from "./door.js";

const AFTER_MS = 250;
const PLAY_MS = 1_100;
const PATIENCE_MS = 300_000; // a large book takes its time
const form = document.getElementById("shock");
const result = document.getElementById("result");
let timer = null;
let turn = 0;

function query() {
  const asked = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value !== "" && !(name.startsWith("f.") && value === "0")) asked.append(name, value);
  }
  return `?${asked}`;
}

function writeSliders() {
  for (const slider of form.querySelectorAll("[type=range]")) {
    const told = slider.parentElement.querySelector("output");
    told.value = `${slider.value.replace("-", "−")} %`;
    told.classList.toggle("moved", slider.value !== "0");
  }
}

async function ask() {
  const own = (turn += 1);
  const asked = query();
  history.replaceState(null, "", location.pathname + asked);
  result.setAttribute("aria-busy", "true");
  try {
    const html = await fetchText(result.dataset.address + asked, PATIENCE_MS);
    if (own === turn) result.innerHTML = html; // written and escaped by our own server
  } catch (error) {
    if (own !== turn) return;
    const note = Object.assign(document.createElement("p"), { className: "note", textContent: `The book could not be asked: ${error.message}. Choose again to try again.` });
    note.dataset.severity = "warning";
    result.replaceChildren(note);
  } finally {
    if (own === turn) result.removeAttribute("aria-busy");
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(ask, AFTER_MS);
}

/** Round after round, from the first; again shows all of them at once. */
function play(button) {
  const rounds = [...result.querySelectorAll("[data-round]")];
  const quick = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const round of rounds.slice(1)) round.hidden = !quick;
  button.disabled = !quick;
  let next = 1;
  const step = () => {
    if (next >= rounds.length || !button.isConnected) return void (button.disabled = false);
    rounds[next].hidden = false;
    next += 1;
    setTimeout(step, PLAY_MS);
  };
  if (!quick) setTimeout(step, PLAY_MS);
}

form.addEventListener("input", (event) => {
  writeSliders();
  if (event.target.matches("[type=range], [type=text]")) soon();
});
form.addEventListener("change", (event) => {
  if (!event.target.matches("[type=range]")) soon();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(timer);
  ask();
});
// On a phone what is seldom touched is folded, and a chosen preset leads to its result.
const narrow = matchMedia("(max-width: 860px)");
if (narrow.matches) for (const part of form.querySelectorAll(".part")) part.open = false;
form.addEventListener("change", (event) => {
  if (narrow.matches && event.target.name === "preset") result.scrollIntoView({ block: "start" });
});
result.addEventListener("click", (event) => {
  const button = event.target.closest("[data-play]");
  if (button) play(button);
});
writeSliders();
