// A hand on keyboard or pointer keeps the person signed in for deeds: the page itself lives without requests.
// What only reads may go on reading; to act after half an hour without a hand takes the password again.

import { send } from "./door.js";

const ONCE_IN_MS = 60_000;

export function tellOfHands(address) {
  let told = 0;
  const tell = () => {
    if (performance.now() - told < ONCE_IN_MS && told) return;
    told = performance.now();
    send(address, {}).catch(() => {}); // a deed will say it in words
  };
  for (const kind of ["pointerdown", "keydown", "wheel"]) addEventListener(kind, tell, { passive: true });
}
