// The keyboard of the list: j and k (or arrows inside it) move, Enter opens and closes, Escape closes, o leads to
// the whole account.

import { typing } from "./typing.js";

export function listenToKeys({ grid, drawer }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const inGrid = grid.body.contains(event.target) && event.target.closest("tr.row");
    if (event.key === "j" || (inGrid && event.key === "ArrowDown")) grid.move(1);
    else if (event.key === "k" || (inGrid && event.key === "ArrowUp")) grid.move(-1);
    else if (inGrid && event.key === "Home") grid.move(-Infinity);
    else if (inGrid && event.key === "End") grid.move(Infinity);
    else if (inGrid && event.target === inGrid && event.key === "Enter") drawer.toggle(inGrid.dataset.key);
    else if (inGrid && event.key === "o") location.assign(inGrid.querySelector('[data-cell="account_link"]').href);
    else if (event.key === "Escape" && drawer.account) {
      grid.focus(drawer.row);
      drawer.close();
    } else return;
    event.preventDefault();
  });
}
