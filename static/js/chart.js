// A chart: any figure of `margin/charts`, drawn at most four times a second and never while nobody can see it. Points
// that come over the socket go in as the figure's `live` says. Colours are tokens, resolved for the theme of the moment.

const DRAW_EVERY_MS = 250;
const TOKEN = /^var\((--[\w-]+)\)$/;
const CONFIG = { displayModeBar: false, responsive: false, doubleClick: "reset" };

/** The charts of a page: `data-chart` on a node names it as the socket does, `data-figure` where its figure is. */
export function findCharts(fetchJson, root = document) {
  const nodes = [...root.querySelectorAll("[data-chart]")];
  return new Map(nodes.map((node) => [node.dataset.chart, new Chart(node, fetchJson)]));
}

export class Chart {
  constructor(node, fetchJson) {
    Object.assign(this, { node, fetchJson, figure: null, drawn: 0, timer: null });
    this.text = document.getElementById(node.getAttribute("aria-describedby"));
    const again = () => this.soon();
    document.addEventListener("visibilitychange", again);
    document.addEventListener("themechange", again);
    addEventListener("load", again); // Plotly may come after the figure
    new ResizeObserver(again).observe(node);
    if (node.dataset.figure) this.load();
  }

  /** The figure from where the page says it is. */
  async load() {
    try {
      this.show(await this.fetchJson(this.node.dataset.figure));
    } catch (error) {
      this.text.textContent = `The chart could not be read: ${error.message}.`;
      this.node.dataset.failed = this.text.textContent;
    }
  }

  show(figure) {
    delete this.node.dataset.failed;
    this.figure = figure;
    this.text.textContent = figure?.text ?? "";
    this.soon();
  }

  /** One more point for every trace, if it is newer than the last; what has left the window goes. */
  add(point) {
    const { data, layout, live } = this.figure ?? {};
    if (!live) return;
    const times = data[live.y.findIndex(Boolean)].x;
    const time = point[live.x].slice(0, 23);
    if (times.length && time <= times.at(-1)) return;
    times.push(time);
    const lines = data.map((trace, place) => [trace, live.y[place]]).filter(([, field]) => field);
    for (const [trace, field] of lines) {
      trace.x = times;
      trace.y.push(point[field] == null ? null : Number(point[field]));
    }
    const ago = (seconds) => new Date(Date.parse(point[live.x]) - seconds * 1000).toISOString().slice(0, 23);
    const first = ago(live.most_seconds);
    const past = times.findIndex((each) => each >= first);
    times.splice(0, past);
    for (const [trace] of lines) trace.y.splice(0, past);
    if (live.ground) Object.assign(data[live.ground.trace], outlines(times, data[live.ground.low].y, data[live.ground.high].y));
    layout.xaxis.range = [[times[0], ago(live.least_seconds)].sort()[0], time];
    this.soon();
  }

  soon() {
    if (this.timer || !this.figure || document.hidden || !globalThis.Plotly || !this.node.clientWidth) return;
    const wait = Math.max(0, this.drawn + DRAW_EVERY_MS - performance.now());
    this.timer = setTimeout(() => this.draw(), wait);
  }

  draw() {
    this.timer = null;
    if (!this.figure) return;
    this.drawn = performance.now();
    const { data, layout } = resolved(this.figure, getComputedStyle(this.node));
    // Plotly keeps a zoom only if our own range did not change under it: `uirevision` in the layout sees to that.
    globalThis.Plotly.react(this.node, data, layout, CONFIG);
  }
}

/** The ground between two lines of steps: one outline a stretch, nothing where either is unknown. As `margin/charts/ground.py`. */
function outlines(times, low, high) {
  const corners = [];
  const stretches = [[]];
  times.forEach((_, at) => (low[at] == null || high[at] == null ? stretches.push([]) : stretches.at(-1).push(at)));
  for (const stretch of stretches.filter(({ length }) => length)) {
    const stairs = (values) => stretch.flatMap((at, place) => (place ? [[times[at], values[at - 1]], [times[at], values[at]]] : [[times[at], values[at]]]));
    if (corners.length) corners.push([null, null]);
    corners.push(...stairs(high), ...stairs(low).reverse());
  }
  return { x: corners.map(([time]) => time), y: corners.map(([, value]) => value) };
}

/** A copy with tokens turned into colours. Arrays of points are shared, not copied. */
function resolved(figure, style) {
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
