// The first page: wires state, socket and the parts that show them. No logic of its own beyond who hears what.

import { findCharts } from "./chart.js";
import { text } from "./cells.js";
import { Drawer } from "./drawer.js";
import { fetchJson, fetchText } from "./door.js";
import { Figures } from "./figures.js";
import { Grid } from "./grid.js";
import { listenToKeys } from "./keys.js";
import { Rail } from "./rail.js";
import { State } from "./state.js";
import { listen, readPage, speakOf } from "./strip.js";

const VIEW_WINDOW = [0, 2000];

const get = (id) => document.getElementById(id);
const page = readPage();
const { addresses } = page;

let caughtUp = false;
const state = new State(page);
const { socket, status } = listen({ page, state, onOpen: askForView, onFrame: (frame) => HEARD[frame.type]?.(frame) });
const figures = new Figures(document.querySelector(".figures"));
const grid = new Grid({
  body: get("rows"), template: get("row-template"),
  onOpen: (account) => drawer.toggle(account), onHold: showHeld,
});
const drawer = new Drawer({ grid, address: addresses.account, fetchText });
const rail = new Rail({ root: get("rail"), note: get("rail-note"), addresses, fetchText, onNew: alertsCame });
const charts = findCharts(fetchJson);

function askForView() {
  socket.send({ type: "view", columns: page.columns, filters: page.filters, window: VIEW_WINDOW, prices: true, charts: true });
}

const HEARD = {
  snapshot(frame) {
    const alerts = alertMarks();
    showRun(state.snapshot(frame));
    if (alertMarks() !== alerts) rail.soon();
    if (caughtUp) for (const chart of charts.values()) chart.load(); // points of the gap are not in the snapshot
    caughtUp = true;
  },
  changed(frame) {
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
    if (state.missed(frame)) askForView();
  },
  resync: askForView,
};

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

function alertsCame(arrived, waiting) {
  figures.showWaiting(waiting);
  speakOf(arrived);
}

function showHeld(moved) {
  const held = get("order-held");
  held.hidden = moved === 0;
  held.textContent = `Order held · ${moved} would move`;
}

get("rail").addEventListener("click", (event) => {
  const account = event.target.closest("[data-show]")?.dataset.show;
  if (!account) return;
  if (!grid.show(account)) location.assign(`/accounts/${encodeURIComponent(account)}/`); // not among those let through
  else if (drawer.account !== account) drawer.toggle(account);
});
listenToKeys({ grid, drawer });
socket.open();
