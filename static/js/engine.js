// The engine room, live: its parts are fetched again every two seconds while somebody looks.

import { fetchText } from "./door.js";

const EVERY_MILLISECONDS = 2000;
const parts = document.getElementById("parts");
const pulse = document.getElementById("pulse");
const says = pulse.textContent;

function scrolled() {
  return [...parts.querySelectorAll(".scroll")].map((box) => [box.scrollLeft, box.scrollTop]);
}

async function refresh() {
  if (document.hidden || parts.contains(document.activeElement)) return;
  try {
    const fresh = await fetchText(parts.dataset.address);
    const places = scrolled();
    parts.innerHTML = fresh;
    parts.querySelectorAll(".scroll").forEach((box, place) => {
      [box.scrollLeft, box.scrollTop] = places[place] ?? [0, 0];
    });
    if (pulse.textContent !== says) pulse.textContent = says;
  } catch {
    pulse.textContent = "The server does not answer: these figures stand still.";
  }
}

(async function live() {
  for (;;) {
    await new Promise((done) => setTimeout(done, EVERY_MILLISECONDS));
    await refresh();
  }
})();
