"""Folding of names, so that one comparison finds accents, cases and scripts alike."""

from __future__ import annotations

import unicodedata


def fold(name: str) -> str:
    """Case folded, marks removed, blanks joined; Japanese stays as written."""
    return folded(name)[:600]


def folded(text: str) -> str:
    """As `fold`, of a text of any length."""
    split = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in split if not _is_accent(c))
    return " ".join(unicodedata.normalize("NFKC", kept).casefold().split())


def _is_accent(character: str) -> bool:
    """A mark that may go; the voicing marks of kana change the word and stay."""
    return unicodedata.category(character) == "Mn" and character not in "\u3099\u309a"
