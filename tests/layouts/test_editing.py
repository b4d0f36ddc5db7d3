"""Edits of the layout file's text: what they change, and that comments stay."""

from __future__ import annotations

import pytest
from layout_files import parse

from cyclorama.errors import ConfigError
from cyclorama.layouts.editing import clone, decouple, publish, relink

FILE = """\
# Our layouts.
shared_sections:
  - key: contract # once for all
    section: attributes
    name: Contract
    config:
      groups:
        - label: Dates
          fields:
            - path: arr
layouts:
  # The first.
  - key: company
    kind: COMPANY
    name: Company
    is_default: true
    placements:
      - section: summary
      - shared: contract # shown here
        label: Our contract
  - key: any
    kind: RELATIONSHIP
    name: Any
    is_default: true
"""


def test_a_clone_is_a_draft_that_shares_what_wtidiedd() -> None:
    text = clone(FILE, "company", "copy", "Copy")
    assert all(f"# {c}" in text for c in ("Our layouts.", "once for all", "The first."))
    first, _, copy = parse(text).layouts
    assert (copy.key, copy.name, copy.status, copy.is_default) == (
        "copy",
        "Copy",
        "DRAFT",
        False,
    )
    assert copy.placements == first.placements
    assert copy.placements[1].shared == "contract"


def test_a_draft_is_published_alone_or_over_another() -> None:
    draft = clone(FILE, "company", "copy", "Copy")
    alone = parse(publish(draft, "copy", None))
    assert [x.status for x in alone.layouts] == ["PUBLISHED"] * 3
    edited = draft.replace("label: Our contract", "label: Deal")
    over = parse(publish(edited, "copy", "company"))
    assert [(x.key, x.name) for x in over.layouts] == [
        ("company", "Copy"),
        ("any", "Any"),
    ]
    assert over.layouts[0].placements[1].label == "Deal"
    assert over.layouts[0].is_default


def test_a_decoupled_section_keeps_its_settings_and_can_be_linked_again() -> None:
    apart = decouple(FILE, "company", "attributes", {"contract": 4})
    placement = parse(apart).layouts[0].placements[1]
    assert (placement.shared, placement.section) == (None, "attributes")
    assert (placement.decoupled_from, placement.decoupled_version) == ("contract", 4)
    assert placement.config == parse(FILE).shared[0].config
    assert "# once for all" in apart
    assert parse(relink(apart, "company", "attributes")) == parse(FILE)


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda: clone(FILE, "none", "x", None), "no layout 'none'; there are any, comp"),
        (lambda: publish(FILE, "company", None), "'company' is no draft"),
        (
            lambda: publish(clone(FILE, "company", "x", None), "x", "any"),
            "differ in their kind",
        ),
        (lambda: decouple(FILE, "company", "summary", {}), "shows no shared section"),
        (lambda: decouple(FILE, "company", "x", {}), "no placement 'x'; there are attr"),
        (lambda: relink(FILE, "company", "summary"), "was not decoupled"),
        (
            lambda: relink(
                decouple(FILE, "company", "attributes", {}).replace(
                    "key: contract", "key: other"
                ),
                "company",
                "attributes",
            ),
            "no shared section 'contract'; there are other",
        ),
    ],
)  # fmt: skip
def test_an_edit_that_makes_no_sense_is_refused(edit: object, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        edit()  # type: ignore[operator]
