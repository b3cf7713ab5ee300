// One row's cells: values in, text and marks out. Touches only what differs, and says which figures moved.

import { CAP_STATES, CONTROLS, capAsked, firstPool, level, leverage, money, percent, share, times, toLiquidation } from "./format.js";

export const FULL_SCALE = 1.2; // the utilisation bar ends at 120 %

/** The parts of a row, found once. */
export function partsOf(row) {
  const parts = { row };
  for (const part of row.querySelectorAll("[data-cell]")) parts[part.dataset.cell] = part;
  return parts;
}

/** Which way the market has to go to reach the nearer of two moves. */
function nearerSide(nearest, down, up) {
  if (nearest == null) return "";
  if (down != null && (up == null || Math.abs(Number(down)) <= Math.abs(Number(up)))) return "down";
  return up == null ? "" : "up";
}

export function paint(parts, row, before) {
  text(parts.account, row.account);
  attribute(parts.account_link, "href", `/accounts/${encodeURIComponent(row.account)}/`);
  text(parts.client_name, row.client_name ?? "");
  attribute(parts.account_cell, "title", `${row.account} · ${row.client_name ?? ""}`);
  text(parts.distance, toLiquidation(row));
  icon(parts.side, row.level === "liquidation" ? "" : nearerSide(row.distance, row.distance_down, row.distance_up));
  paintLevel(parts, row);
  text(parts.equity, money(row.equity));
  text(parts.currency, row.currency);
  text(parts.requirement, money(row.house_maintenance));
  text(parts.utilisation, percent(row.utilisation));
  attribute(parts.use_cell, "title", firstPool(row.binding_pool) || null);
  parts.utilisation.classList.toggle("explained", Boolean(row.binding_pool?.startsWith("isolated:")));
  bar(parts.use, share(row.utilisation, row.level === "liquidation" ? 1 : 0, FULL_SCALE));
  paintLeverage(parts, row);
  text(parts.next, percent(row.next, 2));
  text(parts.next_word, row.next == null ? "" : level(row.next_level));
  mark(parts.next_cell, "level", row.next_level ?? "");
  text(parts.mode, row.mode);
  paintControl(parts, row);
  mark(parts.age, "since", row.price_time ?? "");
  parts.closed.hidden = row.price_state !== "closed";
  if (before) flash(parts, row, before);
}

function paintLevel(parts, row) {
  mark(parts.row, "level", row.level);
  mark(parts.row, "key", row.account);
  mark(parts.badge, "level", row.level);
  attribute(parts.badge, "title", row.unknown_because || null);
  icon(parts.level_icon, row.level);
  text(parts.level_word, level(row.level));
  parts.bounded.hidden = !row.bounded;
}

function paintLeverage(parts, row) {
  text(parts.leverage, leverage(row.leverage));
  text(parts.cap, `/ ${row.cap ? times(row.cap) : "no cap"}`);
  bar(parts.cap_use, share(row.cap_use));
  parts.cap_cell.classList.toggle("over", row.cap_use != null && Number(row.cap_use) > 1);
  attribute(parts.cap_cell, "title", capAsked(row.cap_name) || null);
  parts.cap.classList.toggle("explained", capAsked(row.cap_name) !== (row.cap_name ?? ""));
  const [severity, word] = CAP_STATES[row.cap_state] ?? ["", ""];
  parts.cap_mark.hidden = !word;
  mark(parts.cap_mark, "severity", severity);
  attribute(parts.cap_mark, "title", word || null);
  icon(parts.cap_icon, severity);
  text(parts.cap_word, word);
}

function paintControl(parts, row) {
  const control = row.control || "open";
  mark(parts.control_cell, "control", control);
  icon(parts.control_icon, control === "open" ? "check" : "lock");
  text(parts.control, CONTROLS[control] ?? control);
}

const calm = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");
const FLASH = { duration: 900, easing: "ease-out" };

const MOVING = [["equity", "equity", 1], ["requirement", "house_maintenance", -1], ["utilisation", "utilisation", -1], ["distance", "distance", 1]];

/** A figure that moved lights up once: for the better or for the worse, whichever way its number went. */
function flash(parts, row, before) {
  if (calm?.matches || document.hidden) return;
  for (const [cell, column, good] of MOVING) {
    if (before[column] === row[column] || before[column] == null || row[column] == null) continue;
    const way = (Number(row[column]) - Number(before[column])) * good > 0 ? "--better" : "--worse";
    parts[cell].animate([{ backgroundColor: `var(${way})` }, { backgroundColor: "transparent" }], FLASH);
  }
}

export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

function icon(node, name) {
  attribute(node, "href", name ? `#i-${name}` : "");
}

export function bar(node, length) {
  const value = length.toFixed(4);
  if (node.style.getPropertyValue("--use") !== value) node.style.setProperty("--use", value);
}

function mark(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}

function attribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}
