// The browser writes every figure as the server does.
import assert from "node:assert/strict";
import test from "node:test";

import * as format from "../../static/js/format.js";
import cases from "../cases/formats.json" with { type: "json" };

const named = { whole_down: "wholeDown", whole_up: "wholeUp", signed_percent: "signedPercent", first_pool: "firstPool", cap_asked: "capAsked", to_liquidation: "toLiquidation" };

for (const [name, list] of Object.entries(cases)) {
  for (const [given, written] of list) {
    test(`${name} writes ${given} as ${written}`, () => assert.equal(format[named[name] ?? name](given), written));
  }
}

test("an age is told in the unit a glance can take", () => {
  assert.deepEqual([0.44, 12.9, 125, 7300, NaN, -3].map(format.age), ["0.4 s", "12 s", "2 min", "2 h", "—", "0.0 s"]);
});

test("a figure that is no plain decimal is refused, not guessed", () => {
  assert.throws(() => format.money("1e5"), RangeError);
});
