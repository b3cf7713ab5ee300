"""`/help/` renders the concepts: every link and anchor in it leads somewhere, and no tag gets through."""

import re

import pytest

from margin.pages.help import FOLDER, address, body, concepts, terms
from margin.pages.prose import anchor_of, rendered
from tests.conftest import Cast
from tests.pages.rooms import page

pytestmark = pytest.mark.usefixtures("book")


def nowhere(target: str) -> None:
    return None


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# A *b* <i>", '<h1 id="a-b-i">A <em>b</em> &lt;i&gt;</h1>'),
        ("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>"),
        ("- a\n  more\n- b", "<ul><li>a\n  more</li><li>b</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("said:\n- a", "<p>said:</p>\n<ul><li>a</li></ul>"),
        ("`a*b*<c>` **d**", "<p><code>a*b*&lt;c&gt;</code> <strong>d</strong></p>"),
        ("[x](y.md)", "<p>x</p>"),
        ("```json\n<b>\n```", '<pre tabindex="0"><code>&lt;b&gt;</code></pre>'),
        ("![x](y.png)", ""),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
    ],
)
def test_what_the_concepts_use_is_written_as_html(text: str, html: str) -> None:
    assert rendered(text, nowhere) == html


def test_a_table_has_heads_and_rows() -> None:
    found = rendered("| a | b |\n|---|---|\n| 1 | **2** |", nowhere)
    assert '<th scope="col">a</th>' in found
    assert "<td><strong>2</strong></td>" in found


def test_a_link_of_a_script_stays_words() -> None:
    assert address("javascript:alert(1)") is None
    assert address("../reference/api.md") is None
    assert address("levels.md#x") == "/help/levels/#x"


def test_every_concept_is_there_with_its_links_and_anchors() -> None:
    assert set(concepts()) == {path.stem for path in FOLDER.glob("*.md")}
    anchors = {name: set(re.findall(r'id="([^"]+)"', body(name))) for name in concepts()}
    for name in concepts():
        for there, anchor in re.findall(r'href="/help/([\w-]+)/#([^"]+)"', body(name)):
            assert anchor in anchors[there], (name, there, anchor)
        for anchor in re.findall(r'href="#([^"]+)"', body(name)):
            assert anchor in anchors[name], (name, anchor)
    for word, place in terms():
        there, _, anchor = place.removeprefix("/help/").partition("/#")
        assert not anchor or anchor in anchors[there], word


def test_anchors_are_those_of_the_documentation() -> None:
    assert anchor_of("Equity, requirement, utilisation") == "equity-requirement-utilisation"


@pytest.mark.django_db
def test_the_pages_are_read_in_the_app(cast: Cast) -> None:
    found = page(cast.nobody, "/help/")
    assert 'href="/help/levels/"' in found
    assert "Utilisation</a>" in found
    assert "Strictly below" in page(cast.nobody, "/help/levels/")
