// The room of control: renewed by itself every second or two, because what it shows needs no run to move.

const EVERY_MS = 1_500;

setInterval(() => document.hidden || document.dispatchEvent(new CustomEvent("renew")), EVERY_MS);
