// The honest strip: how old each thing is that the figures rest on, and whether they may be called live.

import { secondsSince, now } from "./clock.js";
import { text } from "./cells.js";
import { age } from "./format.js";
import { isLate, timeOfDay } from "./ages.js";

const FROZEN_AFTER_SECONDS = 15;
const HEARTBEAT_WORRIES_AFTER_SECONDS = 20;
const QUEUE_WORRIES_AFTER_SECONDS = 10;
const PHASES = { connecting: "Connecting", live: "Live", stale: "Stale", waiting: "Reconnecting", ended: "Ended" };

const get = (id) => document.getElementById(id);

/** Feeds by source: newest price, and how many instruments are in doubt. Pure. */
function feedsOf(prices) {
  const feeds = new Map();
  const doubt = { unpriced: [], doubtful: [] };
  for (const [code, price] of Object.entries(prices)) {
    if (price.state === "missing" || price.mark == null) doubt.unpriced.push(code);
    else if (price.state === "stale" || price.state === "unconfirmed") doubt.doubtful.push(code);
    if (!price.source) continue;
    const feed = feeds.get(price.source) ?? { newest: "", count: 0, open: false };
    feed.count += 1;
    feed.open ||= price.state !== "closed"; // nobody expects a price while the market rests
    if (price.time && price.time > feed.newest) feed.newest = price.time;
    feeds.set(price.source, feed);
  }
  return { feeds, ...doubt };
}

export class Status {
  constructor({ state, zone, engine }) {
    Object.assign(this, { state, zone });
    this.phase = "connecting";
    this.words = "";
    this.newest = [];
    this.heard = performance.now();
    text(get("clock-zone"), zone);
    this.engine(engine);
    this.figures();
  }

  setPhase(phase, words) {
    this.phase = phase;
    this.words = words;
    get("phase").dataset.phase = phase;
    text(get("phase-word"), PHASES[phase]);
    get("phase").title = words;
    this.tick();
  }

  listened() {
    this.heard = performance.now();
  }

  /** What a new run says of itself and of its prices. */
  figures() {
    const head = this.state.oldest;
    if (head) {
      get("run-age").dataset.since = head.at;
      text(get("run-seq"), String(head.seq));
      text(get("run-name"), head.run.slice(0, 8));
    }
    const { feeds, unpriced, doubtful } = feedsOf(this.state.prices);
    this.feeds(feeds);
    count(get("unpriced"), unpriced);
    count(get("doubtful"), doubtful);
    get("unpriced-item").classList.toggle("bad", unpriced.length > 0);
    get("doubtful-item").classList.toggle("poor", doubtful.length > 0);
    this.tick();
  }

  feeds(feeds) {
    const strip = get("feeds");
    this.newest = [...feeds.values()].filter(({ open }) => open).map(({ newest }) => newest);
    for (const [source, { newest, count: prices, open }] of feeds) {
      let item = strip.querySelector(`[data-feed="${CSS.escape(source)}"]`);
      if (!item) {
        item = document.createElement("span");
        item.className = "item";
        item.dataset.feed = source;
        item.innerHTML = "<span></span> <b><time></time></b>";
        item.firstElementChild.textContent = `Prices ${source}`;
        strip.append(item);
      }
      item.title = `${prices} instruments priced by ${source}; age of the newest price`;
      item.dataset.open = open;
      item.querySelector("time").dataset.since = newest;
    }
  }

  engine({ heartbeats, waiting_since: waiting, parked, refused }) {
    const beats = Object.values(heartbeats).sort();
    this.beat = beats[0] ?? ""; // the queue that has been silent longest
    get("beat-item").title = Object.keys(heartbeats).map((name) => `${name}: last message that went from the clock through the broker to a worker`).join("\n");
    this.waiting = waiting;
    text(get("refused"), String(refused));
    get("refused-item").classList.toggle("poor", refused > 0);
    get("parked").hidden = parked.length === 0;
    get("parked").title = parked[0] ?? "";
    text(get("parked"), parked.length ? `Computing is parked: ${parked[0]}` : "");
    this.tick();
  }

  /** Each half second: ages, clocks, and the question whether these numbers still live. */
  tick() {
    text(get("clock-utc"), timeOfDay("UTC"));
    text(get("clock-local"), timeOfDay(this.zone));
    const beatAge = secondsSince(this.beat);
    text(get("heartbeat"), this.beat ? age(beatAge) : "none yet");
    get("beat-item").classList.toggle("poor", this.beat !== "" && beatAge > HEARTBEAT_WORRIES_AFTER_SECONDS);
    const queue = this.waiting ? (now() - Date.parse(this.waiting)) / 1000 : 0;
    text(get("queue"), age(Math.max(queue, 0)));
    get("queue").parentElement.classList.toggle("poor", queue > QUEUE_WORRIES_AFTER_SECONDS);
    this.judge();
  }

  judge() {
    const head = this.state.oldest;
    const silent = (performance.now() - this.heard) / 1000 > FROZEN_AFTER_SECONDS;
    const old = head ? secondsSince(head.at) : 0;
    const frozen = Boolean(head) && (silent || old > FROZEN_AFTER_SECONDS || this.phase === "ended");
    this.colour(frozen);
    document.documentElement.classList.toggle("is-frozen", frozen);
    get("frozen").hidden = !frozen;
    if (!frozen) return;
    const at = new Date(Date.parse(head.at)).toISOString().slice(11, 19);
    const why = this.phase === "live" ? "the desk is heard, but no run has been committed since" : lowered(this.words) || "the desk is not heard";
    text(get("frozen-words"), `Numbers are frozen at ${at} UTC: ${why}.`);
  }

  /** Green is for what is young: the connection may live while figures, or the prices under them, grow old. */
  colour(frozen) {
    const late = frozen || this.newest.some(isLate);
    get("phase").classList.toggle("late", late);
    get("run-age").closest(".item").classList.toggle("poor", frozen);
    for (const item of get("feeds").children) item.classList.toggle("poor", item.dataset.open === "true" && isLate(item.querySelector("time").dataset.since));
  }
}

function lowered(sentence) {
  return sentence.replace(/\.$/, "").replace(/^[A-Z]/, (first) => first.toLowerCase());
}

function count(node, codes) {
  text(node, String(codes.length));
  node.title = codes.slice(0, 12).join(", ");
}
