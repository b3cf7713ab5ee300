// A chart through time: read from its address, again now and then, and at once when another span is chosen.

const EVERY_MS = { "15m": 5_000, "1h": 15_000, "6h": 60_000, "24h": 120_000 };

export class Timeline {
  constructor({ place, plots }) {
    Object.assign(this, { name: place.dataset.plot, address: place.dataset.address, plots });
    this.choice = place.closest(".panel").querySelector('[data-choice="span"]');
    this.loadedAt = -Infinity;
    this.choice?.addEventListener("click", (event) => this.choose(event.target.closest("button")));
    this.soon();
  }

  get span() {
    return this.choice?.querySelector('[aria-pressed="true"]')?.value ?? "1h";
  }

  choose(button) {
    if (!button) return;
    for (const each of this.choice.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each === button));
    const kept = new URLSearchParams(location.search);
    kept.set("span", button.value);
    history.replaceState(null, "", `${location.pathname}?${kept}`);
    this.load();
  }

  soon() {
    if (performance.now() - this.loadedAt > (EVERY_MS[this.span] ?? 15_000)) this.load();
  }

  load() {
    this.loadedAt = performance.now();
    this.plots.load(this.name, `${this.address}?span=${this.span}`);
  }
}
