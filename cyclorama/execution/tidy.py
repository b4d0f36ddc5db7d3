"""Operations that are cancelled leave nothing behind that was never awaited."""

from __future__ import annotations

from typing import Any

from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from cyclorama.resolvers.held import held


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
        self,
        return_type: Any,
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        """As upstream."""
        return super().complete_awaitable_value(
            return_type, field_details_list, info, path, held(result), position_context
        )

    def complete_list_value(self, *given: Any) -> Any:
        """As upstream."""
        return held(super().complete_list_value(*given))
