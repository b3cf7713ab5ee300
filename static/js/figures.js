// The key figures: the desk's sums as the newest run has them.

import { bar, FULL_SCALE, text } from "./cells.js";
import { leverage, percent, share, wholeDown, wholeUp } from "./format.js";

export class Figures {
  constructor(root) {
    this.nodes = new Map();
    for (const node of root.querySelectorAll("[data-figure]")) {
      const name = node.dataset.figure;
      this.nodes.set(name, [...(this.nodes.get(name) ?? []), node]);
    }
    this.levels = root.querySelector("#levels");
    this.stack = root.querySelector("#stack");
    this.critical = root.querySelector("#critical");
  }

  show(kpi) {
    if (!kpi || kpi.equity == null) return;
    this.write("currency", kpi.currency);
    this.write("clients", String(kpi.clients));
    this.write("accounts", String(kpi.accounts));
    this.write("equity", wholeDown(kpi.equity));
    this.write("requirement", wholeUp(kpi.house_maintenance));
    this.write("initial", wholeUp(kpi.initial));
    this.write("utilisation", percent(kpi.utilisation));
    this.write("leverage", leverage(kpi.leverage));
    this.write("gross", wholeUp(kpi.gross));
    this.write("net", wholeUp(kpi.net));
    for (const node of this.nodes.get("use") ?? []) bar(node, share(kpi.utilisation, 0, FULL_SCALE));
    this.showLevels(kpi.levels);
  }

  showLevels(counts) {
    for (const item of this.levels.children) {
      const count = counts[item.dataset.level] ?? 0;
      text(item.querySelector("[data-count]"), String(count));
      item.classList.toggle("none", count === 0);
    }
    for (const part of this.stack.children) part.style.flexGrow = String(counts[part.dataset.level] ?? 0);
  }

  /** What waits for a person, all of it as the alert list counts it: the one place that knows. */
  showWaiting({ openAlerts, critical, breaches }) {
    this.write("open_alerts", openAlerts);
    this.write("alerts_word", openAlerts === "1" ? "alert" : "alerts");
    this.write("critical", critical);
    this.critical.classList.toggle("none", critical === "0");
    this.write("breaches", breaches);
    this.write("breaches_word", breaches === "1" ? "breach" : "breaches");
  }

  write(name, words) {
    for (const node of this.nodes.get(name) ?? []) text(node, words);
  }
}
