// Ages grow by themselves: every element with data-since shows how long ago that instant was, one with data-until
// how long it is until then.

import { now, secondsSince } from "./clock.js";
import { age } from "./format.js";

const LATE_AFTER_SECONDS = 15;

/** Whether what is of this instant is too old to be called live. */
export function isLate(instant) {
  return secondsSince(instant) > LATE_AFTER_SECONDS;
}

/** Write the ages below `root`; only texts that differ are touched. */
export function writeAges(root = document) {
  for (const node of root.querySelectorAll("[data-since]")) {
    if (!node.dataset.since) continue;
    const words = age(secondsSince(node.dataset.since));
    if (node.textContent !== words) node.textContent = words;
  }
  for (const node of root.querySelectorAll("[data-until]")) {
    const words = countDown(-secondsSince(node.dataset.until));
    if (node.textContent !== words) node.textContent = words;
  }
}

/** Minutes and seconds to go: in 59:04. */
export function countDown(left) {
  const seconds = Math.round(left);
  if (seconds <= 0) return "due now";
  if (seconds >= 7200) return `in ${Math.floor(seconds / 3600)} h`;
  return `in ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
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
