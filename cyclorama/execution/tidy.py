"""Operations that are cancelled leave nothing behind that was never awaited."""

from __future__ import annotations

from functools import partial
from typing import Any

from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from cyclorama.resolvers.held import Later, held


class TidyExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core, which nests coroutines: a task that is cancelled before its first step
    drops the ones inside. Each level's is held here."""

    def execute_fields(self, *given: Any) -> Any:
        """As upstream."""
        return held(super().execute_fields(*given))

    def execute_field(self, *given: Any) -> Any:
        """As upstream."""
        return held(super().execute_field(*given))

    def complete_awaitable_value(
        self, return_type: Any, details: Any, info: Any, path: Any, result: Any, at: Any
    ) -> Any:
        """As upstream."""
        work = super().complete_awaitable_value
        return Later(partial(work, return_type, details, info, path, held(result), at))

    def complete_awaitable_list_item_value(self, item: Any, *given: Any) -> Any:
        """As upstream."""
        work = super().complete_awaitable_list_item_value
        return Later(partial(work, held(item), *given))

    def complete_list_value(self, *given: Any) -> Any:
        """As upstream."""
        return held(super().complete_list_value(*given))
