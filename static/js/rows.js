// The keyboard of a list of records: j and k (or arrows inside it) move from row to row, Enter opens what is folded in
// it. A room adds keys of its own by `act`, which says whether it knew the key.

import { typing } from "./typing.js";

export function listenToRows(root, act = () => false) {
  const move = (by) => {
    const all = [...root.querySelectorAll(".item")];
    const here = all.indexOf(document.activeElement?.closest?.(".item"));
    const next = all[Math.min(Math.max(here + by, 0), all.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event.target)) return void event.target.closest(".item")?.focus();
    if (typing(event.target)) return;
    const row = document.activeElement?.matches?.(".item") ? document.activeElement : null;
    if (event.key === "j" || (row && event.key === "ArrowDown")) move(1);
    else if (event.key === "k" || (row && event.key === "ArrowUp")) move(-1);
    else if (row && event.key === "Enter" && row.querySelector("details")) fold(row);
    else if (!row || !act(row, event.key)) return;
    event.preventDefault();
  });
}

export function fold(row, to) {
  const what = row.querySelector("details");
  what.open = to ?? !what.open;
}

for (const root of document.querySelectorAll("[data-rows]:not([data-own-keys])")) listenToRows(root);
