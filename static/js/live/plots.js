// The charts of a live page by name. A figure comes with the moving part of the page, or from an address of its own;
// how one is drawn is chart.js's business alone.

import { Chart } from "../chart.js";

export class Plots {
  constructor(root, fetchJson) {
    this.fetchJson = fetchJson;
    this.charts = new Map();
    this.shown = new Map();
    for (const place of root.querySelectorAll("[data-plot]")) {
      const [node, text] = [place.querySelector(".plot"), place.querySelector("figcaption")];
      this.charts.set(place.dataset.plot, new Chart({ node, text, address: "", fetchJson }));
    }
    if (!globalThis.Plotly) addEventListener("load", () => this.charts.forEach((chart) => chart.soon()), { once: true });
  }

  /** Draw every figure that lies in `part` and has changed. */
  take(part) {
    for (const place of part.querySelectorAll("[data-figure-of]")) {
      const [name, written] = [place.dataset.figureOf, place.textContent];
      if (this.shown.get(name) === written) continue;
      this.shown.set(name, written);
      this.show(name, JSON.parse(written));
    }
  }

  show(name, figure) {
    const chart = this.charts.get(name);
    if (!chart) return;
    if (figure.height) chart.node.style.height = `${figure.height}px`;
    chart.text.textContent = figure.text;
    delete chart.node.dataset.failed;
    chart.figure = figure;
    chart.soon();
  }

  async load(name, address) {
    try {
      this.show(name, await this.fetchJson(address));
    } catch (error) {
      const chart = this.charts.get(name);
      chart.text.textContent = `The chart could not be read: ${error.message}.`;
      chart.node.dataset.failed = chart.text.textContent;
    }
  }
}
