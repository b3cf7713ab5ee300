// The calculator's form and page: what is refused is said under its row, and an answer of other input is marked as such.
import assert from "node:assert/strict";
import test from "node:test";

class Node {
  constructor(name, given = {}) {
    Object.assign(this, { name, kids: [], dataset: {}, attributes: {}, cells: [], className: "", textContent: "" }, given);
  }
  addEventListener() {}
  replaceChildren(...kids) { this.kids = kids; }
  prepend(...kids) { this.kids.unshift(...kids); }
  append(...kids) { this.kids.push(...kids); }
  setAttribute(name, value) { this.attributes[name] = value; }
  getAttribute(name) { return this.attributes[name] ?? null; }
  toggleAttribute(name, is) { is ? this.setAttribute(name, "") : delete this.attributes[name]; }
  insertCell() { return this.cells[this.cells.push(new Node("td")) - 1]; }
  get nextElementSibling() { return this.body?.rows[this.body.rows.indexOf(this) + 1] ?? null; }
  after(row) { row.body = this.body; this.body.rows.splice(this.body.rows.indexOf(this) + 1, 0, row); }
  focus() {}
  add() {}
}

/** A table of rows with one input each. */
function table(...values) {
  const body = new Node("tbody", { rows: [] });
  for (const value of values) {
    const row = new Node("tr", { body, cells: [new Node("td"), new Node("td")], kept: {} });
    const control = new Node("input", { value, dataset: { name: "quantity" }, attributes: { "aria-label": "quantity" }, closest: () => row });
    Object.assign(row, { querySelector: () => control, querySelectorAll: () => [control] });
    body.rows.push(row);
  }
  return body;
}

function root(positions) {
  const bodies = { positions, collateral: table(), instruments: table() };
  return new Node("form", {
    querySelector: (path) => bodies[/data-table="(\w+)"/.exec(path)?.[1]] ?? null,
    querySelectorAll: () => [],
  });
}

const made = {};
globalThis.document = {
  getElementById: (id) => (made[id] ??= id === "account" ? root(table()) : new Node(id, { hidden: id === "answer" })),
  createElement: (name) => new Node(name), addEventListener() {},
  querySelector: () => ({ content: "token" }), querySelectorAll: () => [],
};
globalThis.addEventListener = () => {};
globalThis.ResizeObserver = class { observe() {} };
globalThis.location ??= { hash: "", pathname: "/calculator/" };
globalThis.history = { replaceState() {} };
globalThis.Option ??= class {};

test("what is refused is said across a row of its own, which is no row of inputs", async () => {
  const { Form } = await import("../../static/js/calculator/form.js");
  const positions = table("1e3", "2");
  const form = new Form(root(positions));
  form.blame([0, 1].map((place) => ({ field: `positions[${place}].quantity`, message: `wrong ${place}` })));
  assert.deepEqual(positions.rows.map(({ className }) => className), ["", "says-row", "", "says-row"]);
  const [cell] = positions.rows[3].cells;
  assert.deepEqual([cell.colSpan, cell.kids[0].kids[0], cell.kids[0].textContent], [2, "quantity: ", "wrong 1"]);
  assert.deepEqual(form.rows("positions"), [{ quantity: "1e3" }, { quantity: "2" }]);
});

test("an answer that stands after a refusal or a failure is marked as of other input, until the next", async () => {
  const mode = { level: "normal", pools: [{ initial: null, house_maintenance: null }], capital: {}, distance: {}, next: {}, positions: [] };
  const found = { cross: mode, isolated: mode, as_given: mode, chart: null, advice: { mode: "any", reasons: [], warnings: [], positions: [] } };
  const answered = async () => ({ ok: true, json: async () => found });
  const refused = async () => ({ ok: false, json: async () => ({ detail: "no" }) });
  const failed = async () => { throw new TypeError("away"); };
  let submit;
  made.account = root(table());
  made.account.addEventListener = (name, act) => { if (name === "submit") submit = () => act({ preventDefault() {} }); };
  const seen = [];
  const asks = async (reply, ask) => {
    globalThis.fetch = reply;
    await ask();
    await new Promise((done) => setTimeout(done, 0));
    seen.push([...["answer", "chart-panel"].map((id) => "data-stale" in made[id].attributes), !made["not-of-this"].hidden]);
  };
  await asks(refused, () => import("../../static/js/calculator/page.js"));
  for (const reply of [answered, refused, answered, failed, answered]) await asks(reply, () => submit());
  const [fresh, stale] = [[false, false, false], [true, true, true]];
  assert.deepEqual(seen, [[true, true, false], fresh, stale, fresh, stale, fresh]); // at first there is no answer to mark
});
