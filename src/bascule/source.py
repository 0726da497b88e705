# SPDX-License-Identifier: Apache-2.0
"""Read a policy file: YAML with JSON types only, and the place of every key and value.

Events of the parser are read instead of ``compose``, which recurses in C and ends the process on a deeply nested file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bascule import mistakes, unreadable
from bascule.diagnostics import Diagnostic, Findings, Severity, has_errors, path_text, show
from bascule.diagnostics import Path as JsonPath
from bascule.values import scalar

SIZE_CAP_BYTES = 8 * 2**20

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Position(NamedTuple):
    """A place in the file, both from 1."""

    line: int
    column: int


class _Node:
    """A value with its place; ``children`` maps a key to the key's place and the node below it."""

    __slots__ = ("at", "children", "value")

    def __init__(self, value: Any, at: Position) -> None:
        self.value = value
        self.at = at
        self.children: dict[str | int, tuple[Position, _Node]] = {}


@dataclass(frozen=True)
class Source:
    """A file that was read: its name in findings, its folder (None: not from a file), its JSON value and places."""

    file: str
    folder: Path | None
    digest: str
    data: Any = field(repr=False)
    _root: _Node = field(repr=False)

    def position(self, path: JsonPath, *, key: bool = False) -> Position:
        """Given a path, return where its value begins, or its key with ``key``; else the nearest place around it."""
        node, at = self._root, self._root.at
        for index, step in enumerate(path):
            if step not in node.children:
                break
            key_at, node = node.children[step]
            at = key_at if key or index < len(path) - 1 else node.at
        return at

    def finding(
        self, code: str, path: JsonPath, what: str, fix: str, *, key: bool = False, severity: Severity = "error"
    ) -> Diagnostic:
        """Given a code, a path and the two sentences, return the finding at that path's place."""
        line, column = self.position(path, key=key)
        return Diagnostic(code, severity, self.file, line, column, path_text(path), what, fix)

    def __deepcopy__(self, memo: dict[int, Any]) -> Source:
        return self


def read(path: Path) -> Source:
    """Given the path of a policy, return what it holds. Raise Findings with all that is wrong with the file as YAML."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(SIZE_CAP_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise _refusal(file, "BC101", f"{file} cannot be read: {reason}", "Give the path of a policy file.") from error
    return read_text(_decoded(content, file), file, path.parent)


def read_text(text: str, file: str = "policy.yml", folder: Path | None = None) -> Source:
    """Given the text of a policy and how findings name it, return what it holds. Raise Findings as ``read`` does."""
    bad = mistakes.characters(text, file)
    if bad:
        raise Findings(bad)
    reader = _Reader(text, file)
    root = reader.read()
    if has_errors(reader.found):
        raise Findings(reader.found)
    digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    return Source(file, folder, digest, root.value, root)


def _decoded(content: bytes, file: str) -> str:
    if len(content) > SIZE_CAP_BYTES:
        cap = SIZE_CAP_BYTES // 2**20
        raise _refusal(file, "BC103", f"the file is larger than {cap} MiB", "Split the firm into several policies.")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        what = "the file is not UTF-8 text here"
        raise _refusal(file, "BC102", what, "Save the file as UTF-8 in your editor.", line, column) from error


def _refusal(file: str, code: str, what: str, fix: str, line: int = 1, column: int = 1) -> Findings:
    return Findings([Diagnostic(code, "error", file, line, column, "$", what, fix)])


class _Reader:
    """One pass over the parser's events that builds values with places and collects what the language refuses."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.found: list[Diagnostic] = []
        self.path: list[str | int] = []

    def read(self) -> _Node:
        events = yaml.parse(self.text, Loader=_LOADER)
        root: _Node | None = None
        try:
            for event in events:
                if not isinstance(event, yaml.DocumentStartEvent):
                    continue
                if root is not None:
                    self._find(event, "BC115", *mistakes.SEVERAL)
                    break
                root = self._node(next(events), events, 0)
        except yaml.YAMLError as error:
            told = unreadable.of_parser(error, self.text, self.file)
            # What was wrong with the beginning of a line often ends the reading further on in it.
            if (told.code, told.line) not in {(item.code, item.line) for item in self.found}:
                self.found.append(told)
        except _TooDeepError:
            pass
        if root is None or (root.value is None and not self.found):
            root = _Node(None, Position(1, 1))
            if not self.found:
                self.found.append(Diagnostic("BC116", "error", self.file, 1, 1, "$", *mistakes.EMPTY))
        return root

    def _find(self, event: Any, code: str, what: str, fix: str) -> None:
        at = _position(event.start_mark)
        self.found.append(Diagnostic(code, "error", self.file, *at, path_text(tuple(self.path)), what, fix))

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> _Node:
        if isinstance(event, yaml.AliasEvent):
            self._find(event, "BC110", f"`*{event.anchor}` is a reference to an anchor", mistakes.ALIAS_FIX)
            return _Node(None, _position(event.start_mark))
        if event.anchor is not None:
            self._find(event, "BC110", f"`&{event.anchor}` is an anchor", mistakes.ALIAS_FIX)
        if event.tag is not None:
            self._find(event, "BC109", f"{show(mistakes.tag(event.tag))} is a YAML tag", mistakes.TAG_FIX)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if depth >= mistakes.DEPTH_CAP:
            what = f"more than {mistakes.DEPTH_CAP} levels inside each other"
            self._find(event, "BC117", what, mistakes.DEPTH_FIX)
            raise _TooDeepError
        build = self._mapping if isinstance(event, yaml.MappingStartEvent) else self._sequence
        return build(event, events, depth + 1)

    def _scalar(self, event: Any) -> _Node:
        if event.style:
            return _Node(event.value, _position(event.start_mark))
        wrong = mistakes.of_value(event.value)
        if wrong and not self._secret():
            self._find(event, *wrong)
        return _Node(scalar(event.value), _position(event.start_mark))

    def _secret(self) -> bool:
        """Whether a secret may stand here, whose text no finding may repeat; the schema says what to write instead."""
        return bool(self.path) and (self.path[0] == "secrets" or self.path[-1] in ("key", "secret"))

    def _sequence(self, event: Any, events: Iterator[Any], depth: int) -> _Node:
        node = _Node([], _position(event.start_mark))
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            index = len(node.value)
            self.path.append(index)
            below = self._node(item, events, depth)
            self.path.pop()
            node.value.append(below.value)
            node.children[index] = (below.at, below)
        return node

    def _mapping(self, event: Any, events: Iterator[Any], depth: int) -> _Node:
        node = _Node({}, _position(event.start_mark))
        entries = []
        while not isinstance(item := next(events), yaml.MappingEndEvent):
            key = self._key(item, events, depth)
            self.path.append(key)
            value_event = next(events)
            below = self._node(value_event, events, depth)
            if key in node.value:
                first = node.children[key][0].line
                what = f"{show(key)} stands here a second time (first in line {first})"
                self._find(item, "BC108", what, mistakes.TWICE_FIX)
            self.path.pop()
            if event.flow_style:
                entries.append(mistakes.Entry(item, value_event))
            if key not in node.value:
                node.value[key] = below.value
                node.children[key] = (_position(item.start_mark), below)
        for culprit, *wrong in mistakes.of_flow(entries) if not self._secret() else ():
            at = _position(culprit.start_mark)
            self.found = [item for item in self.found if (item.line, item.column) != at]
            self._find(culprit, *wrong)
        return node

    def _key(self, event: Any, events: Iterator[Any], depth: int) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._find(event, "BC119", "a key must be a word, not a list or a mapping", mistakes.KEY_FIX)
            self._node(event, events, depth)
            return "?"
        if event.anchor is not None or event.tag is not None:
            self._node(event, events, depth)
        wrong = None if event.style else mistakes.of_key(event.value)
        if wrong:
            self._find(event, *wrong)
        return str(event.value)


class _TooDeepError(Exception):
    """Ends the reading of a file that nests too deeply."""


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)
