"""Validation: what is plainly valid is found so in one walk, all else by graphql-core.

graphql-core's rules visit a document one node and one rule at a time. The walk here goes
the way that execution goes: through the selections of one operation, those of one response
object together. It knows the ordinary constructs only, accepts none that graphql-core
refuses, and explains nothing: whatever it does not accept is given to graphql-core, whose
answer counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    TypeNameMetaFieldDef,
    Undefined,
    VariableNode,
    get_named_type,
    is_input_type,
    print_ast,
    type_from_ast,
    validate,
)
from graphql.type import is_required_argument, is_required_input_field
from graphql.utilities import do_types_overlap, is_equal_type
from graphql.utilities.validate_input_value import validate_input_literal
from graphql.validation.rules.variables_in_allowed_position import (
    allowed_variable_usage,
)

MOST_ERRORS: Final = 50
MOST_VISITS: Final = 4_000
"""Selections in all that the walk looks at; twice what an operation may ask by default."""
DEEPEST: Final = 100
"""Selection sets in one another, fragments included; half of what graphql-core allows."""
_TYPENAME: Final = TypeNameMetaFieldDef.type
CONDITIONS: Final = ("skip", "include")
COMPOSITE: Final = (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType)
_Fields = dict[str, tuple[Any, dict[int, FieldNode]]]
"""The type and the nodes, each once, of what is asked, by response key."""


class _UnusualError(Exception):
    """The document is one for graphql-core."""


def validated(schema: GraphQLSchema, document: DocumentNode) -> Sequence[GraphQLError]:
    """What is wrong with a document, as graphql-core says it; nothing if it is valid."""
    if is_plainly_valid(schema, document):
        return ()
    return validate(schema, document, max_errors=MOST_ERRORS, hide_suggestions=True)


def is_plainly_valid(schema: GraphQLSchema, document: DocumentNode) -> bool:
    """Whether a document is one operation of ordinary constructs that is valid; False
    says nothing about it."""
    try:
        _Walk(schema, document).operation()
    except _UnusualError:
        return False
    return True


def _need(fact: object) -> None:
    if not fact:
        raise _UnusualError


def _written(node: FieldNode) -> list[tuple[str, str]]:
    return [(a.name.value, print_ast(a.value)) for a in node.arguments or ()]


def _refuse(_error: GraphQLError, _path: list[str | int]) -> NoReturn:
    raise _UnusualError


class _Walk:
    """One walk through one document; raises `_UnusualError` where it knows no further."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.schema = schema
        self.document = document
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        self.spread: set[str] = set()
        self.variables: dict[str, tuple[Any, Any]] = {}
        """The type and the default value of each, by name."""
        self.used: set[str] = set()
        self.visits = 0

    def operation(self) -> None:
        """Accept the document's one operation and the fragments that it spreads."""
        operations = []
        for node in self.document.definitions:
            if isinstance(node, FragmentDefinitionNode):
                _need(node.name.value not in self.fragments)
                _need(not node.variable_definitions)
                self.fragments[node.name.value] = node
            else:
                _need(isinstance(node, OperationDefinitionNode))
                operations.append(node)
            _need(not node.directives and node.description is None)  # type: ignore[attr-defined]
        _need(len(operations) == 1)
        (operation,) = operations
        assert isinstance(operation, OperationDefinitionNode)
        _need(operation.operation is not OperationType.SUBSCRIPTION)
        root = self.schema.get_root_type(operation.operation)
        _need(root)
        self.define_variables(operation)
        self.selections([(root, operation.selection_set)], 1)
        _need(self.used == self.variables.keys())
        _need(self.spread == self.fragments.keys())

    def define_variables(self, operation: OperationDefinitionNode) -> None:
        """Accept the variables' types and default values."""
        for node in operation.variable_definitions or ():
            name = node.variable.name.value
            type_ = type_from_ast(self.schema, node.type)
            _need(type_ and is_input_type(type_) and name not in self.variables)
            _need(not node.directives and node.description is None)
            if node.default_value is not None:
                self.value(node.default_value, type_)
            self.variables[name] = (type_, node.default_value)

    def selections(
        self, sets: Sequence[tuple[Any, SelectionSetNode]], depth: int
    ) -> None:
        """Accept the selection sets that make one response object, each on its type."""
        fields: _Fields = {}
        for type_, node in sets:
            self.collect(type_, node, fields, depth)
        for type_, nodes in fields.values():
            named = get_named_type(type_)
            held = [n.selection_set for n in nodes.values()]
            inner = [(named, s) for s in held if s is not None]
            _need(len(inner) == (len(nodes) if isinstance(named, COMPOSITE) else 0))
            if inner:
                self.selections(inner, depth + 1)

    def collect(
        self,
        parent: Any,
        selections: SelectionSetNode,
        fields: _Fields,
        depth: int,
    ) -> None:
        """Add the fields of a selection set, those of its fragments too, by response key;
        a fragment that spreads itself is deeper than any."""
        _need(depth < DEEPEST and selections.selections)
        self.visits += len(selections.selections)
        _need(self.visits < MOST_VISITS)
        for node in selections.selections:
            if node.directives:
                self.conditions(node.directives)
            if isinstance(node, FieldNode):
                self.field(parent, node, fields)
                continue
            inner: Any = node
            if isinstance(node, FragmentSpreadNode):
                _need(not node.arguments)
                self.spread.add(node.name.value)
                inner = self.fragments.get(node.name.value)
                _need(inner)
            else:
                _need(isinstance(node, InlineFragmentNode))
            type_: Any = parent
            if inner.type_condition is not None:
                type_ = self.schema.get_type(inner.type_condition.name.value)
                _need(isinstance(type_, COMPOSITE))
                _need(do_types_overlap(self.schema, type_, parent))
            self.collect(type_, inner.selection_set, fields, depth + 1)

    def field(self, parent: Any, node: FieldNode, fields: _Fields) -> None:
        """Add a field; one whose response key is taken must ask the same, so that their
        selections can be taken together."""
        name = node.name.value
        if name == "__typename":
            type_: Any = _TYPENAME
            _need(not node.arguments)
        else:
            _need(not isinstance(parent, GraphQLUnionType))
            definition = parent.fields.get(name)
            _need(definition)
            type_ = definition.type
            if definition.args or node.arguments:
                self.named(node.arguments, definition.args, is_required_argument)
        key = (node.alias or node.name).value
        taken, nodes = fields.setdefault(key, (type_, {}))
        if nodes and id(node) not in nodes:
            first = next(iter(nodes.values()))
            _need(first.name.value == name and is_equal_type(taken, type_))
            _need(_written(first) == _written(node))
        nodes[id(node)] = node

    def conditions(self, directives: Sequence[Any]) -> None:
        """Accept `@skip` and `@include`, each once."""
        names = [d.name.value for d in directives]
        _need(len(set(names)) == len(names) and set(names) <= set(CONDITIONS))
        for directive in directives:
            definition = self.schema.get_directive(directive.name.value)
            _need(definition)
            self.named(directive.arguments, definition.args, is_required_argument)  # type: ignore[union-attr]

    def named(self, nodes: Any, defined: Mapping[str, Any], is_required: Any) -> None:
        """Accept arguments, or the fields of an input object: each is defined, given once
        and of its type, and none is missing that is required."""
        given = set()
        for node in nodes or ():
            name = node.name.value
            _need(name in defined and name not in given)
            given.add(name)
            self.value(node.value, defined[name].type)
        for name, definition in defined.items():
            _need(name in given or not is_required(definition))

    def value(self, node: Any, type_: Any) -> None:
        """Accept a variable or a literal where a type is expected."""
        if isinstance(node, VariableNode):
            _need(node.name.value in self.variables)
            self.used.add(node.name.value)
            own, default = self.variables[node.name.value]
            _need(allowed_variable_usage(self.schema, own, default, type_, Undefined))
            return
        if isinstance(type_, GraphQLNonNull):
            _need(not isinstance(node, NullValueNode))
            type_ = type_.of_type
        if isinstance(node, NullValueNode):
            return
        if isinstance(type_, GraphQLList):
            items = node.values if isinstance(node, ListValueNode) else (node,)
            for item in items:
                self.value(item, type_.of_type)
        elif isinstance(type_, GraphQLInputObjectType):
            _need(isinstance(node, ObjectValueNode) and not type_.is_one_of)
            self.named(node.fields, type_.fields, is_required_input_field)
        else:
            _need(not isinstance(node, (ListValueNode, ObjectValueNode)))
            validate_input_literal(node, type_, _refuse, None, None, True)
