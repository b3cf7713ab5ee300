// What the tests here use of node's test runner, for a browser: the same files also run under `node --test`.
const tests = [];

export default function test(name, run) {
  tests.push({ name, run });
}

/** Run them in order; gives each failure with its name, and how many there were. */
export async function runAll() {
  const failed = [];
  for (const { name, run } of tests) {
    try {
      await run();
    } catch (error) {
      failed.push(`${name}: ${error.stack}`);
    }
  }
  return { count: tests.length, failed };
}
