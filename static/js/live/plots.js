// The charts of a live page by name: a figure comes with the moving part of the page, or from an address of its own.

import { Chart } from "../chart.js";

export class Plots {
  constructor(root, fetchJson) {
    this.fetchJson = fetchJson;
    this.charts = new Map();
    this.shown = new Map();
    this.turns = new Map();
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

  /** Of two answers the one asked for last counts, whichever comes first. */
  async load(name, address) {
    const turn = (this.turns.get(name) ?? 0) + 1;
    this.turns.set(name, turn);
    try {
      const figure = await this.fetchJson(address);
      if (turn === this.turns.get(name)) this.show(name, figure);
    } catch (error) {
      if (turn !== this.turns.get(name)) return;
      const chart = this.charts.get(name);
      chart.text.textContent = `The chart could not be read: ${error.message}.`;
      chart.node.dataset.failed = chart.text.textContent;
    }
  }
}
