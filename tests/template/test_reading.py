"""Reading text: JSON in the wide sense and expressions; and that nothing makes the readers fail in any other way."""

from __future__ import annotations

import json
import random

import hypothesis
import pytest
from hypothesis import strategies as st

from cloister.arm.template import jsonc
from cloister.arm.template.errors import ExpressionError, TemplateError
from cloister.arm.template.evaluator import Frame, resolved
from cloister.arm.template.functions import TABLE, lookup
from cloister.arm.template.parser import parse
from tests.boxes import examples
from tests.template.bench_frame import Known, context, plan
from tests.template.small_templates import nested, net

TEXTS = [
    ('{"a": 1}', {"a": 1}),
    ("\ufeff{}", {}),
    ('// first\n{"a": 1, /* b */ "c": [1, 2,], }', {"a": 1, "c": [1, 2]}),
    ("{template: {a: 'single', $b-c: true}}", {"template": {"a": "single", "$b-c": True}}),
    ('{"a": "two\nlines"}', {"a": "two\nlines"}),
    ('{"a": "it\\u0027s \\ud83d\\ude00 \\\\ \\/"}', {"a": "it's 😀 \\ /"}),
    ("[1, -2.5, 1e3, 0x1F, null, true]", [1, -2.5, 1000.0, 31, None, True]),
    ('{"a": 1, "a": 2}', {"a": 2}),
    ("  [ ] // end", []),
    ("12345678901234567890123", 12345678901234567890123.0),
    ('"// no comment"', "// no comment"),
]

BROKEN = [
    ("", "end of the text", 1, 1),
    ("{", "name", 1, 2),
    ('{"a" 1}', "':'", 1, 6),
    ('{"a": }', "value", 1, 7),
    ("[1 2]", "','", 1, 4),
    ('{"a": 1}\n}', "after the end", 2, 1),
    ('{\n  "a": "open\n}', "not closed", 2, 8),
    ("/* open", "comment", 1, 1),
    ('"\\x"', "escape", 1, 2),
    ('["\\ud83d",]', "surrogate", 1, 2),
    ('["\\u00g0"]', "hexadecimal", 1, 3),
    ("1e999", "too large", 1, 1),
    ("nul", "value", 1, 1),
    ("[" * 100 + "]" * 100, "levels deep", 1, 1),
    ("[" * 100, "levels deep", 1, 66),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_json_in_the_wide_sense(text, expected):
    assert jsonc.parse(text) == expected
    assert jsonc.parse(text.encode()) == expected


@pytest.mark.parametrize(("text", "words", "line", "column"), BROKEN)
def test_broken_json_says_where(text, words, line, column):
    with pytest.raises(jsonc.JsonError) as caught:
        jsonc.parse(text)
    assert words in str(caught.value), caught.value
    assert (caught.value.line, caught.value.column) == (line, column)


def test_bytes_that_are_no_utf8():
    with pytest.raises(jsonc.JsonError):
        jsonc.parse(b'{"a": "\xff"}')


LITERALS = [
    ("plain", "plain"),
    ("[[a]", "[a]"),
    ("[a", "[a"),
    ("[[a", "[[a"),
    ("a]", "a]"),
    ("", ""),
    ("['it''s']", "it's"),
    ("[ 5 ]", 5),
]


@pytest.mark.parametrize(("text", "expected"), LITERALS)
def test_which_texts_are_expressions(text, expected):
    assert resolved(text, Frame(context(), lookup)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "[a]",
        "[a(]",
        "[a(1,)]",
        "[a(1 2)]",
        "['a]",
        "[a().1]",
        "[a()[]]",
        "[a()b]",
        "[1.2.3]",
        "[%]",
        "[a.b]",
        "[-]",
        "[9" + "9" * 30 + "]",
    ],
)
def test_broken_expressions(text):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert "Unable to parse language expression" in caught.value.message


# --- whatever comes


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
MARKS = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        '"',
        "'",
        "\\",
        "/",
        "*",
        "//",
        "/*",
        "a",
        "1",
        "-",
        ".",
        "e",
        " ",
        "\n",
        "\\u12",
        "true",
        "\ud800",
        "\x00",
    ]
)
PIECES = st.sampled_from(
    [
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "'",
        "''",
        "1",
        "-2",
        "x",
        " ",
        "'a'",
        "createArray",
        "createObject",
        "lambda",
        "lambdaVariables",
        "[[",
        *sorted(TABLE),
    ]
)
NAMES = sorted(TABLE)
ARGUMENTS = st.sampled_from(
    [
        "'a'",
        "''",
        "5",
        "-1",
        "0",
        "null()",
        "true()",
        "createArray()",
        "createArray(1,'a')",
        "createObject('a',1)",
        "'10.0.0.0/16'",
        "'2020-01-01'",
        "lambda('x',lambdaVariables('x'))",
        "lambda('x','y',1)",
        "'PT1H'",
        "'a.b/c'",
        "9223372036854775807",
        "resourceGroup()",
        "'{'",
    ]
)


@hypothesis.given(st.lists(MARKS, max_size=30).map("".join) | st.text(max_size=40))
@hypothesis.settings(max_examples=examples(300), deadline=None)
def test_any_text_as_json(text):
    try:
        found = jsonc.parse(text)
    except jsonc.JsonError as error:
        assert str(error).startswith("cannot") and error.line >= 1 and error.column >= 1
    else:
        json.dumps(found).encode()


@hypothesis.given(st.binary(max_size=40))
@hypothesis.settings(max_examples=examples(200), deadline=None)
def test_any_bytes_as_json(raw):
    try:
        jsonc.parse(raw)
    except jsonc.JsonError:
        return


@hypothesis.given(JSON, st.randoms(use_true_random=False))
@hypothesis.settings(max_examples=examples(150), deadline=None)
def test_own_reader_agrees_with_the_strict_one(value, rng: random.Random):
    """The reader for loose JSON reads strict JSON as the strict one does: a comment in front makes the difference."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1]))
    try:
        expected = jsonc.parse(text)
    except jsonc.JsonError:
        with pytest.raises(jsonc.JsonError):
            jsonc.parse("// x\n" + text)
        return
    assert json.dumps(jsonc.parse("// x\n" + text)) == json.dumps(expected)


def evaluated(text: str) -> None:
    try:
        resolved(text, Frame(context(), lookup, runtime=Known(), defaults=True))
    except TemplateError as error:
        assert error.message and error.code


@hypothesis.given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=30))
@hypothesis.settings(max_examples=examples(400), deadline=None)
def test_any_text_as_expression(text):
    evaluated(f"[{text}]")


@hypothesis.given(
    st.sampled_from(NAMES),
    st.lists(ARGUMENTS | st.tuples(st.sampled_from(NAMES), ARGUMENTS).map(lambda p: f"{p[0]}({p[1]})"), max_size=5),
)
@hypothesis.settings(max_examples=examples(1500), deadline=None)
def test_any_arguments_to_any_function(name, arguments):
    evaluated(f"[{name}({','.join(arguments)})]")


WORDS = st.sampled_from(
    [
        "a",
        "[resourceGroup().name]",
        "[copyIndex()]",
        "[reference('a')]",
        "[parameters('p')]",
        "[variables('v')]",
        1,
        True,
        None,
        [],
        {},
        "[[",
        "a/b",
        "l",
        "s[0]",
        {"name": "l", "count": 2},
        {"name": "l", "count": "[length('ab')]", "input": "[copyIndex('l')]"},
        [{"name": "l", "count": 1, "input": 1}],
        ["a"],
        ["l", "a/b"],
    ]
)
DECLARATION = st.dictionaries(
    st.sampled_from(
        [
            "type",
            "apiVersion",
            "name",
            "dependsOn",
            "copy",
            "condition",
            "properties",
            "resources",
            "scope",
            "existing",
            "tags",
            "resourceGroup",
            "location",
        ]
    ),
    WORDS,
    max_size=6,
)
GOOD = st.builds(
    lambda name, more: net(name, **{key: value for key, value in more.items() if key not in ("type", "name", "apiVersion")}),
    st.sampled_from(["a", "b", "c"]),
    DECLARATION,
)
RESOURCES = st.lists(DECLARATION | GOOD | st.builds(lambda inner: nested("d", {"resources": [inner]}), GOOD), max_size=4)


@hypothesis.given(RESOURCES, WORDS, WORDS, WORDS)
@hypothesis.settings(max_examples=examples(400), deadline=None)
def test_any_template(resources, parameter, variable, output):
    template = {
        "parameters": {"p": {"type": "string", "defaultValue": parameter}},
        "variables": {"v": variable},
        "resources": resources,
        "outputs": {"o": {"type": "object", "value": output}},
    }
    try:
        found = plan(template)
        for key in found.order:
            if not found.resources[key].is_deployment:
                found.body(key, Known())
        found.outputs(Known())
    except TemplateError as error:
        assert error.message and error.body()["code"]


@hypothesis.given(JSON)
@hypothesis.settings(max_examples=examples(200), deadline=None)
def test_any_json_as_template(value):
    for template in (
        {"resources": value},
        {"parameters": value},
        {"variables": value},
        {"outputs": value},
        {"functions": value},
        {"definitions": value},
    ):
        try:
            plan(template)
        except TemplateError as error:
            assert error.message
