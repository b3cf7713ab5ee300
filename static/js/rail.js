// The alert rail: asks the server for its rows when an alert came, was taken or was settled; sends acknowledgements.
// The server is the only author of the rows; here they are swapped by id, so that a half-written note survives.

import { acknowledge, sayRefused } from "./acknowledge.js";

const RENEW_MS = 400;
const AGAIN_MS = 5_000; // how an alert stands now is told by the server, and moves
const RETRY_MS = 5_000;
const SAID_MS = 8_000;

export class Rail {
  constructor({ root, note, addresses, fetchText, onNew }) {
    Object.assign(this, { root, note, addresses, fetchText, onNew });
    this.timer = null;
    setInterval(() => document.hidden || this.soon(), AGAIN_MS);
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.take(event.target.closest("form[data-acknowledge]"));
    });
  }

  soon(delay = RENEW_MS) {
    this.timer ??= setTimeout(() => this.renew(), delay);
  }

  async renew() {
    this.timer = null;
    try {
      const page = document.createElement("template");
      page.innerHTML = await this.fetchText(this.addresses.alerts); // written and escaped by our own server
      this.swap(page.content.querySelector("ol"));
      if (this.late) this.note.textContent = "";
      this.late = false;
    } catch (error) {
      this.late = true;
      this.note.textContent = `not renewed: ${error.message}`;
      this.soon(RETRY_MS);
    }
  }

  swap(fresh) {
    const list = this.root.querySelector("ol");
    const held = new Map([...list.children].map((item) => [item.id, item]));
    const known = new Set(held.keys());
    const items = [...fresh.children].map((item) => {
      const old = held.get(item.id);
      if (!item.id || old?.dataset.mark !== item.dataset.mark) return item;
      old.querySelector(".stands")?.replaceWith(item.querySelector(".stands"));
      return old;
    });
    const focused = document.activeElement;
    if (items.length !== list.children.length || items.some((item, place) => item !== list.children[place])) list.replaceChildren(...items);
    if (list.contains(focused)) focused.focus({ preventScroll: true });
    const arrived = items.filter((item) => item.dataset.id && !known.has(item.id) && item.dataset.state === "open");
    for (const item of arrived) item.classList.add("arrived");
    this.onNew(arrived, fresh.dataset);
  }

  /** Say what became of it, and keep the keyboard with it where it went. */
  taken(id) {
    this.note.textContent = "acknowledged: it is yours now";
    setTimeout(() => { this.note.textContent = ""; }, SAID_MS);
    const item = document.getElementById(`alert-${id}`);
    item?.setAttribute("tabindex", "-1");
    item?.focus({ preventScroll: false });
  }

  async take(form) {
    const button = form.querySelector("button");
    const id = form.dataset.acknowledge;
    button.disabled = true;
    form.querySelector(".failed")?.remove();
    try {
      await acknowledge(this.addresses, id, form.elements.note.value);
      await this.renew();
      this.taken(id);
    } catch (error) {
      sayRefused(form, error, this.addresses);
    } finally {
      button.disabled = false;
    }
  }
}
