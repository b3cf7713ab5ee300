// Figures as text: decimal strings in, text out. Writes what margin/formats.py writes, digit for digit,
// without a float in between; both are held to tests/cases/formats.json.

export const NONE = "—";
const REACHED = "reached";
const MINUS = "−";

const LEVELS = {
  normal: "Normal", watch: "Watch", at_risk: "At risk", danger: "Danger",
  margin_call: "Margin call", liquidation: "Liquidation", unknown: "Unknown",
};
export const CAP_STATES = { over: ["critical", "Over a cap"], missing: ["critical", "Lacks a cap"], near: ["warning", "Near a cap"] };
export const CONTROLS = { open: "Open", reduce_only: "Reduce only", frozen: "Frozen" };

/** A decimal string as whole digits and how many of them lie behind the point. */
export function parse(text) {
  const [, sign, whole, fraction = ""] = /^([-+]?)(\d+)(?:\.(\d*))?$/.exec(text) ?? [];
  if (whole === undefined) throw new RangeError(`not a plain decimal: ${text}`);
  const digits = BigInt(whole + fraction);
  return { digits: sign === "-" ? -digits : digits, scale: fraction.length };
}

/** Cut or raised to `decimals`: "down" towards minus infinity, "up" towards plus, "zero" towards zero. */
export function cut({ digits, scale }, decimals, towards) {
  if (scale <= decimals) return { digits: digits * 10n ** BigInt(decimals - scale), scale: decimals };
  const unit = 10n ** BigInt(scale - decimals);
  let quotient = digits / unit; // BigInt division cuts towards zero
  const rest = digits % unit;
  if (towards === "up" && rest > 0n) quotient += 1n;
  if (towards === "down" && rest < 0n) quotient -= 1n;
  return { digits: quotient, scale: decimals };
}

/** Grouped digits with the typographic minus, as wide as a digit. */
export function typeset({ digits, scale }) {
  const all = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, "0");
  const whole = all.slice(0, all.length - scale).replace(/\B(?=(\d{3})+$)/g, ",");
  const text = scale ? `${whole}.${all.slice(-scale)}` : whole;
  return digits < 0n ? MINUS + text : text;
}

/** A level as people read it. */
export function level(word) {
  return LEVELS[word] ?? word ?? "";
}

const REF = /(?:isolated:)?([^\s|:]+)\|(cross|isolated)\b\|?(\S*)|isolated:(\S+)/g;

/** Pools and positions as people call them, wherever they stand in a text: isolated SOL-PERP (event). */
export function named(text) {
  return text.replace(REF, (_, instrument, mode, rest, opaque) => {
    if (opaque) return `isolated ${opaque}`;
    const told = rest.split("|").filter(Boolean).join(", ");
    return told ? `${mode} ${instrument} (${told})` : `${mode} ${instrument}`;
  });
}

/** Whose utilisation an account shows: that of the pool that binds. */
export function firstPool(pool) {
  const beside = pool?.startsWith("isolated:") ? "; equity and requirement are of the whole account" : "";
  return pool ? `Of the pool that binds: ${named(pool)}${beside}` : "";
}

/** Whose cap stands beside an account's leverage; all but its own are asked of the whole client. */
export function capAsked(name) {
  const own = !name || name === "missing" || name.startsWith("sub-account ");
  return own ? name ?? "" : `${name}: asked of the whole client, while this leverage is of the account alone`;
}

export function money(text) {
  return text == null ? NONE : typeset(parse(text));
}

export function wholeDown(text) {
  return text == null ? NONE : typeset(cut(parse(text), 0, "down"));
}

export function wholeUp(text) {
  return text == null ? NONE : typeset(cut(parse(text), 0, "up"));
}

export function percent(text, decimals = 1) {
  if (text == null) return NONE;
  const { digits, scale } = parse(text);
  const exact = { digits: digits * 100n, scale };
  const shown = cut(exact, decimals, "zero");
  const hundred = 100n * 10n ** BigInt(decimals);
  const over = shown.digits === hundred && exact.digits > 100n * 10n ** BigInt(scale) ? ">" : "";
  return `${over}${typeset(shown)} %`;
}

/** How far an account is from liquidation; of one that is in it, that there is no way left to go. */
export function toLiquidation(row) {
  return row.level === "liquidation" ? REACHED : percent(row.distance, 2);
}

/** A move, with its sign either way. */
export function signedPercent(text, decimals = 1) {
  const up = text != null && parse(text).digits > 0n;
  return (up ? "+" : "") + percent(text, decimals);
}

/** A leverage that is measured: always two places, so that one below the other lines up. */
export function leverage(text) {
  return text == null ? NONE : `${typeset(cut(parse(text), 2, "up"))}×`;
}

/** A multiple that somebody set, such as a cap: rounded up, without idle zeros. */
export function times(text, decimals = 2) {
  if (text == null) return NONE;
  const shown = typeset(cut(parse(text), decimals, "up"));
  return `${shown.includes(".") ? shown.replace(/\.?0+$/, "") : shown}×`;
}

/** A bar's length, 0 to 1; a float will do for a drawing. */
export function share(text, absent = 0, scale = 1) {
  return text == null ? absent : Math.min(Math.max(Number(text) / scale, 0), 1);
}

/** An age that a glance can take: tenths below ten seconds, then whole units. */
export function age(seconds) {
  if (!Number.isFinite(seconds)) return NONE;
  const past = Math.max(seconds, 0);
  if (past < 10) return `${past.toFixed(1)} s`;
  if (past < 120) return `${Math.floor(past)} s`;
  if (past < 7200) return `${Math.floor(past / 60)} min`;
  if (past < 172800) return `${Math.floor(past / 3600)} h`;
  return `${Math.floor(past / 86400)} d`;
}
