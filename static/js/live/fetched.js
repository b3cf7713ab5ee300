// A part of the page that costs more to make: fetched when it comes into sight, then at most every ten seconds while
// it is seen. Choices inside it (`input` with a name) go along and into the address.

import { morph } from "./morph.js";

const EVERY_MS = 10_000;

export class Fetched {
  constructor({ root, fetchText, plots }) {
    Object.assign(this, { root, fetchText, plots });
    this.fetchedAt = -Infinity;
    this.seen = false;
    this.turn = 0;
    new IntersectionObserver(([entry]) => {
      this.seen = entry.isIntersecting;
      this.soon();
    }, { rootMargin: "200px" }).observe(root);
    root.addEventListener("change", () => this.chosen());
  }

  soon() {
    if (this.seen && !document.hidden && performance.now() - this.fetchedAt > EVERY_MS) this.renew();
  }

  chosen() {
    const kept = new URLSearchParams(location.search);
    const boxes = [...this.root.querySelectorAll("input[name]")];
    for (const { name } of boxes) kept.delete(name);
    for (const { name, value, checked } of boxes) if (checked) kept.append(name, value);
    history.replaceState(null, "", `${location.pathname}${kept.size ? `?${kept}` : ""}`);
    this.renew();
  }

  async renew() {
    this.fetchedAt = performance.now();
    const turn = (this.turn += 1);
    const fresh = this.root.cloneNode(false);
    try {
      fresh.innerHTML = await this.fetchText(this.root.dataset.address + location.search); // our own server's
    } catch (error) {
      fresh.append(Object.assign(document.createElement("p"), { className: "empty", textContent: `This part could not be read: ${error.message}. It is tried again with a later run.` }));
    }
    if (turn !== this.turn) return;
    morph(this.root, fresh);
    this.plots.take(this.root);
  }
}
