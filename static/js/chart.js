// The headroom chart: figure from the server, points from the socket, drawn at most four times a second and never
// while nobody can see it. Colours are tokens, resolved for the theme of the moment.

const DRAW_EVERY_MS = 250;
const SPAN_MS = 30 * 60_000;
const LEAST_SPAN_MS = 3 * 60_000; // a young desk is not shown as an empty half hour
const TOKEN = /^var\((--[\w-]+)\)$/;

export class Chart {
  constructor({ node, text, address, fetchJson }) {
    Object.assign(this, { node, text, address, fetchJson });
    this.figure = null;
    this.drawn = 0;
    this.timer = null;
    document.addEventListener("visibilitychange", () => this.soon());
    document.addEventListener("themechange", () => this.soon());
    new ResizeObserver(() => this.soon()).observe(node);
  }

  async load() {
    try {
      this.figure = await this.fetchJson(this.address);
      this.text.textContent = this.figure.text;
      this.soon();
    } catch (error) {
      this.text.textContent = `The chart could not be read: ${error.message}.`;
      this.node.dataset.failed = this.text.textContent;
    }
  }

  /** One more point, dropped where it is older than the newest; what has left the window goes. */
  add({ at, equity, house_maintenance: requirement, utilisation }) {
    if (!this.figure) return;
    const [required, owned, used] = this.figure.data;
    const time = at.slice(0, 23);
    if (required.x.length && time <= required.x.at(-1)) return;
    const ago = (span) => new Date(Date.parse(at) - span).toISOString().slice(0, 23);
    const first = ago(SPAN_MS);
    const values = [[required, requirement], [owned, equity], [used, utilisation]];
    for (const [trace, value] of values) {
      trace.y.push(value == null ? null : Number(value));
      if (trace === required) trace.x.push(time);
    }
    while (required.x.length && required.x[0] < first) {
      required.x.shift();
      for (const [trace] of values) trace.y.shift();
    }
    owned.x = used.x = required.x;
    const start = required.x[0] < ago(LEAST_SPAN_MS) ? required.x[0] : ago(LEAST_SPAN_MS);
    this.figure.layout.xaxis.range = [start > first ? start : first, time];
    this.soon();
  }

  soon() {
    if (this.timer || !this.figure || document.hidden || !globalThis.Plotly || !this.node.clientWidth) return;
    const wait = Math.max(0, this.drawn + DRAW_EVERY_MS - performance.now());
    this.timer = setTimeout(() => this.draw(), wait);
  }

  draw() {
    this.timer = null;
    this.drawn = performance.now();
    const { data, layout } = resolved(this.figure, getComputedStyle(this.node));
    // Plotly keeps a zoom only if our own range did not change under it: `uirevision` in the layout sees to that.
    globalThis.Plotly.react(this.node, data, layout, { displayModeBar: false, responsive: false, doubleClick: "reset" });
  }
}

/** A copy with tokens turned into colours. Arrays of points are shared, not copied. */
export function resolved(figure, style) {
  const colours = new Map();
  const colourOf = (token) => {
    if (!colours.has(token)) colours.set(token, colour(style, token));
    return colours.get(token);
  };
  const walk = (value) => {
    if (typeof value === "string") {
      const token = TOKEN.exec(value);
      return token ? colourOf(token[1]) : value;
    }
    if (Array.isArray(value)) return value.length && typeof value[0] === "object" ? value.map(walk) : [...value];
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each)]));
    return value;
  };
  return { data: walk(figure.data), layout: walk(figure.layout) };
}

/** A token as rgb: the browser itself resolves light-dark() and color-mix() on a probe. */
function colour(style, token) {
  const probe = document.createElement("i");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const canvas = document.createElement("canvas").getContext("2d");
  canvas.fillStyle = getComputedStyle(probe).color;
  canvas.fillRect(0, 0, 1, 1);
  probe.remove();
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return `rgba(${red},${green},${blue},${(alpha / 255).toFixed(3)})`;
}
