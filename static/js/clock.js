// The desk's time, not this machine's: ages are right also where the browser's clock is wrong.

let offset = 0; // server minus browser, milliseconds

/** The server has just said what time it is. */
export function set(instant) {
  const seen = Date.parse(instant) - Date.now();
  if (Number.isFinite(seen)) offset = seen;
}

/** Something carried the instant it was made: the desk's clock is there at least. Never makes a thing look younger. */
export function atLeast(instant) {
  const seen = Date.parse(instant) - Date.now();
  if (seen > offset) offset = seen;
}

export function now() {
  return Date.now() + offset;
}

export function secondsSince(instant) {
  return instant ? (now() - Date.parse(instant)) / 1000 : NaN;
}
