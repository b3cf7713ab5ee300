// The form: rows of inputs to a request of the API and back. Fills nothing in and corrects nothing.

const COLUMNS = {
  positions: ["instrument", "mode", "quantity", "entry_price", "mark_price", "isolated_margin", "leverage"],
  collateral: ["asset", "amount", "price", "haircut", "liability_rate"],
  instruments: ["name", "kind", "tiers", "contract_size", "underlying", "fee_rate"],
};
const CHOICES = { mode: ["cross", "isolated"], kind: ["linear", "inverse"] };
const LABELS = { entry_price: "entry price", mark_price: "mark", isolated_margin: "own margin", liability_rate: "debt rate", contract_size: "contract size", fee_rate: "fee" };
const NUMBERS = /^(quantity|entry_price|mark_price|isolated_margin|leverage|amount|price|haircut|liability_rate|contract_size|fee_rate)$/;

export class Form {
  constructor(root) {
    this.root = root;
    this.kept = {}; // what JSON said beyond what the form shows, by place
    this.bodies = Object.fromEntries(Object.keys(COLUMNS).map((name) => [name, root.querySelector(`[data-table="${name}"] tbody`)]));
    for (const button of root.querySelectorAll("[data-add]")) {
      button.addEventListener("click", () => this.add(button.dataset.add).querySelector("input").focus());
    }
    root.addEventListener("click", (event) => {
      const row = event.target.closest("[data-remove]")?.closest("tr");
      if (row) {
        row.remove();
        root.dispatchEvent(new Event("change"));
      }
    });
    this.bodies.positions.addEventListener("paste", (event) => this.paste(event));
  }

  add(table, values = {}) {
    const row = document.createElement("tr");
    row.kept = values;
    for (const name of COLUMNS[table]) {
      const cell = row.insertCell();
      const control = CHOICES[name] ? choice(CHOICES[name]) : Object.assign(document.createElement("input"), { type: "text", spellcheck: false });
      if (NUMBERS.test(name)) control.inputMode = "decimal";
      control.dataset.name = name;
      control.setAttribute("aria-label", LABELS[name] ?? name);
      cell.dataset.label = LABELS[name] ?? name;
      const value = name === "tiers" ? written(values.tiers) : values[name];
      if (value != null) control.value = value;
      cell.append(control);
    }
    const last = row.insertCell();
    last.className = "remove";
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button small quiet", textContent: "×" });
    button.dataset.remove = "";
    button.setAttribute("aria-label", "Remove this row");
    last.append(button);
    this.bodies[table].append(row);
    return row;
  }

  /** Rows of a spreadsheet: columns in our order, or named in a first row of headings. */
  paste(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const lines = text.trim().split(/\r?\n/).map((line) => line.split(/\t/).map((each) => each.trim()));
    if (lines.length < 2 && lines[0].length < 2) return;
    event.preventDefault();
    let names = COLUMNS.positions;
    const heads = lines[0].map((each) => headed(each));
    if (heads.includes("instrument")) {
      names = heads;
      lines.shift();
    }
    for (const row of this.lines("positions")) if (!texts(row).some(Boolean)) row.remove();
    for (const line of lines) {
      const values = Object.fromEntries(line.map((value, place) => [names[place], value]).filter(([name]) => name));
      this.add("positions", { ...values, mode: (values.mode || "cross").toLowerCase() });
    }
    for (const row of this.lines("positions")) if (!texts(row).some(Boolean)) row.remove();
    this.root.dispatchEvent(new Event("change"));
  }

  write(request) {
    this.kept = request;
    for (const control of this.root.querySelectorAll("[data-path]")) {
      control.value = request[control.dataset.path] ?? (control.tagName === "SELECT" ? control.options[0].value : "");
    }
    for (const body of Object.values(this.bodies)) body.replaceChildren();
    for (const row of request.positions ?? []) this.add("positions", row);
    for (const row of request.collateral ?? []) this.add("collateral", row);
    for (const [name, row] of Object.entries(request.instruments ?? {})) this.add("instruments", { name, ...row });
  }

  read() {
    const found = {};
    for (const [name, value] of Object.entries(this.kept)) if (!(name in this.bodies)) found[name] = value;
    for (const control of this.root.querySelectorAll("[data-path]")) put(found, control.dataset.path, control.value.trim());
    found.collateral = this.rows("collateral");
    found.positions = this.rows("positions");
    found.instruments = {};
    for (const { name = "", ...row } of this.rows("instruments")) found.instruments[name] = row;
    return found;
  }

  /** The rows of inputs; what is said under one is none of them. */
  lines(table) {
    return [...this.bodies[table].rows].filter((row) => row.className !== "says-row");
  }

  rows(table) {
    return this.lines(table).map((row) => {
      const found = { ...row.kept };
      for (const control of row.querySelectorAll("[data-name]")) {
        const value = control.value.trim();
        put(found, control.dataset.name, control.dataset.name === "tiers" && value ? tiersOf(value) : value);
      }
      return found;
    });
  }

  /** Show refusals at their fields; gives those that have no field here. */
  blame(errors) {
    for (const node of this.root.querySelectorAll(".says, .says-row")) node.remove();
    for (const node of this.root.querySelectorAll("[aria-invalid]")) node.removeAttribute("aria-invalid");
    const rest = [];
    for (const error of errors) {
      const control = this.find(error.field);
      if (!control) {
        rest.push(error);
        continue;
      }
      control.setAttribute("aria-invalid", "true");
      const says = Object.assign(document.createElement("span"), { className: "says", textContent: error.message });
      says.id = `says-${Math.random().toString(36).slice(2)}`;
      control.setAttribute("aria-describedby", says.id);
      place(says, control);
    }
    this.root.querySelector("[aria-invalid]")?.focus();
    return rest;
  }

  find(field) {
    const [, table, place, name] = /^(positions|collateral)\[(\d+)\]\.(\w+)/.exec(field) ?? [];
    if (table) return this.lines(table)[Number(place)]?.querySelector(`[data-name="${name}"]`);
    if (field.startsWith("instruments.")) {
      for (const row of this.lines("instruments")) {
        const code = row.querySelector('[data-name="name"]').value.trim();
        if (field !== `instruments.${code}` && !field.startsWith(`instruments.${code}.`)) continue;
        const part = field.slice(`instruments.${code}.`.length).split(/[.[]/)[0] || "name";
        return row.querySelector(`[data-name="${part}"]`) ?? row.querySelector("input");
      }
    }
    return this.root.querySelector(`[data-path="${field}"]`);
  }
}

function put(found, name, value) {
  if (value === "") delete found[name];
  else found[name] = value;
}

/** At its field; in a table, whose cells are narrow, across the whole of a row under it, by the name of the field. */
function place(says, control) {
  const row = control.closest("[data-table] tr");
  if (!row) return control.after(says);
  says.prepend(`${control.getAttribute("aria-label")}: `);
  let under = row.nextElementSibling;
  if (under?.className !== "says-row") {
    under = Object.assign(document.createElement("tr"), { className: "says-row" });
    under.insertCell().colSpan = row.cells.length;
    row.after(under);
  }
  under.cells[0].append(says);
}

function texts(row) {
  return [...row.querySelectorAll("input")].map((input) => input.value.trim());
}

function choice(words) {
  const select = document.createElement("select");
  for (const word of words) select.add(new Option(word, word));
  return select;
}

function headed(text) {
  const name = text.toLowerCase().replaceAll(/[\s-]+/g, "_");
  const alias = { symbol: "instrument", size: "quantity", qty: "quantity", entry: "entry_price", mark: "mark_price", margin: "isolated_margin", own_margin: "isolated_margin" };
  return alias[name] ?? (COLUMNS.positions.includes(name) ? name : null);
}

/** `0:0.02:0.01; 50000:0.05:0.02`; a fourth part is the venue's own amount. */
function tiersOf(text) {
  return text.split(";").map((each) => each.trim()).filter(Boolean).map((each) => {
    const [floor, initial, maintenance, amount] = each.split(":").map((part) => part.trim());
    const tier = { floor, initial_rate: initial, maintenance_rate: maintenance };
    if (amount !== undefined) tier.maintenance_amount = amount;
    return tier;
  });
}

function written(tiers) {
  return Array.isArray(tiers)
    ? tiers.map((tier) => [tier.floor, tier.initial_rate, tier.maintenance_rate, tier.maintenance_amount].filter((part) => part != null).join(":")).join("; ")
    : "";
}
