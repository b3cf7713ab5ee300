// The first page: wires state, socket and the parts that show them. No logic of its own beyond who hears what.

import { writeAges } from "./ages.js";
import { findCharts } from "./chart.js";
import { text } from "./cells.js";
import { atLeast, set } from "./clock.js";
import { Drawer } from "./drawer.js";
import { fetchJson, fetchText, send, signInAt } from "./door.js";
import { Figures } from "./figures.js";
import { Grid } from "./grid.js";
import { listenToKeys } from "./keys.js";
import { tellOfHands } from "./presence.js";
import { Rail } from "./rail.js";
import { DeskSocket } from "./socket.js";
import { State } from "./state.js";
import { Status } from "./status.js";

const VIEW_WINDOW = [0, 2000];
const TICK_MS = 500;
const ENGINE_EVERY_MS = 5_000;

const get = (id) => document.getElementById(id);
const page = JSON.parse(get("page-data").textContent);
const { addresses } = page;
signInAt(addresses.sign_in);
set(page.now);

let caughtUp = false;
const state = new State(page);
const status = new Status({ state, zone: page.zone, engine: page.engine });
const figures = new Figures(document.querySelector(".figures"));
const grid = new Grid({
  body: get("rows"), scroller: get("scroller"), template: get("row-template"),
  onOpen: (account) => drawer.toggle(account), onHold: showHeld,
});
const drawer = new Drawer({ grid, address: addresses.account, fetchText });
const rail = new Rail({ root: get("rail"), note: get("rail-note"), addresses, fetchText, send, onNew: alertsCame });
const charts = findCharts(fetchJson);

const socket = new DeskSocket({
  address: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${page.socket}`,
  onOpen: askForView, onFrame: hear, onPhase: phaseChanged,
});

function askForView() {
  socket.send({ type: "view", columns: page.columns, filters: page.filters, window: VIEW_WINDOW, prices: true, charts: true });
}

const HEARD = {
  snapshot(frame) {
    atLeast(frame.at);
    const alerts = alertMarks();
    showRun(state.snapshot(frame));
    if (alertMarks() !== alerts) rail.soon();
    if (caughtUp) for (const chart of charts.values()) chart.load(); // points of the gap are not in the snapshot
    caughtUp = true;
  },
  changed(frame) {
    atLeast(frame.at);
    const change = state.changed(frame);
    if (change === "gap") askForView();
    else if (change) showRun(change);
  },
  alert() {
    rail.soon();
  },
  chart({ chart, point }) {
    charts.get(chart)?.add(point);
  },
  beat(frame) {
    atLeast(frame.at);
    if (state.missed(frame)) askForView();
  },
  resync: askForView,
};

function hear(frame) {
  status.listened();
  HEARD[frame.type]?.(frame);
}

function alertMarks() {
  return JSON.stringify([...state.alerts.values()].map(({ id, state: mark }) => [id, mark]));
}

function showRun(change) {
  grid.update(state, change);
  figures.show(state.kpi);
  showCaps(state.kpi.caps ?? {});
  status.figures();
  get("list-count").textContent = state.total.toLocaleString("en");
  get("grid").setAttribute("aria-rowcount", String(state.total));
  drawer.renew();
}

function showCaps(counts) {
  for (const node of document.querySelectorAll("[data-caps]")) {
    text(node, String(node.dataset.caps.split(" ").reduce((sum, name) => sum + (counts[name] ?? 0), 0)));
  }
}

function phaseChanged(phase, words, closing) {
  status.setPhase(phase, words);
  if (closing?.signIn) confirmTheEnd();
}

/** The socket says that the session has ended. Asking once more leads to the sign-in page if the server agrees;
 *  if it does not, the two would send us in a circle: stay, and say what the strip says. */
async function confirmTheEnd() {
  await fetchJson(addresses.state).catch(() => {});
}

function alertsCame(arrived, waiting) {
  figures.showWaiting(waiting);
  writeAges(get("rail"));
  if (arrived.length) get("spoken").textContent = arrived.map((item) => item.querySelector("h3").textContent).join(". ");
}

function showHeld(moved) {
  const held = get("order-held");
  held.hidden = moved === 0;
  held.textContent = `Order held · ${moved} would move`;
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

get("rail").addEventListener("click", (event) => {
  const account = event.target.closest("[data-show]")?.dataset.show;
  if (!account) return;
  if (!grid.show(account)) location.assign(`/accounts/${encodeURIComponent(account)}/`); // not among those let through
  else if (drawer.account !== account) drawer.toggle(account);
});
listenToKeys({ grid, drawer });
tellOfHands(addresses.present);
addEventListener("online", () => socket.hurry());
document.addEventListener("visibilitychange", () => document.hidden || socket.hurry());

setInterval(() => {
  if (document.hidden) return;
  writeAges();
  status.tick();
}, TICK_MS);
setInterval(readEngine, ENGINE_EVERY_MS);
writeAges();
socket.open();
