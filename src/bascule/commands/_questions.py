# SPDX-License-Identifier: Apache-2.0
"""The questions of `bascule init --ask`: one a line, an empty answer takes what is proposed."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Mapping
from typing import Any

from bascule.commands import Unusable

# key of the answer → what is asked, in English and in French
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "name": {"en": "Name of the firm", "fr": "Nom de l'entreprise"},
    "id": {"en": "Short name, small letters and hyphens", "fr": "Nom court, minuscules et traits d'union"},
    "activity": {"en": "What must go on, for example: take orders", "fr": "Ce qui doit continuer"},
    "url": {"en": "The page that users open for it", "fr": "La page que les utilisateurs ouvrent pour cela"},
    "primary": {"en": "Address of the machine that does it today", "fr": "Adresse de la machine d'aujourd'hui"},
    "standby": {"en": "Address of the machine that is to take over", "fr": "Adresse de la machine de secours"},
    "user": {"en": "User to log in as on both", "fr": "Utilisateur pour s'y connecter"},
    "cluster": {"en": "Its PostgreSQL cluster (pg_lsclusters)", "fr": "Sa grappe PostgreSQL (pg_lsclusters)"},
    "paths": {"en": "Its folder of documents", "fr": "Son dossier de documents"},
}


def asked(language: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Ask on standard error, read on standard input; `known` are the answers that are there already, by key.

    An answer that has no place in a policy is asked for again. Raise Unusable when the input ends on such a one; else
    its end takes what is proposed for the rest.
    """
    from bascule import starter
    from bascule.diagnostics import Findings, render

    answers, wrong = dict(known), ""
    for key, texts in QUESTIONS.items():
        while key not in known:
            proposed = _proposed(starter.proposals(language, answers), key, answers)
            line = _ask(texts[language], proposed)
            if not line and wrong:
                raise Unusable(wrong)
            tried = {**answers, key: _shaped(key, line.strip() or proposed)}
            try:
                starter.starter(language, tried)
            except Findings as findings:
                wrong = render(findings.diagnostics).rstrip()
                print(wrong, file=sys.stderr, flush=True)
                continue
            answers, wrong = tried, ""
            break
    return answers


def _ask(text: str, proposed: str) -> str:
    """One line of the input with its end, or nothing when there is no more."""
    print(f"{text} [{proposed}]: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline()


def _proposed(all_of_them: Mapping[str, Any], key: str, answers: Mapping[str, Any]) -> str:
    if key == "id" and "name" in answers:
        plain = unicodedata.normalize("NFKD", str(answers["name"])).encode("ascii", "ignore").decode().lower()
        named = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50]
        if re.match(r"[a-z]", named):
            return named
    value = all_of_them[key]
    if isinstance(value, Mapping):
        return str(next(iter(value.values())))
    return str(value[0]) if isinstance(value, list) else str(value)


def _shaped(key: str, text: str) -> Any:
    """An answer as `starter.starter` takes it."""
    names = {"primary": "server1", "standby": "server2"}
    return {names[key]: text} if key in names else [text] if key == "paths" else text
