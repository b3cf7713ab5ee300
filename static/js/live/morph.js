// Makes a part of the page like a fresh one, touching only what differs: focus, scroll, open details and half-made
// choices stay. Children with `data-key` are told apart by it, the rest by their place.

const KEPT = new Set(["open", "checked", "value", "style"]);

/** `onText(element)` hears of every element marked `data-flash` whose text has changed. */
export function morph(old, fresh, onText = () => {}) {
  attributes(old, fresh);
  if (old.dataset?.since !== undefined || old.dataset?.until !== undefined) return; // an age: it writes itself
  const keyed = new Map([...old.children].filter((child) => child.dataset.key).map((child) => [child.dataset.key, child]));
  let at = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const key = next.dataset?.key;
    const found = key ? keyed.get(key) : at;
    if (!found || !alike(found, next)) {
      old.insertBefore(next, at);
      continue;
    }
    if (found === at) at = at.nextSibling;
    else old.insertBefore(found, at);
    if (next.nodeType === Node.ELEMENT_NODE) morph(found, next, onText);
    else if (found.data !== next.data) text(found, next.data, onText);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function alike(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName && one.dataset?.key === other.dataset?.key;
}

function text(node, words, onText) {
  const before = node.data;
  node.data = words;
  const moving = node.parentElement.closest("[data-flash]");
  if (moving) onText(moving, before);
}

function attributes(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (name === "style" || !KEPT.has(name)) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) if (!KEPT.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
}
