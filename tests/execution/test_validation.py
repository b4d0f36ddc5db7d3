"""What one walk finds plainly valid, graphql-core finds valid; most that is valid is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

import pytest
from differential.writer import Writer
from graphql import (
    GraphQLSyntaxError,
    build_schema,
    parse,
    specified_rules,
    validate,
)
from graphql.language import Lexer, Source, TokenKind

from cyclorama.app import graph
from cyclorama.execution.validation import is_plainly_valid, validated

SCHEMA: Final = build_schema(
    """
    directive @tag(name: String) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT | QUERY
    scalar Anything
    enum Size { SMALL LARGE }
    input Deep { text: String! = "t", size: Size, deeper: Deep, list: [[Int!]!], must: ID! }
    input OneOf @oneOf { text: String, number: Int }
    interface Named { name(short: Boolean): String! other: Named }
    interface Aged { age: Int same: String }
    type Cat implements Named & Aged {
      name(short: Boolean): String! other: Named age: Int same: String lives: Int!
      friend: Dog sized(size: Size! = SMALL, of: [ID!]): String value: [String!]
    }
    type Dog implements Named & Aged {
      name(short: Boolean): String! other: Named age: Int same: String
      lives: String friend: Cat sized(size: Size!): String value: [String]
    }
    type Stone { weight(in: Float = 1.5): Float }
    union Thing = Cat | Stone
    type Query {
      cat(id: ID!): Cat dog: Dog named: [Named!]! aged: Aged things(first: Int): [Thing]
      deep(input: Deep, list: [Deep!], one: OneOf, any: Anything, flag: Boolean!): Stone
    }
    type Mutation { change(input: Deep!): Dog }
    type Subscription { cats: Cat }
    """
)
VALID: Final = (
    "{ dog { age } }",
    "query Q { dog { __typename name(short: true) other { name } } }",
    "query ($id: ID!) { cat(id: $id) { sized lives friend { lives } } }",
    "query ($a: Size!, $b: [ID!]) { cat(id: 7) { sized(size: $a, of: $b) } }",
    "query ($a: ID!) { cat(id: 7) { sized(of: [$a, 1]) } }",
    "{ cat(id: 1) { sized(size: SMALL) friend { age } } cat(id: 1) { sized(size: SMALL) } }",
    "query ($s: Boolean = true) { dog @skip(if: $s) @include(if: false) { age } }",
    "{ named { name ... on Cat { lives } ... on Aged @include(if: true) { same } } }",
    "{ things(first: 2) { __typename ... on Cat { ...F } ... { ... on Stone { weight } } } }"
    " fragment F on Named { name other { ... on Dog { age } } }",
    "{ dog { ...F friend { ...G } } cat(id: 1) { ...G } }"
    " fragment F on Dog { age friend { age ...G } } fragment G on Aged { same age }",
    "{ dog { age age a: age friend { age } friend { same } } }",
    "{ deep(flag: true, input: {must: 1, list: [[1, 2], 3], deeper: {must: 2}}) { weight } }",
    "query ($t: String!, $d: Deep) { deep(flag: true, input: {must: 1, text: $t, deeper: $d})"
    " { weight(in: 2) } }",
    "{ deep(flag: false, list: {must: 1, size: LARGE}, any: 3) { weight(in: null) } }",
    "mutation ($i: Deep! = {must: 1}) { change(input: $i) { age } }",
)
"""Ordinary constructs."""
UNUSUAL: Final = (
    "query A { dog { age } } query B { dog { age } }",
    "{ cat(id: 1) { sized(size: SMALL) sized(size: LARGE) } }",
    "{ cat(id: 1) { sized(size: SMALL, of: 1) sized(of: 1, size: SMALL) } }",
    "{ cat(id: 1) { friend { age } } cat(id: 1) { friend { age: name } } }",
    "{ named { ... on Cat { x: lives } ... on Dog { x: name } } }",
    "{ named { ... on Cat { x: value } ... on Dog { y: value } } a: dog { a: age a: age } }"
    " fragment F on Dog { age }",
    "query @tag(name: 1) { dog @tag { age } }",
    "subscription { cats { age } }",
    "{ __schema { types { name } } __type(name: 1) { name } }",
    "{ deep(flag: true, one: {text: 1}, any: {a: [1]}) { weight } }",
    "query ($x: Int) { deep(flag: true, one: {text: $x}, any: {a: $x}) { weight } }",
    "query ($x: Boolean) { deep(flag: $x) { weight } dog { ...A } } fragment A on Dog { age ...A }",
    "{ dog { ...A ...A } } fragment A on Dog { friend { ...B } } fragment B on Cat { friend { ...A } }",
    "query ($x: Boolean, $y: Int) { dog { name(short: $x) } cat(id: $y) { } }",
    "type Extra { a: Int } { dog { age } }",
)
"""What the walk leaves to graphql-core, valid or not."""
INVALID: Final = (
    "{ dog { ...F } } fragment F on Dog { age } fragment F on Dog { age }",
    "fragment F on Dog { age }",
    "query ($x: Int) { dog { age } }",
    "query ($x: Boolean!) { dog { name(short: $y) } }",
    "query ($x: Boolean, $x: Boolean) { dog { name(short: $x) } }",
    "query ($x: Nothing) { dog { name(short: $x) } }",
    "query ($x: Dog) { dog { name(short: $x) } }",
    "query ($x: Boolean = 7) { dog { name(short: $x) } }",
    "query ($x: Boolean @skip(if: true)) { dog { name(short: $x) } }",
    "query ($x: Boolean) { deep(flag: $x) { weight } }",
    "query ($x: ID) { cat(id: 1) { sized(of: [$x]) } }",
    "query ($x: Deep) { deep(flag: true, list: [$x]) { weight } }",
    "{ dog { age } } fragment F on Dog { age }",
    "{ dog { ...F } }",
    "{ dog { ...F } } fragment F on Dog @include(if: true) { age }",
    "{ dog { ...F } } fragment F on Size { age }",
    "{ dog { ... on Nothing { age } } }",
    "{ dog { ... on Cat { age } } }",
    "{ dog { ...F } } fragment F on Stone { weight }",
    "{ dog { ...F } } fragment F on Dog { age ...F }",
    "{ dog { ...F } } fragment F on Dog { age friend { friend { ...F } } }",
    "{ things { ... on Cat { age } weight } }",
    "{ dog { nothing } }",
    "{ dog }",
    "{ dog { age { x } } }",
    "{ dog { age friend { age } friend } }",
    "{ dog { __typename { x } } }",
    "{ dog { __typename(x: 1) } }",
    "{ dog { age(x: 1) } }",
    "{ cat { age } }",
    "{ cat(id: 1, id: 1) { age } }",
    "{ cat(id: null) { age } }",
    "{ cat(id: 1.5) { age } }",
    "{ cat(id: [1]) { age } }",
    "{ cat(id: 1) { sized(size: HUGE) } }",
    "{ cat(id: 1) { sized(of: [[1]]) } }",
    "{ cat(id: 1) { sized(of: [null]) } }",
    "{ deep(flag: true, input: {}) { weight } }",
    "{ deep(flag: true, input: {must: 1, must: 1}) { weight } }",
    "{ deep(flag: true, input: {must: 1, less: 1}) { weight } }",
    "{ deep(flag: true, input: {must: 1, text: null}) { weight } }",
    "{ deep(flag: true, input: 7) { weight } }",
    "{ deep(flag: true, one: {text: null}) { weight } }",
    "{ deep(flag: true, one: {}) { weight } }",
    "query ($x: String) { deep(flag: true, one: {text: $x}) { weight } }",
    "{ deep(flag: true, any: {a: $x}) { weight } }",
    "{ dog { age @skip } }",
    "{ dog { age @skip(if: 1) } }",
    "{ dog { age @skip(if: true) @skip(if: true) } }",
    "{ dog { age @include(unless: true) } }",
    "{ dog { age @nothing } }",
    "{ dog { age @tag @tag } }",
    "query @skip(if: true) { dog { age } }",
    "{ dog { age: same age } }",
    "{ dog { x: name(short: true) x: name } }",
    "{ dog { x: friend { y: age } x: friend { y: same } } }",
    "{ named { ... on Cat { x: lives } ... on Dog { x: lives } } }",
    "{ named { ... on Cat { value } ... on Dog { value } } }",
    "{ named { ... on Cat { x: friend { age } } ... on Dog { x: friend { y: age } } } }"
    " type Extra { a: Int }",
    "subscription { cats { age } a: cats { age } }",
    "type Extra { a: Int }",
)
"""Each is refused for one reason."""
MORE: Final = (
    "! [ ] { } : $x $id $s @skip(if:true) @include(if:$x) @defer @stream(label:1) {age}"
    " ...F ...A ...on|Cat{age} (id:1) (first:null) name:age (short:false) (size:$s)"
)
WORDS: Final = (
    "null true 7 1.5 9999999999 SMALL Cat Dog Named Thing Deep Size Int __typename F A G"
    " name age lives id must text x friend sized query mutation on skip include"
)


def tokens_of(text: str) -> list[str]:
    """The texts of a document's tokens."""
    lexer, found = Lexer(Source(text)), []
    while lexer.advance().kind is not TokenKind.EOF:
        found.append(text[lexer.token.start : lexer.token.end])
    return found


def changed(text: str, others: Sequence[str], chance: random.Random) -> str:
    """The document with a few tokens lost, doubled, moved, or others in their place."""
    tokens = tokens_of(text)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at, other = (chance.randrange(len(tokens)) for _ in range(2))
        words = [i for i, t in enumerate(tokens) if t[0].isalnum()] or [at]
        word = chance.choice(words)
        match chance.randrange(10):
            case 0:
                tokens[at : at + 1] = []
            case 1:
                tokens[at] = chance.choice(MORE.split())
            case 2:
                tokens[at:at] = tokens[other : other + chance.randrange(1, 8)]
            case 3:
                tokens.insert(word + 1, chance.choice(MORE.split()))
            case 4 | 5:
                tokens[word] = tokens[chance.choice(words)]
            case 6 | 7:
                taken = tokens_of(chance.choice(others))
                tokens[word] = chance.choice([t for t in taken if t[0].isalnum()])
            case _:
                tokens[word] = chance.choice(WORDS.split())
    return " ".join(tokens).replace("|", " ")


def compare(schema: Any, texts: Sequence[str]) -> dict[str, int]:
    """How many documents are accepted, valid, invalid; raises where one is accepted that
    graphql-core refuses."""
    found = {"accepted": 0, "valid": 0, "invalid": 0}
    for text in texts:
        try:
            document = parse(text)
        except GraphQLSyntaxError:
            continue
        errors = validate(schema, document, hide_suggestions=True)
        accepted = is_plainly_valid(schema, document)
        assert not (accepted and errors), (text, errors)
        found["accepted"] += accepted
        found["invalid" if errors else "valid"] += 1
    return found


@pytest.mark.parametrize("text", VALID)
def test_the_ordinary_is_accepted(text: str) -> None:
    document = parse(text)
    assert validate(SCHEMA, document) == []
    assert is_plainly_valid(SCHEMA, document)


@pytest.mark.parametrize("text", INVALID)
def test_the_invalid_is_not_accepted(text: str) -> None:
    document = parse(text)
    assert validate(SCHEMA, document)
    assert not is_plainly_valid(SCHEMA, document)


@pytest.mark.parametrize("text", UNUSUAL)
def test_the_unusual_is_left_to_graphql_core(text: str) -> None:
    document = parse(text)
    assert not is_plainly_valid(SCHEMA, document)
    expected = validate(SCHEMA, document, hide_suggestions=True)
    assert list(validated(SCHEMA, document)) == expected


def test_no_changed_document_is_accepted_that_graphql_core_refuses() -> None:
    chance = random.Random(1)
    own = [*VALID * 5, *UNUSUAL, *INVALID]
    texts = [changed(chance.choice(own), own, chance) for _ in range(1_000)]
    found = compare(SCHEMA, texts)
    assert found["invalid"] > 300
    assert found["accepted"] > 10


def test_random_operations_of_the_graph_are_accepted() -> None:
    schema = graph().schema._schema
    writer, chance = Writer(schema, 1, {}), random.Random(1)
    texts = [writer.operation().text for _ in range(150)]
    found = compare(schema, texts)
    assert found["accepted"] > 0.9 * found["valid"] > 100
    found = compare(schema, [changed(t, texts, chance) for t in texts])
    assert found["invalid"] > 10


def test_every_rule_of_graphql_core_is_known() -> None:
    """A rule that a new release adds must be looked at: the walk has to imply it."""
    assert {rule.__name__.removesuffix("Rule") for rule in specified_rules} == {
        *RULES.split()
    }


RULES: Final = """
    DeferStreamDirectiveLabel DeferStreamDirectiveOnRootField
    DeferStreamDirectiveOnValidOperations ExecutableDefinitions FieldsOnCorrectType
    FragmentsOnCompositeTypes KnownArgumentNames KnownDirectives KnownFragmentNames
    KnownOperationTypes KnownTypeNames LoneAnonymousOperation MaxIntrospectionDepth
    NoFragmentCycles NoUndefinedVariables NoUnusedFragments NoUnusedVariables
    OverlappingFieldsCanBeMerged PossibleFragmentSpreads ProvidedRequiredArguments
    ScalarLeafs SingleFieldSubscriptions StreamDirectiveOnListField UniqueArgumentNames
    UniqueDirectivesPerLocation UniqueFragmentNames UniqueInputFieldNames
    UniqueOperationNames UniqueVariableNames ValuesOfCorrectType
    VariablesAreInputTypes VariablesInAllowedPosition
"""
