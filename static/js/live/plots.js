// The charts of a live page by name: a figure comes with the moving part of the page, or from an address of its own.

import { Chart } from "../chart.js";

export class Plots {
  constructor(root, fetchJson) {
    this.fetchJson = fetchJson;
    this.charts = new Map();
    this.shown = new Map();
    for (const place of root.querySelectorAll("[data-plot]")) {
      this.charts.set(place.dataset.plot, new Chart(place.querySelector(".plot"), fetchJson));
    }
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
    chart.show(figure);
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
