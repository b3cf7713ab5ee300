// Questions to the server have an end: one that is never answered keeps no page still.
import assert from "node:assert/strict";
import test from "node:test";

import { fetchJson, fetchText } from "../../static/js/door.js";

test("a question that is never answered is given up, and says so", async () => {
  const kept = { fetch: globalThis.fetch, timeout: AbortSignal.timeout };
  const patience = [];
  AbortSignal.timeout = (most) => (patience.push(most), AbortSignal.abort(new Error("too long")));
  globalThis.fetch = (_, { signal }) => (signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve({ ok: true, text: () => "", json: () => "" }));
  const said = [];
  for (const asking of [() => fetchText("/now/"), () => fetchText("/parts/", 8000), () => fetchJson("/state/")]) {
    try {
      said.push(await asking());
    } catch (error) {
      said.push(error.message);
    }
  }
  globalThis.fetch = kept.fetch;
  AbortSignal.timeout = kept.timeout;
  assert.deepEqual(said, ["the desk does not answer", "the desk does not answer", "the desk does not answer"]);
  assert.deepEqual(patience, [30_000, 8_000, 30_000]);
});
