# SPDX-License-Identifier: Apache-2.0
"""The words of the starter, in both languages, and the form that they stand in."""

from __future__ import annotations

from collections.abc import Mapping

TEMPLATE = """\
# yaml-language-server: $schema={schema}
# {c_first}
# {c_second}
bascule: v1
organisation: {{id: {id}, name: {name}, language: {language}}}

activities: # {c_activities}
  orders:
    name: {activity}
    need: {{mtpd: 1d, pdma: 4h}} # {c_need}
    target: {{rto: 4h, rpo: 30m}} # {c_target}
    uses: [database, documents]
    usable_when: # {c_usable}
      - http: {{url: {url}}}

systems: # {c_systems}
  database:
    type: postgresql
    runs_on: {{primary: {machine}, standby: {other}}}
    cluster: {cluster} # {c_cluster}
    protect: # {c_protect}
      - {{by: streaming}}
      - {{by: pgbackrest, every: 1h, archive: 5m, full_every: 7d, keep: 30d, key: {{secret: copies-key}}}}
  documents:
    type: files
    runs_on: {{primary: {machine}, standby: {other}}}
    paths: {paths}
    protect:
      - {{by: restic, every: 15m, keep: 30d, key: {{secret: copies-key}}}}

sites: # {c_sites}
  primary: {{provider: hosts, machines: {primary}}}
  standby: {{provider: hosts, machines: {standby}}}
connection: {{user: {user}, port: {port}, key: {{secret: ssh-key}}}}

controllers: {{standby-box: {{at: standby, machine: {other}}}}} # {c_controllers}
observers: {{{other}: {{every: 1s}}}} # {c_observers}
switch: # {c_switch}
  manual: {{say: {say}, limit: 30m}}

secrets: # {c_secrets}
  ssh-key: {{file: {key_file}}}
  copies-key: {{file: {copies_key_file}}}
"""

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "name": "My firm",
        "activity": "Take orders",
        "say": "Send everybody to the standby site.",
        "c_first": "A policy to start from. Change names, addresses and figures;",
        "c_second": "`bascule check policy.yml` says what does not fit, `bascule explain CODE` why.",
        "c_activities": "what the firm does",
        "c_need": "what the firm can bear: longest interruption, largest loss of data",
        "c_target": "what is promised: usable again within, work lost at most",
        "c_usable": "the page that users open, by the name that they type",
        "c_systems": "what the activities need, each recovered as one thing",
        "c_cluster": "as `pg_lsclusters` prints it",
        "c_protect": "a live copy repeats damage at once, so history is kept beside it",
        "c_sites": "where the machines stand",
        "c_controllers": "from where a recovery is run; not only from the primary site",
        "c_observers": "who asks whether the activities are usable; better from a third place",
        "c_switch": "how users get to the standby: a person is told what to do",
        "c_secrets": "where they are kept, never the secrets themselves",
    },
    "fr": {
        "name": "Mon entreprise",
        "activity": "Prendre les commandes",
        "say": "Envoyer tout le monde vers le site de secours.",
        "c_first": "Une politique pour commencer. Changez les noms, les adresses et les chiffres ;",
        "c_second": "`bascule check policy.yml` dit ce qui ne va pas, `bascule explain CODE` pourquoi.",
        "c_activities": "ce que fait l'entreprise",
        "c_need": "ce qu'elle supporte : interruption la plus longue, perte de données la plus grande",
        "c_target": "ce qui est promis : de nouveau utilisable sous, travail perdu au plus",
        "c_usable": "la page que les utilisateurs ouvrent, par le nom qu'ils tapent",
        "c_systems": "ce dont les activités ont besoin ; chacun se rétablit d'un bloc",
        "c_cluster": "comme l'affiche `pg_lsclusters`",
        "c_protect": "une copie vivante répète aussitôt les dégâts : on garde aussi l'historique",
        "c_sites": "où sont les machines",
        "c_controllers": "d'où l'on lance une reprise ; pas seulement du site principal",
        "c_observers": "qui demande si les activités sont utilisables ; mieux : d'un troisième lieu",
        "c_switch": "comment les utilisateurs vont au secours : on dit à une personne quoi faire",
        "c_secrets": "où ils sont gardés, jamais les secrets eux-mêmes",
    },
}
