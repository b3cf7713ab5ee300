// What the tests here use of node's strict assertions, for a browser.
class AssertionError extends Error {}

function fail(message, ...shown) {
  throw new AssertionError(`${message}: ${shown.map((each) => JSON.stringify(each) ?? String(each)).join(" and ")}`);
}

function alike(one, other) {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && alike(one[key], other[key]));
}

export default {
  equal: (found, wanted) => Object.is(found, wanted) || fail("should be the same", found, wanted),
  notEqual: (found, other) => !Object.is(found, other) || fail("should differ", found, other),
  deepEqual: (found, wanted) => alike(found, wanted) || fail("should be alike", found, wanted),
  throws(run, kind) {
    try {
      run();
    } catch (error) {
      return error instanceof kind || fail("should throw another fault", error.name, kind.name);
    }
    fail("should throw", kind.name);
  },
};
