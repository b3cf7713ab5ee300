// Whether somebody is writing there: keys that mean something on the page are letters to them.

export function typing(target) {
  return target.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
}
