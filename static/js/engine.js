// The engine room, live: its parts are fetched again every two seconds while somebody looks.

import { fetchText } from "./door.js";
import { morph } from "./live/morph.js";

const EVERY_MILLISECONDS = 2000;
const PATIENCE_MILLISECONDS = 8000; // then it says that these figures stand still
const parts = document.getElementById("parts");
const pulse = document.getElementById("pulse");
const says = pulse.textContent;

/** Focus and scroll stay where they are: whoever reads a table goes on seeing it grow old or young. */
async function refresh() {
  if (document.hidden) return;
  const fresh = parts.cloneNode(false);
  try {
    fresh.innerHTML = await fetchText(parts.dataset.address, PATIENCE_MILLISECONDS); // written and escaped by our own server
    morph(parts, fresh);
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
