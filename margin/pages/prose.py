"""The concepts as HTML: the small part of Markdown that `docs/concepts` uses, and nothing more.

Takes a text of ours; gives safe HTML: every word is escaped first, and no tag of the text survives. Headings
get anchors as the documentation has them. Pictures are left out: the page they show is a click away.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
CODE = re.compile(r"`([^`]+)`")
BOLD = re.compile(r"\*\*([^*]+)\*\*")
SLANTED = re.compile(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])")
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
ITEM = re.compile(r"(?:- |\d+\. )")


@dataclass(frozen=True, slots=True)
class Heading:
    depth: int
    words: str
    anchor: str


def headings(text: str) -> list[Heading]:
    return [_heading(line) for kind, line in _blocks(text) if kind == "heading"]


def rendered(text: str, address: Callable[[str], str | None]) -> SafeString:
    """`address` says where a link of the documentation leads in the app; None: it stays words."""
    parts = [WRITERS[kind](block, address) for kind, block in _blocks(PICTURE.sub("", text))]
    return mark_safe("\n".join(parts))  # noqa: S308 - every word of it went through `escape`


def anchor_of(words: str) -> str:
    return re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")


Address = Callable[[str], str | None]


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Kind and lines of each block, in order."""
    lines = iter([*text.splitlines(), ""])
    held: list[str] = []
    for line in lines:
        if line.startswith("```"):
            yield from _held(held)
            held = []
            yield "code", "\n".join(iter(lambda: next(lines, "```"), "```"))
        elif not line.strip() or line.startswith("#"):
            yield from _held(held)
            held = []
            if line.startswith("#"):
                yield "heading", line
        else:
            held.append(line)


def _held(held: list[str]) -> Iterator[tuple[str, str]]:
    """A paragraph may lead straight into a list or a table."""
    kinds = [_kind(line) for line in held]
    start = 0
    for k in range(1, len(held) + 1):
        if k == len(held) or (kinds[k] not in ("more", kinds[start])):
            yield ("text" if kinds[start] == "more" else kinds[start]), "\n".join(held[start:k])
            start = k


def _kind(line: str) -> str:
    return "table" if line.startswith("|") else "list" if ITEM.match(line) else "more"


def _heading(line: str) -> Heading:
    marks, _, words = line.partition(" ")
    return Heading(len(marks), words.strip(), anchor_of(words))


def _write_heading(line: str, address: Address) -> str:
    one = _heading(line)
    return f'<h{one.depth} id="{escape(one.anchor)}">{_inline(one.words, address)}</h{one.depth}>'


def _write_code(text: str, address: Address) -> str:
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'


def _write_text(text: str, address: Address) -> str:
    return f"<p>{_inline(text, address)}</p>"


def _write_list(text: str, address: Address) -> str:
    items = re.split(r"\n(?=- |\d+\. )", text)
    kind = "ol" if items[0][0].isdigit() else "ul"
    written = "".join(f"<li>{_inline(ITEM.sub('', item, count=1), address)}</li>" for item in items)
    return f"<{kind}>{written}</{kind}>"


def _write_table(text: str, address: Address) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines()]
    head, body = rows[0], rows[2:]
    heads = "".join(f'<th scope="col">{_inline(cell, address)}</th>' for cell in head)
    lines = "".join(
        f"<tr{_named(row)}>" + "".join(f"<td>{_inline(cell, address)}</td>" for cell in row) + "</tr>"
        for row in body
    )
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
    return f'<div class="scroll" tabindex="0" role="region" aria-label="Table">{table}</div>'


def words_in(cell: str) -> list[str]:
    """The words that a row explains: those slanted in its first cell."""
    return SLANTED.findall(cell) if cell.startswith("*") else []


def _named(row: list[str]) -> str:
    """A row that explains a word can be led to."""
    words = words_in(row[0])
    return f' id="{escape(anchor_of(words[0]))}"' if words else ""


def _inline(text: str, address: Address) -> str:
    """Code is set aside first: nothing in it is markup."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(f"<code>{escape(found[1])}</code>")
        return f"\x00{len(kept) - 1}\x00"

    def lead(found: re.Match[str]) -> str:
        target = address(found[2])
        return found[1] if target is None else f'<a href="{escape(target)}">{found[1]}</a>'

    written = str(escape(CODE.sub(keep, text.replace("\x00", ""))))
    written = SLANTED.sub(r"<em>\1</em>", BOLD.sub(r"<strong>\1</strong>", LINK.sub(lead, written)))
    return re.sub(r"\x00(\d+)\x00", lambda found: kept[int(found[1])], written)


WRITERS: dict[str, Callable[[str, Address], str]] = {
    "heading": _write_heading,
    "code": _write_code,
    "text": _write_text,
    "list": _write_list,
    "table": _write_table,
}
