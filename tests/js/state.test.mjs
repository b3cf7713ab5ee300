// What the page holds follows the frames, and notices what it missed.
import assert from "node:assert/strict";
import test from "node:test";

import { State } from "../../static/js/state.js";

const snapshot = (seq = 5) => ({
  type: "snapshot", shards: { 1: { seq, run: "r", at: "2026-03-02T12:00:00Z" } }, columns: ["account", "level", "distance", "utilisation"],
  rows: [["A", "normal", "0.2", "0.5"], ["B", "danger", "0.01", "0.9"]], total: 2, kpi: { equity: "1" }, alerts: [], prices: {},
});
const changed = (since, seq, rows = {}, removed = []) => ({ shard: 1, since, seq, run: "s", at: "2026-03-02T12:00:01Z", rows, removed, total: 2, kpi: {} });

function held(seq) {
  const state = new State();
  state.snapshot(snapshot(seq));
  return state;
}

test("a run's differences are laid over what is held", () => {
  const state = held();
  const { changed: touched } = state.changed(changed(5, 6, { A: { distance: "0.1" } }));
  assert.deepEqual([...touched.keys()], ["A"]);
  assert.deepEqual(state.rows.get("A"), { account: "A", level: "normal", distance: "0.1", utilisation: "0.5" });
});

test("an old frame is dropped", () => assert.equal(held().changed(changed(3, 5)), null));
test("an overlap is applied", () => assert.notEqual(held().changed(changed(4, 6)), "gap"));
test("a frame that starts beyond what is held is a gap", () => assert.equal(held().changed(changed(6, 7)), "gap"));
test("a beat that names a newer run is a gap", () => {
  assert.equal(held().missed({ seqs: { 1: 6 } }), true);
  assert.equal(held().missed({ seqs: { 1: 5 } }), false);
});

test("an account that left the view is gone", () => {
  const state = held();
  state.changed(changed(5, 6, {}, ["A"]));
  assert.deepEqual([...state.rows.keys()], ["B"]);
});

test("what breaks a rule now or is about to comes before what may, each by distance", () => {
  const state = new State();
  const columns = ["account", "level", "distance", "utilisation", "cap_state"];
  const rows = [["NEAR", "normal", null, "0", "near"], ["CLOSE", "danger", "0.01", "0.9", "within"], ["OVER", "normal", null, "0", "over"], ["BARE", "normal", "0.5", "0", "missing"], ["CALLED", "margin_call", "0.02", "1.1", "within"]];
  state.snapshot({ ...snapshot(), columns, rows });
  assert.deepEqual(state.inOrder().map(({ account }) => account), ["CLOSE", "CALLED", "BARE", "OVER", "NEAR"]);
});

test("nearest trouble comes first: liquidations, the unknown, danger, then by distance, without any last", () => {
  const state = new State();
  state.snapshot({ ...snapshot(), rows: [["N", "normal", null, "0"], ["D", "danger", "0.01", "0.9"], ["U", "unknown", null, null], ["L", "liquidation", "0", "1.2"], ["W", "watch", "0.005", "0.6"]] });
  assert.deepEqual(state.inOrder().map(({ account }) => account), ["L", "U", "D", "W", "N"]);
});
