// The room of alerts: takes them one by one or together, and moves by keyboard. The server writes the rows; the live
// page renews them, and keeps what is half typed.

import { acknowledge, sayRefused } from "./acknowledge.js";
import "./filters.js";
import { fold, listenToRows } from "./rows.js";

const page = JSON.parse(document.getElementById("page-data").textContent);
const now = document.getElementById("now");
const bulk = document.getElementById("bulk");

function ticked() {
  return [...now.querySelectorAll(".tick input:checked")];
}

function count() {
  if (!bulk) return;
  const many = ticked().length;
  bulk.hidden = many === 0;
  bulk.querySelector("[data-count]").textContent = String(many);
}

async function takeOne(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await acknowledge(page.addresses, form.dataset.acknowledge, form.elements.note.value);
    document.dispatchEvent(new CustomEvent("renew"));
  } catch (error) {
    sayRefused(form, error, page.addresses);
    button.disabled = false;
  }
}

/** One after the other: what was refused stays selected, and says why. */
async function takeAll() {
  const button = bulk.querySelector("[type=submit]");
  button.disabled = true;
  bulk.querySelector(".failed").textContent = "";
  for (const box of ticked()) {
    try {
      await acknowledge(page.addresses, box.value, bulk.elements.note.value);
      box.checked = false;
    } catch (error) {
      sayRefused(bulk, error, page.addresses);
    }
  }
  button.disabled = false;
  if (!ticked().length) bulk.elements.note.value = "";
  count();
  document.dispatchEvent(new CustomEvent("renew"));
}

function act(row, key) {
  if (key === "x") row.querySelector(".tick input")?.click();
  else if (key === "o") row.querySelector(".of a")?.click();
  else if (key === "a" && row.querySelector(".take")) {
    fold(row, true);
    row.querySelector(".take input").focus();
  } else return false;
  return true;
}

now.addEventListener("submit", (event) => {
  event.preventDefault();
  takeOne(event.target.closest("form[data-acknowledge]"));
});
now.addEventListener("change", count);
new MutationObserver(count).observe(now, { childList: true, subtree: true });
bulk?.addEventListener("submit", (event) => {
  event.preventDefault();
  takeAll();
});
bulk?.addEventListener("reset", () => {
  for (const box of ticked()) box.checked = false;
  count();
});
listenToRows(now, act);
count();
