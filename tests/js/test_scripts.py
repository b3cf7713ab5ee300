"""The scripts' own tests, run in the browser that the pages are tested in: nothing else needs to be there.

They are written for node's test runner, so that `node --test tests/js/` runs them too; in the browser the few
words of node that they use are given by `tests/js/node/`.
"""

import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
WORDS = {b'"node:test"': b'"/tests/js/node/test.js"', b'"node:assert/strict"': b'"/tests/js/node/assert.js"'}
PAGE = b"<!doctype html><title>Tests of the scripts</title><link rel=icon href=data:,>"
RUN = """name => new Promise((done, failed) => {
    const source = `import { runAll } from "/tests/js/node/test.js";
        await import("/tests/js/${name}"); postMessage(await runAll());`;
    const text = source.replaceAll('"/', `"${location.origin}/`);
    const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const worker = new Worker(address, { type: "module" });
    worker.onmessage = ({ data }) => done(data);
    worker.onerror = (error) => failed(new Error(error.message ?? "the script cannot be read"));
})"""

pytestmark = pytest.mark.browser


class Files(SimpleHTTPRequestHandler):
    """This checkout, with node's words led to ours."""

    extensions_map = {".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json"}

    def do_GET(self) -> None:
        file = ROOT / self.path.lstrip("/")
        body = file.read_bytes() if file.is_file() else PAGE
        if file.suffix == ".mjs":
            for word, place in WORDS.items():
                body = body.replace(word, place)
        self.send_response(200)
        self.send_header("Content-Type", self.extensions_map.get(file.suffix, "text/html"))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        """Nothing to say."""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(ROOT)))
    serving = Thread(target=server.serve_forever)
    serving.start()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield page
        browser.close()
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_the_scripts_keep_their_word(page: Page, name: str) -> None:
    ran = page.evaluate(RUN, name)
    assert ran["count"] > 0
    assert ran["failed"] == []
