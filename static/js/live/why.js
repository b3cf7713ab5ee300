// Why this number: a link `?why=FIGURE` opens the working beside the page. It stays the run's it was asked of; the
// address carries it, and without scripts the same link opens the page with it.

export class Why {
  constructor({ aside, fetchText, writeAges }) {
    Object.assign(this, { aside, fetchText, writeAges });
    this.from = null;
    this.turn = 0;
    document.addEventListener("click", (event) => this.clicked(event));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !aside.hidden) this.go("");
    });
    addEventListener("popstate", () => this.open());
  }

  clicked(event) {
    if (event.target.closest("[data-why-copy]")) return this.copy();
    const link = event.target.closest('a[href^="?"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const search = link.getAttribute("href");
    if (search !== "?" && !search.startsWith("?why=")) return;
    event.preventDefault();
    if (!this.aside.contains(link)) this.from = link;
    this.go(search);
  }

  /** What else the address says stays in it. */
  go(search) {
    const [kept, asked] = [new URLSearchParams(location.search), new URLSearchParams(search)];
    for (const name of ["why", "ref", "minutes"]) {
      kept.delete(name);
      if (asked.has(name)) kept.set(name, asked.get(name));
    }
    history.pushState(null, "", `${location.pathname}${kept.size ? `?${kept}` : ""}`);
    this.open();
  }

  async open() {
    const asked = new URLSearchParams(location.search);
    const figure = asked.get("why");
    const turn = (this.turn += 1);
    if (!figure) return this.close();
    const wanted = new URLSearchParams({ figure });
    for (const name of ["ref", "minutes"]) if (asked.has(name)) wanted.set(name, asked.get(name));
    try {
      const html = await this.fetchText(`${this.aside.dataset.address}?${wanted}`);
      if (turn !== this.turn) return;
      this.aside.innerHTML = html; // written and escaped by our own server
    } catch (error) {
      if (turn !== this.turn) return;
      this.aside.innerHTML = '<header class="why-head"><div><h2 id="why-title">Why this number</h2></div><div class="end"><a href="?" class="button small quiet">Close</a></div></header>';
      this.aside.append(Object.assign(document.createElement("p"), { className: "note", textContent: `The working could not be read: ${error.message}.` }));
    }
    const fresh = this.aside.hidden;
    this.aside.hidden = false;
    this.writeAges(this.aside);
    if (fresh || !this.aside.contains(document.activeElement)) this.aside.focus({ preventScroll: true });
  }

  close() {
    const inside = this.aside.contains(document.activeElement) || document.activeElement === document.body;
    this.aside.hidden = true;
    if (inside && this.from?.isConnected) this.from.focus({ preventScroll: true });
  }

  async copy() {
    const button = this.aside.querySelector("[data-why-copy]");
    const words = this.aside.innerText.replace(/\n{3,}/g, "\n\n");
    try {
      await navigator.clipboard.writeText(words);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed by the browser";
    }
  }
}
