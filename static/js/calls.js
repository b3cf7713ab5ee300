// The room of margin calls: does what a person decides, moves by keyboard. The server
// writes the rows; the live page renews them, and keeps what is half typed.

import { sayRefused } from "./acknowledge.js";
import { send } from "./door.js";
import "./filters.js";
import { listenToRows } from "./rows.js";

const { addresses } = JSON.parse(document.getElementById("page-data").textContent);
const root = document.getElementById("now");

/** What a deed says besides its note. A local time without a zone is UTC, as its label says. */
function bodyOf(form, verb) {
  const body = { note: form.elements.note.value };
  if (verb === "extend") body.due_at = form.elements.due_at.value ? `${form.elements.due_at.value}:00Z` : "";
  return body;
}

async function act(form, verb) {
  const buttons = [...form.querySelectorAll("button")];
  form.querySelector(".failed").textContent = "";
  for (const button of buttons) button.disabled = true;
  try {
    await send(`/api/v1/calls/${form.dataset.call}/${verb}/`, bodyOf(form, verb));
    form.elements.note.value = "";
    document.dispatchEvent(new CustomEvent("renew"));
  } catch (error) {
    sayRefused(form, error, addresses);
  }
  for (const button of buttons) button.disabled = false;
}

root.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-call]");
  if (!form) return;
  event.preventDefault();
  act(form, event.submitter?.value ?? form.querySelector("button").value);
});
listenToRows(root, (row, key) => key === "o" && (row.querySelector(".of a").click(), true));
