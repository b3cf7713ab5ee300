// A figure that moved lights up once: for the better or for the worse, whichever way `data-flash` says is good.

const calm = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");
const LIGHT = { duration: 900, easing: "ease-out" };

/** A figure as people read it, as a number; NaN where there is none. */
function numberOf(words) {
  return Number(words.replaceAll(",", "").replaceAll("−", "-").replace(/[^\d.-]/g, "") || NaN);
}

export function flash(node, before) {
  if (calm?.matches || document.hidden) return;
  const rose = numberOf(node.textContent) - numberOf(before);
  if (!rose) return;
  const way = node.dataset.flash;
  const better = way === "any" ? rose > 0 : rose > 0 === (way === "up");
  node.animate([{ backgroundColor: `var(${better ? "--better" : "--worse"})` }, { backgroundColor: "transparent" }], LIGHT);
}
