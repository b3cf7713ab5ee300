// A live page: the server writes it, every run renews what has changed in it. Knows no figure by name.

import { writeAges } from "../ages.js";
import { fetchJson, fetchText } from "../door.js";
import { Rail } from "../rail.js";
import { State } from "../state.js";
import { listen, readPage, speakOf } from "../strip.js";
import { Fetched } from "./fetched.js";
import { flash } from "./flash.js";
import { morph } from "./morph.js";
import { Plots } from "./plots.js";
import { Timeline } from "./timeline.js";
import { Why } from "./why.js";

const RENEW_MS = 1_000;
const get = (id) => document.getElementById(id);
const page = readPage();
const { addresses } = page;
const note = get("now-note");
const state = new State(page);
const { socket, status } = listen({ page, state, onOpen: askForView, onFrame: hear, onSeen: () => soon(0) });
const plots = new Plots(document, fetchJson);
const rail = get("rail") && new Rail({ root: get("rail"), note: get("rail-note"), addresses, fetchText, onNew: speakOf });
const fetched = [...document.querySelectorAll(".fetched")].map((root) => new Fetched({ root, fetchText, plots }));
const timelines = [...document.querySelectorAll("[data-plot][data-address]")].map((place) => new Timeline({ place, plots }));
if (get("why")) new Why({ aside: get("why"), fetchText, writeAges });
let timer = null;
let busy = false;

function askForView() {
  socket.send({ type: "view", columns: page.columns, window: [0, 1], prices: true });
}

function hear(frame) {
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

document.addEventListener("renew", () => soon(0)); // a script of the page has changed something
plots.take(document);
socket.open();
