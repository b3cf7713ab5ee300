// Talking to the server over HTTP: one place for tokens, sessions that ended, and refusals in words.

class Refused extends Error {
  constructor(words, rule = "") {
    super(words);
    this.rule = rule;
  }
}

const PATIENCE_MS = 30_000; // a server that took a question and never answers must not keep a page still

let signIn = "/accounts/login/";

export function signInAt(address) {
  signIn = address;
}

function goToSignIn() {
  location.assign(`${signIn}?next=${encodeURIComponent(location.pathname + location.search)}`);
}

export async function fetchText(address, patience = PATIENCE_MS) {
  return (await ask(address, { signal: AbortSignal.timeout(patience) })).text();
}

export async function fetchJson(address) {
  const headers = { Accept: "application/json" };
  return (await ask(address, { headers, signal: AbortSignal.timeout(PATIENCE_MS) })).json();
}

/** Send a deed as JSON, with the form token of this page. */
export async function send(address, body) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token };
  return ask(address, { method: "POST", headers, body: JSON.stringify(body) });
}

async function ask(address, options = {}) {
  const answer = await fetch(address, { credentials: "same-origin", ...options }).catch(() => {
    throw new Refused("the desk does not answer");
  });
  if (answer.status === 401 || (answer.redirected && new URL(answer.url).pathname === signIn)) {
    goToSignIn();
    throw new Refused("your session has ended");
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

/** What a problem says, in its own words where it has some. */
async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  const first = problem.errors?.[0];
  const words = first?.message ?? problem.detail ?? problem.title ?? `the server answered ${answer.status}`;
  return new Refused(words, first?.rule);
}
