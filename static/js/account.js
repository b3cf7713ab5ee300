// One account: the server writes the page, each run renews what has changed in it. Knows no figure by name.

import { writeAges } from "./ages.js";
import { atLeast, set } from "./clock.js";
import { fetchText, signInAt } from "./door.js";
import { DeskSocket } from "./socket.js";
import { State } from "./state.js";
import { Status } from "./status.js";

const RENEW_MS = 1_000;
const TICK_MS = 500;
const page = JSON.parse(document.getElementById("page-data").textContent);
const now = document.getElementById("now");
const note = document.getElementById("now-note");
signInAt(page.addresses.sign_in);
set(page.now);
const state = new State(page);
const status = new Status({ state, zone: page.zone, engine: page.engine });
let timer = null;

/** Panels are replaced one by one, and only those whose text differs: focus and selection stay. */
function swap(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html; // written and escaped by our own server
  writeAges(fresh.content);
  const held = new Map([...now.children].map((panel) => [panel.dataset.panel, panel]));
  const focused = document.activeElement?.getAttribute("href");
  const panels = [...fresh.content.children].map((panel) => {
    const old = held.get(panel.dataset.panel);
    return old?.isEqualNode(panel) ? old : panel;
  });
  const inside = now.contains(document.activeElement);
  now.replaceChildren(...panels);
  if (inside && focused) now.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

async function renew() {
  timer = null;
  try {
    swap(await fetchText(now.dataset.address + location.search));
    note.hidden = true;
  } catch (error) {
    note.hidden = false;
    note.textContent = `This account could not be read anew (${error.message}). Trying again with the next run.`;
  }
}

function soon(delay = RENEW_MS) {
  if (!document.hidden) timer ??= setTimeout(renew, delay);
}

const socket = new DeskSocket({
  address: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${page.socket}`,
  onOpen: askForView,
  onPhase: (phase, words) => status.setPhase(phase, words),
  onFrame: hear,
});

function askForView() {
  socket.send({ type: "view", columns: page.columns, window: [0, 1], prices: true });
}

function hear(frame) {
  status.listened();
  if (frame.at) atLeast(frame.at);
  if (frame.type === "resync") askForView();
  if (frame.type === "beat" && state.missed(frame)) askForView();
  if (frame.type === "snapshot") state.snapshot(frame);
  if (frame.type === "changed" && state.changed(frame) === "gap") askForView();
  if (frame.type !== "snapshot" && frame.type !== "changed") return;
  status.figures();
  soon();
}

now.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="?"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.getAttribute("href") === "?" ? location.pathname : link.href);
  clearTimeout(timer);
  renew();
});
addEventListener("popstate", () => soon(0));
addEventListener("online", () => socket.hurry());
document.addEventListener("visibilitychange", () => document.hidden || (socket.hurry(), soon(0)));
setInterval(() => {
  if (document.hidden) return;
  writeAges();
  status.tick();
}, TICK_MS);
writeAges();
socket.open();
