// The calculator's page: form to API to answer. The address carries the account, so that a link shows it again.

import { signInAt } from "../door.js";
import { Answer } from "./answer.js";
import { Form } from "./form.js";
import { PRESETS } from "./presets.js";

const ADDRESS = "/api/v1/calculator/compare/?chart=true";
const SOON_MS = 400;
const get = (id) => document.getElementById(id);
const form = new Form(get("account"));
const answer = new Answer();
let asked = 0;
let timer = null;

signInAt("/accounts/login/");

/** A request as the fragment of an address, and back; null if it is none. */
function packed(request) {
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function unpacked(fragment) {
  try {
    const text = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
    const found = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
    return found && typeof found === "object" && !Array.isArray(found) ? found : null;
  } catch {
    return null;
  }
}

async function calculate() {
  clearTimeout(timer);
  const request = form.read();
  const turn = (asked += 1);
  say("Calculating…");
  history.replaceState(null, "", `#${packed(request)}`);
  get("json").value = JSON.stringify(request, null, 1);
  try {
    const found = await post(request);
    if (turn !== asked) return;
    if (found.errors) return refuse(found);
    refuse({ errors: [] });
    answer.show(found);
    say("");
  } catch (error) {
    if (turn !== asked) return;
    stale(true);
    say(`No answer: ${error.message}`);
  }
}

/** The answer, or the problem with its errors. */
async function post(request) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const reply = await fetch(ADDRESS, {
    method: "POST", credentials: "same-origin", body: JSON.stringify(request),
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
  });
  if (reply.status === 401) location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname + location.hash)}`);
  const found = await reply.json();
  return reply.ok ? found : { errors: found.errors?.length ? found.errors : [{ field: "", message: found.detail }] };
}

/** What still stands there was asked by other input: it must not be read as the answer to this one. */
function stale(is) {
  for (const panel of [get("answer"), get("chart-panel")]) panel.toggleAttribute("data-stale", is);
  get("not-of-this").hidden = !is || get("answer").hidden;
}

function refuse({ errors }) {
  stale(errors.length > 0);
  const rest = form.blame(errors);
  get("errors").replaceChildren(...rest.map(({ field, message }) =>
    Object.assign(document.createElement("li"), { textContent: field ? `${field}: ${message}` : message })));
  if (errors.length) say(errors.length === 1 ? "One thing is wrong." : `${errors.length} things are wrong.`);
}

function say(words) {
  get("state").textContent = words;
}

function open(request) {
  form.write(request);
  calculate();
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(calculate, SOON_MS);
}

get("account").addEventListener("submit", (event) => {
  event.preventDefault();
  calculate();
});
get("account").addEventListener("change", soon);
get("json").addEventListener("change", (event) => event.stopPropagation());
get("read-json").addEventListener("click", () => {
  try {
    const request = JSON.parse(get("json").value);
    if (!request || typeof request !== "object" || Array.isArray(request)) throw new SyntaxError("an object is expected");
    open(request);
  } catch (error) {
    get("errors").replaceChildren(Object.assign(document.createElement("li"), { textContent: `This is not JSON: ${error.message}` }));
  }
});
for (const button of document.querySelectorAll("[data-preset]")) {
  button.addEventListener("click", () => open(structuredClone(PRESETS[button.dataset.preset])));
}
addEventListener("hashchange", () => {
  const request = unpacked(location.hash.slice(1));
  if (request) open(request);
});
open(unpacked(location.hash.slice(1)) ?? structuredClone(PRESETS.hybrid));
