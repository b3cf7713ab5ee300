// The drawer under a row: what stands behind it. Fetched as the server writes it, renewed while it is open.

const RENEW_MS = 1_000;

export class Drawer {
  constructor({ grid, address, fetchText }) {
    Object.assign(this, { grid, address, fetchText });
    this.account = null;
    this.fetched = 0;
    this.busy = false;
  }

  toggle(account) {
    const same = this.account === account;
    this.close();
    if (!same) this.open(account);
  }

  open(account) {
    const row = this.grid.parts.get(account)?.row;
    if (!row) return;
    const under = document.createElement("tr");
    under.className = "under-row";
    under.setAttribute("role", "row");
    under.setAttribute("aria-level", "2");
    const cell = document.createElement("td");
    cell.setAttribute("role", "gridcell");
    cell.colSpan = [...row.children].filter((each) => each.offsetWidth > 0).length;
    cell.append(Object.assign(document.createElement("p"), { className: "loading", textContent: "Reading the positions…" }));
    under.append(cell);
    row.after(under);
    row.setAttribute("aria-expanded", "true");
    Object.assign(this, { account, row, under, cell });
    this.fetched = 0;
    this.renew();
  }

  close() {
    if (!this.account) return;
    this.row.setAttribute("aria-expanded", "false");
    this.under.remove();
    this.account = null;
  }

  /** Called with every run: fetch again, at most once a second. A row that has left the list takes it along. */
  async renew() {
    if (this.account && !this.row.isConnected) this.close();
    if (!this.account || this.busy || document.hidden || performance.now() - this.fetched < RENEW_MS) return;
    const account = this.account;
    this.busy = true;
    this.fetched = performance.now();
    try {
      const html = await this.fetchText(this.address.replace("ACCOUNT", encodeURIComponent(account)));
      if (this.account === account) this.swap(html);
    } catch (error) {
      if (this.account === account) this.fail(error);
    } finally {
      this.busy = false;
    }
    if (this.account !== account) this.renew(); // another was opened meanwhile
  }

  /** Keep the place in a wide table while its figures are renewed. */
  swap(html) {
    const left = this.cell.querySelector(".positions")?.scrollLeft ?? 0;
    const focused = this.cell.contains(document.activeElement);
    this.cell.innerHTML = html; // written and escaped by our own server
    const table = this.cell.querySelector(".positions");
    if (table) table.scrollLeft = left;
    if (focused) table?.focus({ preventScroll: true });
  }

  fail(error) {
    const note = document.createElement("p");
    note.className = "loading";
    note.textContent = `The positions could not be read (${error.message}). Trying again with the next run.`;
    this.cell.replaceChildren(note);
  }
}
