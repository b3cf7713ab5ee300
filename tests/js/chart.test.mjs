// A chart draws whatever figure it is given, and lets points in as the figure says.
import assert from "node:assert/strict";
import test from "node:test";

const drawn = [];
globalThis.document = { hidden: false, addEventListener() {}, getElementById: () => text, querySelectorAll: () => [node] };
globalThis.addEventListener = () => {};
globalThis.ResizeObserver = class { observe() {} };
globalThis.getComputedStyle = () => ({});
globalThis.Plotly = { react: (_, data, layout) => drawn.push({ data, layout }) };
const text = { textContent: "" };
const node = { clientWidth: 10, dataset: { chart: "weather", figure: "/weather/" }, getAttribute: () => "weather-text" };
const { Chart, findCharts } = await import("../../static/js/chart.js");

const instant = (second) => `2026-03-02T12:00:${String(second).padStart(2, "0")}.000`;
const point = (second, rain, wind) => ({ when: `${instant(second)}000+00:00`, rain, wind });
const figure = () => ({
  data: [{ type: "scatter", name: "Rain", x: [instant(0)], y: [1] }, { type: "bar", name: "Wind", x: [instant(0)], y: [5] }],
  layout: { xaxis: { range: [instant(0), instant(0)] } }, text: "It rains.",
  live: { x: "when", y: ["rain", "wind"], least_seconds: 5, most_seconds: 20 },
});

function showing(given = figure()) {
  const chart = new Chart({ ...node, dataset: {} });
  chart.soon = () => {};
  chart.show(given);
  return chart;
}

test("a figure is drawn as it came, and its words stand beside it", () => {
  const chart = showing({ ...figure(), data: [{ type: "pie", values: [1, 2] }] });
  chart.draw();
  assert.deepEqual(drawn.at(-1).data, [{ type: "pie", values: [1, 2] }]);
  assert.equal(text.textContent, "It rains.");
});

test("a point goes to every trace by the field the figure names", () => {
  const chart = showing();
  chart.add(point(7, "2.5", null));
  const [rain, wind] = chart.figure.data;
  assert.deepEqual([rain.x, rain.y], [[instant(0), instant(7)], [1, 2.5]]);
  assert.deepEqual([wind.x, wind.y], [rain.x, [5, null]]);
  assert.deepEqual(chart.figure.layout.xaxis.range, [instant(0), instant(7)]);
});

test("a point no newer than the last is dropped", () => {
  const chart = showing();
  chart.add(point(0, "9", "9"));
  assert.deepEqual(chart.figure.data[0].y, [1]);
});

test("what has left the window goes, and a short stretch is shown no wider than the least", () => {
  const chart = showing();
  chart.add(point(30, "2", "2"));
  assert.deepEqual(chart.figure.data.map(({ y }) => y), [[2], [2]]);
  assert.deepEqual(chart.figure.layout.xaxis.range, [instant(25), instant(30)]);
});

test("a figure that does not move takes no points", () => {
  const { live: _, ...still } = figure();
  const chart = showing(still);
  chart.add(point(7, "2", "2"));
  assert.deepEqual(chart.figure.data[0].y, [1]);
});

test("a ground is drawn anew between its lines, and not where one of them is unknown", () => {
  const lines = [{ name: "Low", x: [instant(0), instant(1)], y: [1, 2] }, { name: "High", x: [instant(0), instant(1)], y: [5, 6] }];
  const live = { x: "when", y: [null, "rain", "wind"], ground: { trace: 0, low: 1, high: 2 }, least_seconds: 5, most_seconds: 20 };
  const chart = showing({ ...figure(), data: [{ name: "Ground", x: [], y: [] }, ...lines], live });
  chart.add(point(2, null, null));
  chart.add(point(3, "3", "7"));
  const [ground, low] = chart.figure.data;
  assert.deepEqual(low.y, [1, 2, null, 3]);
  assert.deepEqual(ground.x, [instant(0), instant(1), instant(1), instant(1), instant(1), instant(0), null, instant(3), instant(3)]);
  assert.deepEqual(ground.y, [5, 5, 6, 2, 1, 1, null, 7, 3]);
});

test("a page finds its charts by name and fetches each from its address", async () => {
  const asked = [];
  const charts = findCharts(async (address) => (asked.push(address), figure()));
  await new Promise((done) => setTimeout(done, 0));
  assert.deepEqual([[...charts.keys()], asked], [["weather"], ["/weather/"]]);
  charts.get("weather").add(point(3, "4", "4"));
  assert.deepEqual(charts.get("weather").figure.data[0].y, [1, 4]);
});
