// The socket comes back by itself, says when it is silent, and stops where it is told to.
import assert from "node:assert/strict";
import test from "node:test";

import { backOff, DeskSocket } from "../../static/js/socket.js";

class Hands {
  constructor() {
    this.timers = [];
    this.sockets = [];
    this.phases = [];
    this.opened = 0;
    this.desk = new DeskSocket({
      address: "ws://desk", onFrame() {}, onOpen: () => (this.opened += 1),
      onPhase: (phase, words, closing) => this.phases.push(closing?.signIn ? `${phase}, sign in` : phase),
      make: () => this.sockets[this.sockets.push({ readyState: 1, close() { this.readyState = 3; }, send() {} }) - 1],
      timers: { setTimeout: (run, delay) => this.timers.push({ run, delay }), clearTimeout: (id) => id && (this.timers[id - 1].run = null) },
    });
    this.desk.open();
  }

  get newest() {
    return this.sockets.at(-1);
  }

  pass() {
    const next = this.timers.filter(({ run }) => run).sort((a, b) => a.delay - b.delay)[0];
    const { run, delay } = next;
    next.run = null;
    run();
    return delay;
  }
}

test("it is live with the first frame, not with the handshake", () => {
  const hands = new Hands();
  hands.newest.onopen();
  assert.deepEqual([hands.phases, hands.opened], [[], 1]);
  hands.newest.onmessage({ data: '{"type":"snapshot"}' });
  assert.deepEqual(hands.phases, ["live"]);
});

test("fifteen silent seconds are stale, and another socket is opened", () => {
  const hands = new Hands();
  hands.newest.onmessage({ data: '{"type":"beat"}' });
  assert.equal(hands.pass(), 15_000);
  assert.equal(hands.phases.at(-1), "stale");
  hands.pass();
  assert.equal(hands.sockets.length, 2);
  assert.equal(hands.phases.at(-1), "stale", "it stays stale until something is heard");
  hands.newest.onmessage({ data: '{"type":"snapshot"}' });
  assert.equal(hands.phases.at(-1), "live");
});

test("a session that ended leads to the sign-in page and never reconnects", () => {
  const hands = new Hands();
  hands.newest.onclose({ code: 4401 });
  assert.equal(hands.phases.at(-1), "ended, sign in");
  assert.equal(hands.timers.filter(({ run }) => run).length, 0);
});

for (const code of [4400, 4403, 1009]) {
  test(`closing ${code} ends it for good`, () => {
    const hands = new Hands();
    hands.newest.onclose({ code });
    assert.equal(hands.phases.at(-1), "ended");
    assert.equal(hands.timers.filter(({ run }) => run).length, 0);
  });
}

test("closing 4429 waits half a minute, 4001 not at all", () => {
  const slow = new Hands();
  slow.newest.onclose({ code: 4429 });
  assert.equal(slow.pass(), 30_000);
  const quick = new Hands();
  quick.newest.onclose({ code: 4001 });
  assert.equal(quick.pass(), 0);
});

test("what an old socket still says is not heard", () => {
  const hands = new Hands();
  const old = hands.newest;
  old.onclose({ code: 1006 });
  hands.pass();
  old.onmessage({ data: '{"type":"snapshot"}' });
  assert.notEqual(hands.phases.at(-1), "live");
});

test("however often it is hurried, one socket is open", () => {
  const hands = new Hands();
  hands.newest.onmessage({ data: '{"type":"beat"}' });
  hands.pass();
  for (let again = 0; again < 3; again += 1) hands.desk.hurry();
  assert.equal(hands.phases.at(-1), "stale");
  assert.deepEqual(hands.sockets.map(({ readyState }) => readyState), [3, 3, 3, 1]);
});

test("the wait doubles up to half a minute, anywhere below that bound", () => {
  assert.deepEqual([0, 1, 4, 5, 20].map((attempt) => backOff(attempt, () => 1)), [1000, 2000, 16000, 30000, 30000]);
  assert.equal(backOff(9, () => 0), 250);
});
