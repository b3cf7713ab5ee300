// A live page: the server writes it, every run renews what has changed in it. Knows no figure by name.

import { writeAges } from "../ages.js";
import { atLeast, set } from "../clock.js";
import { fetchJson, fetchText, send, signInAt } from "../door.js";
import { tellOfHands } from "../presence.js";
import { Rail } from "../rail.js";
import { DeskSocket } from "../socket.js";
import { State } from "../state.js";
import { Status } from "../status.js";
import { Fetched } from "./fetched.js";
import { flash } from "./flash.js";
import { morph } from "./morph.js";
import { Plots } from "./plots.js";
import { Timeline } from "./timeline.js";
import { Why } from "./why.js";

const RENEW_MS = 1_000;
const TICK_MS = 500;
const ENGINE_EVERY_MS = 5_000;
const get = (id) => document.getElementById(id);
const page = JSON.parse(get("page-data").textContent);
const { addresses } = page;
const note = get("now-note");
signInAt(addresses.sign_in);
set(page.now);
const state = new State(page);
const status = new Status({ state, zone: page.zone, engine: page.engine });
const plots = new Plots(document, fetchJson);
const rail = get("rail") && new Rail({ root: get("rail"), note: get("rail-note"), addresses, fetchText, send, onNew: alertsCame });
const fetched = [...document.querySelectorAll(".fetched")].map((root) => new Fetched({ root, fetchText, plots }));
const timelines = [...document.querySelectorAll("[data-plot][data-address]")].map((place) => new Timeline({ place, plots }));
if (get("why")) new Why({ aside: get("why"), fetchText, writeAges });
let timer = null;
let busy = false;

const socket = new DeskSocket({
  address: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${page.socket}`,
  onOpen: askForView, onFrame: hear, onPhase: (phase, words) => status.setPhase(phase, words),
});

function askForView() {
  socket.send({ type: "view", columns: page.columns, window: [0, 1], prices: true });
}

function hear(frame) {
  status.listened();
  if (frame.at) atLeast(frame.at);
  if (frame.type === "resync" || (frame.type === "beat" && state.missed(frame))) askForView();
  if (frame.type === "alert") {
    rail?.soon();
    soon();
  }
  if (frame.type !== "snapshot" && frame.type !== "changed") return;
  const change = frame.type === "snapshot" ? state.snapshot(frame) : state.changed(frame);
  if (change === "gap") askForView();
  if (!change || change === "gap") return;
  status.figures();
  rail?.soon();
  soon();
}

function soon(delay = RENEW_MS) {
  if (!document.hidden) timer ??= setTimeout(renew, delay);
}

async function renew() {
  timer = null;
  if (busy) return soon();
  busy = true;
  try {
    const { address } = get("now").dataset; // none where only fetched parts move
    if (address) take(await fetchText(address + location.search));
    note.hidden = true;
  } catch (error) {
    note.hidden = false;
    note.textContent = `This page could not be read anew (${error.message}). Trying again with the next run.`;
  } finally {
    busy = false;
  }
  for (const part of [...fetched, ...timelines]) part.soon();
}

function take(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html; // written and escaped by our own server
  for (const part of fresh.content.querySelectorAll("[data-into]")) {
    const place = get(part.dataset.into);
    for (const { name } of [...part.attributes]) part.removeAttribute(name);
    for (const { name, value } of place.attributes) part.setAttribute(name, value);
    morph(place, part, flash);
    writeAges(place);
    plots.take(place);
  }
}

function alertsCame(arrived) {
  writeAges(get("rail"));
  if (arrived.length) get("spoken").textContent = arrived.map((item) => item.querySelector("h3").textContent).join(". ");
}

async function readEngine() {
  if (document.hidden) return;
  try {
    const engine = await fetchJson(addresses.state);
    set(engine.now);
    status.engine(engine);
  } catch {
    // the strip's ages go on growing: that says it
  }
}

document.addEventListener("renew", () => soon(0)); // a script of the page has changed something
addEventListener("online", () => socket.hurry());
document.addEventListener("visibilitychange", () => document.hidden || (socket.hurry(), soon(0)));
setInterval(() => {
  if (document.hidden) return;
  writeAges();
  status.tick();
}, TICK_MS);
setInterval(readEngine, ENGINE_EVERY_MS);
tellOfHands(addresses.present);
writeAges();
plots.take(document);
socket.open();
