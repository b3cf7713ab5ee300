// Ages and what is left until an instant, by the desk's clock.
import assert from "node:assert/strict";
import test from "node:test";

import { countDown, isLate } from "../../static/js/ages.js";

test("what is left counts down by minutes and seconds, then it is due", () => {
  assert.deepEqual([59, 511, 7199, 7200, 0, -5].map(countDown), ["in 0:59", "in 8:31", "in 119:59", "in 2 h", "due now", "due now"]);
});

test("what is a quarter of a minute old is late, and what has no time is not", () => {
  const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
  assert.deepEqual([ago(0), ago(10), ago(30), ""].map(isLate), [false, false, true, false]);
});
