"""The lists at the root of the graph: companies and what a search finds."""

from __future__ import annotations

from typing import Annotated

import strawberry

from cyclorama.schema.common import PageInfo, Person
from cyclorama.schema.records import Company, Relationship


@strawberry.type
class CompanyEdge:
    cursor: str
    node: Company


@strawberry.type(description="A page of companies.")
class CompanyConnection:
    edges: list[CompanyEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(
        description="How many companies the filter leaves; counted only if asked."
    )


SearchHit = Annotated[
    Company | Relationship | Person,
    strawberry.union("SearchHit", description="What a search can find."),
]


@strawberry.type
class SearchEdge:
    cursor: str
    node: SearchHit
    matched: str = strawberry.field(
        description="The name or the address in which the text was found."
    )


@strawberry.type(description="A page of what a search found, best first.")
class SearchConnection:
    edges: list[SearchEdge]
    page_info: PageInfo
