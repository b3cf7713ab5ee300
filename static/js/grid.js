// The list of sub-accounts: rows kept by account, repainted where they changed, put in order when nobody is in it.
// Takes the state; gives no figures. Order stands still while the pointer or the keyboard is inside.

import { paint, partsOf } from "./cells.js";

const KEYBOARD_HOLD_MS = 8_000;

export class Grid {
  constructor({ body, template, onOpen, onHold }) {
    Object.assign(this, { body, template, onOpen, onHold });
    this.parts = new Map();
    this.dirty = new Map();
    this.pointerInside = false;
    this.keyboardUntil = 0;
    this.waiting = false;
    this.frame = 0;
    this.current = null;
    for (const row of body.querySelectorAll("tr.row")) this.parts.set(row.dataset.key, partsOf(row));
    this.watchHands();
  }

  watchHands() {
    this.body.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "mouse") this.pointerInside = true;
    });
    this.body.addEventListener("pointerleave", () => {
      this.pointerInside = false;
      this.soon();
    });
    this.body.addEventListener("focusin", (event) => this.takeFocus(event.target.closest("tr.row")));
    this.body.addEventListener("click", (event) => {
      const row = !event.target.closest("a") && event.target.closest("tr.row");
      if (row) this.onOpen(row.dataset.key);
    });
  }

  get held() {
    return this.pointerInside || performance.now() < this.keyboardUntil;
  }

  /** Note what changed; draw with the next frame. */
  update(state, { changed, whole }) {
    this.state = state;
    for (const [account, before] of changed) if (!this.dirty.has(account)) this.dirty.set(account, before);
    this.removed = this.removed || whole;
    this.soon();
  }

  soon() {
    if (!this.frame && this.state) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = 0;
    if (this.removed) this.removeGone();
    if (this.state.rows.size) this.body.querySelector("tr.empty")?.remove();
    for (const [account, before] of this.dirty) this.repaint(account, before);
    this.dirty.clear();
    const rows = this.state.inOrder();
    if (this.held) this.hold(rows);
    else this.arrange(rows);
  }

  repaint(account, before) {
    const row = this.state.rows.get(account);
    if (!row) return;
    let parts = this.parts.get(account);
    if (!parts) {
      parts = partsOf(this.template.content.firstElementChild.cloneNode(true));
      this.parts.set(account, parts);
      this.body.append(parts.row);
    }
    paint(parts, row, before);
  }

  removeGone() {
    this.removed = false;
    for (const [account, parts] of this.parts) {
      if (this.state.rows.has(account)) continue;
      this.drawerOf(parts.row)?.remove();
      parts.row.remove();
      this.parts.delete(account);
    }
  }

  /** Put rows where they belong, moving only those that stand elsewhere; a drawer goes with its row. */
  arrange(rows) {
    const focused = document.activeElement;
    let at = this.body.firstElementChild;
    for (const { account } of rows) {
      const row = this.parts.get(account)?.row;
      if (!row) continue;
      const drawer = this.drawerOf(row);
      if (row === at) {
        at = (drawer ?? row).nextElementSibling;
        continue;
      }
      this.body.insertBefore(row, at);
      if (drawer) this.body.insertBefore(drawer, at);
    }
    if (focused !== document.activeElement && this.body.contains(focused)) focused.focus({ preventScroll: true });
    this.tell(0);
  }

  hold(rows) {
    const shown = [...this.body.querySelectorAll("tr.row")];
    const moved = rows.reduce((count, { account }, place) => count + (shown[place]?.dataset.key !== account), 0);
    this.tell(moved);
    if (this.waiting) return;
    this.waiting = true;
    setTimeout(() => {
      this.waiting = false;
      this.soon();
    }, 1_000);
  }

  tell(moved) {
    if (moved !== this.told) this.onHold(moved);
    this.told = moved;
  }

  drawerOf(row) {
    const next = row.nextElementSibling;
    return next?.classList.contains("under-row") ? next : null;
  }

  // --- keyboard -------------------------------------------------------------------------------------------
  takeFocus(row) {
    if (!row) return;
    if (this.current && this.current !== row) this.current.tabIndex = -1;
    this.current = row;
    row.tabIndex = 0;
    this.keyboardUntil = performance.now() + KEYBOARD_HOLD_MS;
  }

  /** Go up or down by rows; start at the top where nothing was chosen yet. */
  move(by) {
    const rows = [...this.body.querySelectorAll("tr.row")];
    const here = this.current?.isConnected ? rows.indexOf(this.current) : -1;
    const there = here < 0 ? 0 : Math.min(Math.max(here + by, 0), rows.length - 1);
    this.focus(rows[there]);
  }

  focus(row) {
    if (!row) return;
    row.tabIndex = 0;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  show(account) {
    const row = this.parts.get(account)?.row;
    this.focus(row);
    return Boolean(row);
  }
}
