"""Notes as HTML: what is kept of them, what is refused, and their plain text.

The sanitiser decides what is kept. Scripts are refused before, so that an author learns
of it; what only dresses up the text is dropped in silence.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

import nh3

TAGS: Final = frozenset(
    [
        "p",
        "br",
        "hr",
        "strong",
        "b",
        "em",
        "i",
        "u",
        "s",
        "a",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ]
)
_ACTIVE: Final = frozenset(
    [
        "script",
        "iframe",
        "frame",
        "object",
        "embed",
        "applet",
        "base",
        "link",
        "meta",
        "form",
    ]
)
_LINKS: Final = frozenset(
    [
        "href",
        "src",
        "action",
        "formaction",
        "data",
        "xlink:href",
        "srcdoc",
        "background",
    ]
)
_SCHEMES: Final = ("javascript:", "vbscript:", "data:")
_BLOCKS: Final = frozenset(
    [
        "p",
        "br",
        "hr",
        "li",
        "blockquote",
        "pre",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "tr",
        "div",
    ]
)
_UNSEEN: Final = re.compile(r"[\x00-\x20]+")


def cleaned_html(html: str) -> str:
    """The HTML with the tags that notes may have and with links to the web and to mail."""
    return nh3.clean(
        html,
        tags=set(TAGS),
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def active_part(html: str) -> str | None:
    """What of the HTML would run or load something, in words; None where nothing would."""
    reader = _Active()
    reader.feed(html)
    reader.close()
    return reader.found


def plain_text(html: str) -> str:
    """The text of HTML, a line for each block."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return "\n".join(line for line in lines if line)


class _Active(HTMLParser):
    """Finds the first thing that is not text."""

    found: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.found is None:
            self.found = _active_tag(tag, attrs)


def _active_tag(tag: str, attrs: list[tuple[str, str | None]]) -> str | None:
    if tag in _ACTIVE:
        return f"the element <{tag}>"
    for name, value in attrs:
        if name.startswith("on"):
            return f"the attribute {name[:40]}"
        link = _UNSEEN.sub("", value or "").lower()
        if name in _LINKS and link.startswith(_SCHEMES):
            return f"a link with {link.partition(':')[0]}:"
    return None


class _Text(HTMLParser):
    """Gathers the text."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.is_kept = False
        """Whether a break of the text is one of its lines: inside of `pre`."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.is_kept = self.is_kept or tag == "pre"
        if tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.is_kept = self.is_kept and tag != "pre"
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data if self.is_kept else " ".join(data.split("\n")))
