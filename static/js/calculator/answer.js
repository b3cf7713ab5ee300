// The answer: three columns, prices, advice, and the chart. Texts only; every figure comes from the server.

import { cut, level as levelWord, NONE, parse, signedPercent, times, typeset } from "../format.js";
import { Chart } from "../chart.js";

const MODES = ["cross", "isolated", "as_given"];
const WORDS = { cross: "Cross", isolated: "Isolated", hybrid: "Hybrid: a core in cross, the rest isolated", any: "Either", unknown: "Not possible yet" };
const get = (id) => document.getElementById(id);

/** At most 8 decimals, six significant ones below one: a glance, with all digits in the title. */
function short(text, towards) {
  if (text == null) return NONE;
  const number = parse(text);
  const whole = number.digits.toString().replace("-", "").length - number.scale;
  const decimals = whole > 3 ? 2 : whole > 0 ? 4 : Math.min(8 - Math.min(whole, 0), 18);
  const shown = typeset(cut(number, Math.min(decimals, number.scale), towards));
  return shown.includes(".") ? shown.replace(/\.?0+$/, "") : shown;
}

/** A sum of money in a column: two decimals at least, so that points stand under points. */
function sum(text, towards) {
  const shown = short(text, towards);
  if (shown === NONE) return shown;
  const [whole, after = ""] = shown.split(".");
  return `${whole}.${after.padEnd(2, "0")}`;
}

const total = (answer, name) => {
  const all = answer.pools.map((pool) => pool[name]);
  if (all.some((each) => each == null)) return null;
  const numbers = all.map(parse);
  const scale = Math.max(...numbers.map((each) => each.scale));
  const digits = numbers.reduce((sum, each) => sum + each.digits * 10n ** BigInt(scale - each.scale), 0n);
  if (!scale) return digits.toString();
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, "0");
  return `${digits < 0n ? "-" : ""}${text.slice(0, -scale)}.${text.slice(-scale)}`;
};
const shock = (text) => signedPercent(text, 2).replace(" ", "\u00a0");
const move = ({ down, up }) => (down == null && up == null ? "never" : [down, up].filter((each) => each != null).map(shock).join(" / "));

const ROWS = [
  ["Equity", (a) => a.equity, "down"],
  ["House requirement", (a) => total(a, "house_maintenance"), "up"],
  ["Initial margin", (a) => total(a, "initial"), "up"],
  ["Free margin", (a) => a.capital.free_margin, "down", "most"],
  ["Most that can be lost", (a) => a.capital.most_lost, "up", "least", true],
  ["Buffer behind positions", (a) => a.capital.buffer, "down", "most"],
  ["Safe in the wallet", (a) => a.capital.safe, "down", "most"],
  ["Capital tied up", (a) => a.capital.tied_up, "up", "least"],
  ["To reach the target", (a) => a.top_up, "up"],
];

export class Answer {
  constructor() {
    this.chart = new Chart(get("modes-chart"));
  }

  show(found) {
    get("answer").hidden = false;
    this.modes(found);
    this.prices(found);
    this.advice(found.advice);
    get("chart-panel").hidden = !found.chart;
    this.chart.show(found.chart);
  }

  modes(found) {
    const rows = [line("Level", MODES.map((mode) => badge(found[mode])))];
    for (const [name, figure, towards, better, first] of ROWS) {
      const values = MODES.map((mode) => figure(found[mode]));
      const best = better ? bestOf(values, better) : null;
      const cells = values.map((value) => cell(value, sum(value, towards), value != null && Number(value) === best));
      rows.push(line(name, cells, first));
    }
    rows.push(line("Leverage", MODES.map((mode) => cell(found[mode].leverage, times(found[mode].leverage))), true));
    rows.push(line("First pool falls", MODES.map((mode) => cell(null, move(found[mode].distance)))));
    rows.push(line("Next level", MODES.map((mode) => next(found[mode].next))));
    rows.push(line("Binds", MODES.map((mode) => cell(null, test(found[mode])))));
    get("modes").replaceChildren(...rows);
  }

  prices(found) {
    const rows = found.as_given.positions.map((position, place) => {
      const mark = short(position.mark_price, "down");
      const head = document.createElement("th");
      head.scope = "row";
      head.append(position.instrument, small(`mark ${mark}${found.advice.positions.find((each) => each.index === position.index) ? ` · advised ${found.advice.positions.find((each) => each.index === position.index).mode}` : ""}`));
      const row = document.createElement("tr");
      row.append(head, ...MODES.map((mode) => price(found[mode].positions[place])));
      return row;
    });
    get("prices").replaceChildren(...rows);
  }

  advice(advice) {
    get("advice-mode").textContent = WORDS[advice.mode] ?? advice.mode;
    const list = document.createElement("ul");
    for (const reason of advice.reasons) list.append(item(reason.message));
    const warnings = advice.warnings.map(({ message }) => Object.assign(document.createElement("p"), { className: "note warn", textContent: message }));
    get("advice").replaceChildren(...warnings, list);
  }
}

/** What binds; a pocket of its own by its position. */
function test({ binding_test: name, positions }) {
  const place = /^isolated:(\d+)$/.exec(name ?? "")?.[1];
  return place === undefined ? name ?? NONE : `isolated ${positions.find(({ index }) => String(index) === place)?.instrument ?? place}`;
}

function line(name, cells, first = false) {
  const row = document.createElement("tr");
  if (first) row.className = "first";
  const head = Object.assign(document.createElement("th"), { scope: "row", textContent: name });
  row.append(head, ...cells);
  return row;
}

function cell(exact, text, best = false) {
  const made = Object.assign(document.createElement("td"), { textContent: text, className: best ? "best" : "" });
  if (exact != null) made.title = exact;
  return made;
}

function badge({ level, unknown_because: because }) {
  const made = document.createElement("td");
  const mark = Object.assign(document.createElement("span"), { className: "badge", textContent: levelWord(level) });
  mark.dataset.level = level;
  made.append(mark);
  if (because) made.title = because;
  return made;
}

function next({ level, ...both }) {
  const made = cell(null, level ? move(both) : NONE);
  if (level) made.append(small(levelWord(level)));
  return made;
}

function price(position) {
  const made = cell(position.liquidation_price, short(position.liquidation_price, "down"));
  if (position.liquidation_price == null || position.mark_price == null) return made;
  const mark = Number(position.mark_price);
  if (mark) made.append(small(position.liquidation_cures ? "cured there" : shock(((Number(position.liquidation_price) - mark) / Math.abs(mark)).toFixed(6))));
  return made;
}

function small(text) {
  return Object.assign(document.createElement("small"), { textContent: text });
}

function item(text) {
  return Object.assign(document.createElement("li"), { textContent: text });
}

/** The best figure of those there are; none where all are the same. */
function bestOf(values, better) {
  const known = values.filter((value) => value != null).map(Number);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  if (known.length < 2 || least === most) return null;
  return better === "most" ? most : least;
}
