// What every page that hears the desk does by itself: listens, lets ages grow, reads the engine's state, speaks of alerts.
// What a frame means for its figures each page knows.

import { writeAges } from "./ages.js";
import { atLeast, set } from "./clock.js";
import { fetchJson, signInAt } from "./door.js";
import { tellOfHands } from "./presence.js";
import { DeskSocket } from "./socket.js";
import { Status } from "./status.js";

const TICK_MS = 500;
const ENGINE_EVERY_MS = 5_000;
const get = (id) => document.getElementById(id);

/** What the server wrote into the page for its scripts. */
export function readPage() {
  const page = JSON.parse(get("page-data").textContent);
  signInAt(page.addresses.sign_in);
  set(page.now);
  return page;
}

/** The socket, yet to be opened, and the strip that tells how it goes. `onSeen`: somebody looks at the page again. */
export function listen({ page, state, onOpen, onFrame, onSeen = () => {} }) {
  const status = new Status({ state, zone: page.zone, engine: page.engine });
  const socket = new DeskSocket({
    address: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${page.socket}`,
    onOpen,
    onFrame(frame) {
      status.listened();
      if (frame.at) atLeast(frame.at);
      onFrame(frame);
    },
    onPhase(phase, words, closing) {
      status.setPhase(phase, words);
      if (closing?.signIn) confirmTheEnd(page);
    },
  });
  addEventListener("online", () => socket.hurry());
  document.addEventListener("visibilitychange", () => document.hidden || (socket.hurry(), onSeen()));
  setInterval(() => document.hidden || tick(status), TICK_MS);
  setInterval(() => document.hidden || readEngine(page, status), ENGINE_EVERY_MS);
  tellOfHands(page.addresses.present);
  writeAges();
  return { socket, status };
}

function tick(status) {
  writeAges();
  status.tick();
}

async function readEngine(page, status) {
  try {
    const engine = await fetchJson(page.addresses.state);
    set(engine.now);
    status.engine(engine);
  } catch {
    // the strip's ages go on growing: that says it
  }
}

/** The socket says that the session has ended. Asking once more leads to the sign-in page if the server agrees;
 *  if it does not, the two would send us in a circle: stay, and say what the strip says. */
async function confirmTheEnd(page) {
  await fetchJson(page.addresses.state).catch(() => {});
}

export function speakOf(alerts) {
  writeAges(get("rail"));
  if (alerts.length) get("spoken").textContent = alerts.map((item) => item.querySelector("h3").textContent).join(". ");
}
