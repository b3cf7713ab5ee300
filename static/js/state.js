// What the page holds: rows by account, key figures, prices, and how far each shard has come.
// Takes frames of the socket; gives back what changed. Draws nothing and fetches nothing.

/** Nearest its end first: liquidations, the unknown, calls, danger and broken caps, the rest; each by distance, then by use. */
function byTrouble(a, b) {
  return (
    rank(a) - rank(b) || order(number(a.distance, Infinity), number(b.distance, Infinity)) ||
    order(number(b.utilisation, Infinity), number(a.utilisation, Infinity)) ||
    (a.account < b.account ? -1 : a.account > b.account ? 1 : 0)
  );
}

function rank(row) {
  if (row.level === "liquidation") return 0;
  if (row.level === "unknown") return 1;
  return ["margin_call", "danger"].includes(row.level) || ["over", "missing"].includes(row.cap_state) ? 2 : 3;
}

function number(text, absent) {
  return text == null ? absent : Number(text);
}

function order(a, b) {
  return a === b ? 0 : a < b ? -1 : 1;
}

export class State {
  constructor({ heads = {}, prices = {} } = {}) {
    this.rows = new Map();
    this.heads = new Map(Object.entries(heads));
    this.prices = prices;
    this.kpi = null;
    this.total = 0;
    this.alerts = new Map();
  }

  /** The newest figures' oldest part: what the page may call itself. */
  get oldest() {
    return [...this.heads.values()].reduce((old, head) => (!old || head.at < old.at ? head : old), null);
  }

  /** Replace everything. Gives the accounts that changed and whether rows came or went. */
  snapshot(frame) {
    const before = this.rows;
    this.rows = new Map(frame.rows.map((values) => {
      const row = Object.fromEntries(frame.columns.map((name, place) => [name, values[place]]));
      return [row.account, row];
    }));
    this.heads = new Map(Object.entries(frame.shards));
    this.kpi = frame.kpi;
    this.total = frame.total;
    if (frame.prices) this.prices = frame.prices;
    this.alerts = new Map(frame.alerts.map((alert) => [alert.id, alert]));
    return { changed: new Map([...this.rows.keys()].map((account) => [account, before.get(account) ?? null])), whole: true };
  }

  /** Take a run's differences: null where it is old, "gap" where something was missed. */
  changed(frame) {
    const shard = String(frame.shard);
    const held = this.heads.get(shard)?.seq ?? 0;
    if (frame.seq <= held) return null;
    if (frame.since > held) return "gap";
    const changed = new Map();
    for (const [account, values] of Object.entries(frame.rows)) {
      const before = this.rows.get(account);
      changed.set(account, before ?? null);
      this.rows.set(account, { ...(before ?? { account }), ...values });
    }
    for (const account of frame.removed) this.rows.delete(account);
    this.heads.set(shard, { seq: frame.seq, run: frame.run, at: frame.at });
    this.kpi = frame.kpi;
    this.total = frame.total;
    if (frame.prices) this.prices = { ...this.prices, ...frame.prices };
    return { changed, whole: frame.removed.length > 0 };
  }

  /** Whether a beat names a run that never arrived. */
  missed(beat) {
    return Object.entries(beat.seqs).some(([shard, seq]) => seq > (this.heads.get(shard)?.seq ?? 0));
  }

  inOrder() {
    return [...this.rows.values()].sort(byTrouble);
  }
}
