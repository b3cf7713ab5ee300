// Taking an alert, in the rail and in the room of alerts: sends who does what about it, and says what was refused.

import { send } from "./door.js";

export function acknowledge(addresses, id, note) {
  return send(addresses.acknowledge.replace("/0/", `/${id}/`), { note });
}

/** In its form. Who was away for too long is led to the password. */
export function sayRefused(form, error, addresses) {
  const words = form.querySelector(".failed") ?? form.appendChild(Object.assign(document.createElement("p"), { className: "failed" }));
  words.setAttribute("role", "alert");
  words.textContent = error.message;
  if (error.rule === "idle") words.append(" ", Object.assign(document.createElement("a"), { href: addresses.confirm, textContent: "Confirm" }));
}
