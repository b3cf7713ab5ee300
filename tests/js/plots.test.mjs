// A chart with an address shows what was asked for last, whichever answer comes first.
import assert from "node:assert/strict";
import test from "node:test";

globalThis.document = { addEventListener() {}, getElementById: () => ({ textContent: "" }) };
globalThis.addEventListener = () => {};
globalThis.ResizeObserver = class { observe() {} };
const { Plots } = await import("../../static/js/live/plots.js");

const node = { dataset: {}, style: {}, getAttribute: () => "words" };
const root = { querySelectorAll: () => [{ dataset: { plot: "past" }, querySelector: () => node }] };

test("of two spans the one chosen last is drawn", async () => {
  const waiting = {};
  const plots = new Plots(root, (address) => new Promise((answer, fail) => (waiting[address] = { answer, fail })));
  const asked = ["day", "hour", "minute"].map((span) => plots.load("past", span));
  waiting.minute.answer({ text: "a minute" });
  waiting.day.answer({ text: "a day" });
  waiting.hour.fail(new Error("too slow"));
  await Promise.all(asked);
  assert.equal(plots.charts.get("past").figure.text, "a minute");
  assert.equal(node.dataset.failed, undefined);
});
