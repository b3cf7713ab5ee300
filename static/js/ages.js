// Ages grow by themselves: every element with data-since shows how long ago that instant was.

import { now, secondsSince } from "./clock.js";
import { age } from "./format.js";

/** Write the ages below `root`; only texts that differ are touched. */
export function writeAges(root = document) {
  for (const node of root.querySelectorAll("[data-since]")) {
    if (!node.dataset.since) continue;
    const words = age(secondsSince(node.dataset.since));
    if (node.textContent !== words) node.textContent = words;
  }
}

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

/** A time of day in a zone; the browser's own zone where it does not know the desk's. */
export function timeOfDay(zone) {
  try {
    return new Intl.DateTimeFormat("en-GB", { ...TIME, timeZone: zone }).format(now());
  } catch {
    return new Intl.DateTimeFormat("en-GB", TIME).format(now());
  }
}
