// The keyboard of every page: `?` shows the map, `g` and a letter goes to a page. Keys that a list has are its own.

import { typing } from "./typing.js";

const ROOMS = {
  d: "/", a: "/alerts/", c: "/calls/", o: "/control/", e: "/exposures/", l: "/limits/", s: "/stress/", k: "/calculator/",
  h: "/handover/", p: "/reports/", u: "/audit/", m: "/mail/", r: "/rulebook/", n: "/engine/",
};
const WAIT_MS = 1_200;
const map = document.getElementById("keys");
let going = null;

function stop() {
  clearTimeout(going);
  going = null;
}

/** The desk that this page shows goes along. */
function go(path) {
  const desk = new URLSearchParams(location.search).get("desk");
  location.assign(desk ? `${path}?desk=${encodeURIComponent(desk)}` : path);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (going) {
    const path = ROOMS[event.key];
    stop();
    if (!path) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // the list below has a meaning of its own for some letters
    go(path);
  } else if (event.key === "g") {
    going = setTimeout(stop, WAIT_MS);
  } else if (event.key === "?" && map?.togglePopover) {
    event.preventDefault();
    map.togglePopover();
    if (map.matches(":popover-open")) map.focus();
  }
}, { capture: true });

for (const button of document.querySelectorAll("[data-keyboard]")) button.addEventListener("click", () => map?.showPopover?.());
