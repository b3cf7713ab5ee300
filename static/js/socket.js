// One socket to one desk: opens, listens, comes back. Takes an address and callbacks; knows nothing of figures.
//
// phases: connecting → live → stale (silent for 15 s) → waiting (to try again) → connecting …; ended for good.

const SILENCE_MS = 15_000;
const LEAST_WAIT_MS = 1_000;
const MOST_WAIT_MS = 30_000;
const LONG_WAIT_MS = 30_000;

const CLOSINGS = {
  4400: { ends: true, words: "This page sent what the desk does not understand. Reload it." },
  4401: { ends: true, signIn: true, words: "Your session has ended." },
  4403: { ends: true, words: "This desk is no longer yours to see." },
  4408: { words: "This browser was too slow to follow." },
  4429: { wait: LONG_WAIT_MS, words: "Too many connections: waiting half a minute." },
  4001: { wait: 0, words: "Renewing the connection." },
  1009: { ends: true, words: "This page sent too much. Reload it." },
};

/** Full jitter: anywhere between nothing and a bound that doubles with each attempt, at least a little. */
export function backOff(attempt, random = Math.random) {
  const bound = Math.min(MOST_WAIT_MS, LEAST_WAIT_MS * 2 ** attempt);
  return Math.max(250, random() * bound);
}

export class DeskSocket {
  constructor({ address, onFrame, onPhase, onOpen, make = (url) => new WebSocket(url), timers = globalThis }) {
    Object.assign(this, { address, onFrame, onPhase, onOpen, make, timers });
    this.attempt = 0;
    this.phase = "connecting";
    this.socket = null;
    this.retry = null;
    this.silence = null;
  }

  open() {
    this.timers.clearTimeout(this.retry);
    this.drop(); // one that is still connecting would stay open, unheard
    this.tell("connecting");
    const socket = this.make(this.address);
    this.socket = socket;
    this.listen();
    socket.onopen = () => socket === this.socket && this.onOpen(this);
    socket.onmessage = (event) => socket === this.socket && this.heard(event.data);
    socket.onclose = (event) => socket === this.socket && this.closed(event.code);
  }

  heard(text) {
    this.listen();
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return; // what cannot be read is not heard; a gap shows at the next frame
    }
    this.attempt = 0;
    this.tell("live");
    this.onFrame(frame);
  }

  /** Start the silence anew. When it has lasted, the socket is as good as dead: say so and open another. */
  listen() {
    this.timers.clearTimeout(this.silence);
    this.silence = this.timers.setTimeout(() => {
      this.tell("stale", "Nothing was heard for 15 seconds.");
      this.drop();
      this.again(backOff(this.attempt++));
    }, SILENCE_MS);
  }

  closed(code) {
    const closing = CLOSINGS[code] ?? { words: "The connection was lost." };
    this.timers.clearTimeout(this.silence);
    this.drop();
    if (closing.ends) {
      this.tell("ended", closing.words, closing);
      return;
    }
    this.tell("waiting", closing.words);
    this.again(closing.wait ?? backOff(this.attempt++));
  }

  again(delay) {
    this.timers.clearTimeout(this.retry);
    this.retry = this.timers.setTimeout(() => this.open(), delay);
  }

  /** Try at once: the network is back, or the tab was opened again. */
  hurry() {
    if (this.phase === "waiting" || this.phase === "stale") this.open();
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    if (socket && socket.readyState < 2) socket.close();
  }

  send(frame) {
    if (this.socket?.readyState !== 1) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  tell(phase, words = "", closing = null) {
    if (phase === this.phase && !words) return;
    if (phase === "connecting" && this.phase === "stale") return; // stale until something is heard
    this.phase = phase;
    this.onPhase(phase, words, closing);
  }
}
