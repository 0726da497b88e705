# SPDX-License-Identifier: Apache-2.0
"""Each rule of the double stands in the provider's documentation: pulumi_aws itself is asked."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

from bascule_double import READ_FROM
from bascule_double.rules import Input, Type
from bascule_double.types import TYPES

pytest.importorskip("pulumi_aws")
# Modules of pulumi_aws name what is deprecated in them.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
UPSTREAM = re.compile(r"upstream [a-z0-9]+/[a-z0-9_]+(\.go)?: [a-z0-9_]+: [A-Za-z0-9]+")
KINDS = {"text": "str", "flag": "bool", "whole": "int", "number": "float"}


def resource_class(type_: Type) -> Any:
    """The class of a type in pulumi_aws."""
    return getattr(importlib.import_module(f"pulumi_aws.{type_.module}"), type_.short.partition(".")[2])


def arguments(class_: Any) -> Any:
    """The class of a resource's arguments: BucketVersioning has BucketVersioningInitArgs."""
    module = importlib.import_module(class_.__module__)
    return next(
        found for end in ("InitArgs", "Args") if (found := getattr(module, class_.__name__ + end, None)) is not None
    )


def properties(class_: Any) -> dict[str, tuple[Any, bool, str]]:
    """Property → its annotation, whether it is required, its documentation."""
    found = {}
    for name, parameter in inspect.signature(class_.__init__).parameters.items():
        getter = getattr(getattr(class_, name, None), "fget", None)
        if getter is not None:
            words = " ".join((getter.__doc__ or "").split())
            required = parameter.default is inspect.Parameter.empty
            found[getattr(getter, "_pulumi_name", name)] = (parameter.annotation, required, words)
    return found


def nested(annotation: Any, type_: Type) -> Any:
    """The class of a block, by the name in an annotation."""
    names = re.findall(r"ForwardRef\('(\w+Args)'\)", repr(annotation)) or re.findall(r"(\w+Args)", str(annotation))
    return getattr(importlib.import_module(f"pulumi_aws.{type_.module}"), names[0])


def rules(type_: Type) -> Iterator[tuple[str, Input, tuple[Any, bool, str]]]:
    """Each input of a type, and of the blocks in it, with what pulumi_aws says of it."""

    def walk(inputs: Any, class_: Any, path: str) -> Iterator[tuple[str, Input, tuple[Any, bool, str]]]:
        known = properties(class_)
        for key, rule in inputs.items():
            assert key in known, f"{type_.short} has no {path}{key}"
            yield f"{path}{key}", rule, known[key]
            inner = rule.item if rule.kind == "many" else rule
            if inner and inner.kind == "block":
                yield from walk(inner.fields, nested(known[key][0], type_), f"{path}{key}.")

    yield from walk(type_.inputs, arguments(resource_class(type_)), "")


def test_the_rules_were_read_from_the_version_that_is_here() -> None:
    """After a new major version, the rules are to be read again."""
    assert importlib.metadata.version("pulumi_aws").split(".")[0] == READ_FROM.split(".")[0]


@pytest.mark.parametrize("token", TYPES)
def test_inputs_are_those_of_the_provider(token: str) -> None:
    type_ = TYPES[token]
    for path, rule, (annotation, required, _words) in rules(type_):
        # Some are required by the double alone: it knows no other way (launch templates, IPAM).
        assert rule.required or not required, f"{type_.short} {path} is required"
        text = repr(annotation)
        if rule.kind == "many":
            assert "Sequence" in text, path
        elif rule.kind == "table":
            assert "Mapping" in text, path
        elif rule.kind == "block":
            assert "Args" in text, path
            assert "Sequence" not in text, path
        else:
            assert KINDS[rule.kind] in text, path


@pytest.mark.parametrize("token", TYPES)
def test_outputs_are_those_of_the_provider(token: str) -> None:
    type_ = TYPES[token]
    class_ = resource_class(type_)
    known = {
        getattr(value.fget, "_pulumi_name", name)
        for name, value in inspect.getmembers(class_, lambda member: isinstance(member, property))
    }
    assert set(type_.outputs) - known == set()


@pytest.mark.parametrize("token", TYPES)
def test_each_rule_says_where_it_comes_from(token: str) -> None:
    type_ = TYPES[token]
    class_ = resource_class(type_)
    whole = " ".join((class_.__doc__ or "").split()) + " ".join((class_.__init__.__doc__ or "").split())
    for path, rule, (_annotation, _required, words) in rules(type_):
        assert rule.says or not rule.has_rule(), f"{type_.short} {path} does not say where its rule comes from"
        for said in rule.says:
            assert UPSTREAM.fullmatch(said) or said in words, f"{type_.short} {path}: {said!r} is not in {words!r}"
        if rule.item:
            assert rule.item.says or not rule.item.has_rule(), path
    told = [*properties(arguments(class_)).values(), *(one for _path, _rule, one in rules(type_))]
    every = whole + " ".join(words for _annotation, _required, words in told)
    for said in type_.says:
        assert UPSTREAM.fullmatch(said) or said in every, f"{type_.short}: {said!r} is nowhere"


def test_secrets_of_the_provider_are_marked_by_its_own_classes() -> None:
    """The double has no list of secrets: the classes of pulumi_aws name theirs to the engine."""
    source = inspect.getsource(resource_class(TYPES["aws:iam/accessKey:AccessKey"]))
    assert 'additional_secret_outputs=["secret"' in source
