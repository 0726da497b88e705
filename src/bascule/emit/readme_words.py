# SPDX-License-Identifier: Apache-2.0
"""The words of the folder's README in each language of a policy."""

from __future__ import annotations

from collections.abc import Mapping

_INSTALL = """\
python3 -m venv ~/bascule-run
~/bascule-run/bin/pip install --no-index --find-links wheels ansible-core pytest pytest-testinfra
export PATH=~/bascule-run/bin:$PATH"""
_INSTALL_CLOUD = """\
~/bascule-run/bin/pip install --no-index --find-links wheels -r stack/requirements.txt boto3"""

_EN = {
    "title": "{firm}: how to recover",
    "what": (
        "This folder stands alone. It needs a computer with Python 3.11 or later, ssh and ansible-core; it needs neither the "
        "compiler, nor a package registry, nor the site that was lost. Every command below is given **inside this folder**. "
        "Nobody edits it: it is compiled from the policy, and a run refuses a folder that was changed."
    ),
    "worst_day": "The worst day",
    "declare": "Say why, in your own words; it goes into the journal. Then wait for the table at the end.",
    "activate": 'BASCULE_DECLARE="fire in the server room" ansible-playbook dr-activate.yml',
    "declare_more": (
        "Running it again is safe: what is done stays done. `--check` shows what would happen and touches nothing. If the "
        "primary site still answers but cannot be stopped, the run says so and ends; "
        '`BASCULE_UNFENCED="why that is accepted"` lets it go on.'
    ),
    "scenarios": "Which disaster",
    "option": "option",
    "meaning": "what it means",
    "mode_loss": "the site is lost: go, with the newest copies",
    "mode_planned": "the site still works: stop it, take the last data along, then switch; nothing is lost",
    "mode_compromise": (
        "someone got in: the primary is not contacted, and a copy from before is chosen with `-e recovery_point=`"
    ),
    "mode_corruption": "data were damaged: a copy from before is chosen with `-e recovery_point=`",
    "one_activity": "Only one activity",
    "one_activity_how": "Activities that share systems move together; the run says what else moves.",
    "activity": "activity",
    "moves_with": "moves with",
    "promised": "promised (time / loss)",
    "expected": "expected (time / loss)",
    "both_lost": "When the standby is lost too",
    "both_lost_how": (
        "`{place}` keeps copies of the copies. Put new, empty machines in the place of the standby's, under the same names, "
        "addresses and host keys. Then, from a controller that still lives:"
    ),
    "both_lost_more": (
        "The firm's roles are applied to them, the copies are brought there, and the rest goes on as on any worst day. What was "
        "written after the last fetch is lost; the table at the end says how much. Machines of the standby that still serve are "
        "left as they are."
    ),
    "before": "Before you start",
    "install": "With `wheels/` beside this page no network is needed; else leave `--no-index --find-links wheels` out.",
    "install_commands": _INSTALL,
    "from_where": "A recovery can be run from:",
    "controller": "controller",
    "site": "site",
    "machine": "machine",
    "secrets": "It needs these secrets; `ansible-playbook dr-status.yml` tries each of them:",
    "secret": "secret",
    "kept_in": "kept in",
    "where": "where",
    "secret_file": "a file",
    "secret_env": "an environment variable",
    "secret_vault": "an Ansible Vault variable",
    "cloud": "The standby in AWS",
    "cloud_what": (
        "Pulumi builds it in the region {region}, with the program in `stack/`, out of the plan beside this page. The commands of "
        "this page stay the same: each builds what it needs, and says so."
    ),
    "cloud_needs": (
        "For this the computer also needs `pulumi` with its plugin for AWS, the packages below, credentials of the account in the "
        "environment (`AWS_PROFILE`, or what a pipeline is given) and the passphrase of the state. The state says what was built; it is "
        "kept at `{state}`, which must be there when the primary site is not."
    ),
    "cloud_install": _INSTALL_CLOUD,
    "type": "type",
    "disk": "disk",
    "before_it": "before a disaster",
    "after_it": "after an activation",
    "is_there": "runs",
    "is_not_there": "is not there",
    "cloud_preview": "shows what would be built for protection, and builds nothing",
    "cloud_preview_activate": "shows what an activation would build, and what it would not touch",
    "cloud_build": "builds it and starts protection",
    "cloud_teardown": (
        "removes all of it, then asks the account for whatever is left; names it, with what it costs a day. Copies under a lock stay "
        "until their date, which it says"
    ),
    "cloud_sweep": "the same without the state, by tags alone; also for drills whose time is over",
    "cloud_costs": (
        "Paid for all the time: {always}; their disks, the public address, the encryption key{bucket}. Paid for from an activation until the "
        "way home is done: {late}. The prices that are reckoned with are in `stack/pack/prices.json`, with the day on which they were "
        "written down; look at AWS's own before you rely on them."
    ),
    "cloud_bucket": ", the bucket for copies",
    "nothing": "nothing",
    "cloud_budget": (
        "The policy allows {amount} {currency} a month: AWS warns when a month costs more, and a machine that is dearer is not built."
    ),
    "cloud_no_budget": "The policy says no `budget`, so nobody is warned when a month costs more than was thought.",
    "other_days": "Other days",
    "command": "command",
    "does": "what it does",
    "driver_status": "changes nothing; says what an activation would do now, and what is in its way",
    "driver_verify": "asks the site that serves whether it is what the plan says",
    "driver_build": "builds the standby and starts its protection",
    "driver_failback": "goes back to the primary, also when its machines were replaced by empty ones",
    "driver_teardown": "removes the standby",
    "refused": "What a run refuses",
    "refused_what": (
        "Whatever would make it partial, unwritten or foreign: `--limit`, `--tags`, `--skip-tags`, `--start-at-task`, `--step`, another "
        "working directory or inventory, a folder that everybody may write to, files that were changed or added, settings of Ansible "
        "in the environment, variables that override its own. It says why, touches nothing and ends with 2; `dr-status.yml` refuses "
        "the same, on a good day. `-e only=` is the one way to narrow a run."
    ),
    "evidence": "What happened",
    "evidence_where": "Each run leaves `runs/<run>/journal.jsonl` and, at its end, `report.txt` and `report.json`.",
}

_FR = {
    "title": "{firm} : comment reprendre l'activité",
    "what": (
        "Ce dossier se suffit à lui-même. Il lui faut un ordinateur avec Python 3.11 ou plus récent, ssh et ansible-core ; ni "
        "le compilateur, ni un dépôt de paquets, ni le site perdu. Toutes les commandes se lancent **dans ce dossier**. "
        "Personne ne le modifie : il est compilé à partir de la politique, et une exécution refuse un dossier modifié."
    ),
    "worst_day": "Le pire jour",
    "declare": "Dites pourquoi, avec vos mots ; cela entre au journal. Puis attendez le tableau de la fin.",
    "activate": 'BASCULE_DECLARE="incendie dans la salle des serveurs" ansible-playbook dr-activate.yml',
    "declare_more": (
        "On peut relancer sans risque : ce qui est fait reste fait. `--check` montre ce qui se passerait et ne touche à rien. "
        "Si le site principal répond encore mais ne peut être arrêté, l'exécution le dit et s'arrête ; "
        '`BASCULE_UNFENCED="pourquoi on l\'accepte"` la laisse continuer.'
    ),
    "scenarios": "Quel sinistre",
    "option": "option",
    "meaning": "ce que cela veut dire",
    "mode_loss": "le site est perdu : on y va, avec les copies les plus récentes",
    "mode_planned": "le site fonctionne encore : on l'arrête, on emporte les dernières données, on bascule ; rien n'est perdu",
    "mode_compromise": (
        "quelqu'un est entré : le site principal n'est pas contacté, une copie antérieure est choisie avec "
        "`-e recovery_point=`"
    ),
    "mode_corruption": "des données sont abîmées : une copie antérieure est choisie avec `-e recovery_point=`",
    "one_activity": "Une seule activité",
    "one_activity_how": "Les activités qui partagent des systèmes basculent ensemble ; l'exécution dit ce qui suit.",
    "activity": "activité",
    "moves_with": "bascule avec",
    "promised": "promis (délai / perte)",
    "expected": "attendu (délai / perte)",
    "both_lost": "Quand le site de secours est perdu aussi",
    "both_lost_how": (
        "`{place}` garde des copies des copies. Mettez des machines neuves et vides à la place de celles du secours, avec les "
        "mêmes noms, adresses et clés d'hôte. Puis, depuis un poste encore en vie :"
    ),
    "both_lost_more": (
        "Les rôles de l'entreprise y sont appliqués, les copies y sont ramenées, et la suite est celle de tout pire jour. Ce qui "
        "a été écrit après la dernière copie est perdu ; le tableau de la fin dit combien. Les machines du secours qui servent "
        "encore restent comme elles sont."
    ),
    "before": "Avant de commencer",
    "install": (
        "Avec `wheels/` à côté de cette page, aucun réseau n'est nécessaire ; sinon, enlevez `--no-index --find-links wheels`."
    ),
    "install_commands": _INSTALL,
    "from_where": "Une reprise peut être lancée depuis :",
    "controller": "poste",
    "site": "site",
    "machine": "machine",
    "secrets": "Il lui faut ces secrets ; `ansible-playbook dr-status.yml` les essaie tous :",
    "secret": "secret",
    "kept_in": "gardé dans",
    "where": "où",
    "secret_file": "un fichier",
    "secret_env": "une variable d'environnement",
    "secret_vault": "une variable d'Ansible Vault",
    "cloud": "Le site de secours dans AWS",
    "cloud_what": (
        "Pulumi le construit dans la région {region}, avec le programme de `stack/`, à partir du plan posé à côté de cette page. Les "
        "commandes de cette page restent les mêmes : chacune construit ce qu'il lui faut, et le dit."
    ),
    "cloud_needs": (
        "Pour cela, il faut aussi à l'ordinateur `pulumi` avec son greffon pour AWS, les paquets ci-dessous, des identifiants du compte "
        "dans l'environnement (`AWS_PROFILE`, ou ce que reçoit une chaîne d'intégration) et la phrase secrète de l'état. L'état dit ce qui "
        "a été construit ; il est gardé sous `{state}`, qui doit être là quand le site principal n'y est plus."
    ),
    "cloud_install": _INSTALL_CLOUD,
    "type": "type",
    "disk": "disque",
    "before_it": "avant un sinistre",
    "after_it": "après une bascule",
    "is_there": "en marche",
    "is_not_there": "absente",
    "cloud_preview": "montre ce qui serait construit pour la protection, et ne construit rien",
    "cloud_preview_activate": "montre ce que construirait une bascule, et ce qu'elle ne toucherait pas",
    "cloud_build": "le construit et met ses protections en marche",
    "cloud_teardown": (
        "enlève tout, puis demande au compte ce qui reste ; le nomme, avec ce que cela coûte par jour. Les copies sous verrou restent "
        "jusqu'à leur date, qu'elle dit"
    ),
    "cloud_sweep": "de même sans l'état, par les seules étiquettes ; aussi pour les exercices dont le temps est passé",
    "cloud_costs": (
        "Payé en permanence : {always} ; leurs disques, l'adresse publique, la clé de chiffrement{bucket}. Payé d'une bascule jusqu'à la fin "
        "du retour : {late}. Les prix avec lesquels on compte sont dans `stack/pack/prices.json`, avec le jour où ils ont été notés ; "
        "regardez ceux d'AWS avant de vous y fier."
    ),
    "cloud_bucket": ", l'espace des copies",
    "nothing": "rien",
    "cloud_budget": (
        "La politique permet {amount} {currency} par mois : AWS prévient quand un mois coûte plus, et une machine plus chère n'est pas construite."
    ),
    "cloud_no_budget": "La politique ne dit pas de `budget` : personne n'est prévenu quand un mois coûte plus que prévu.",
    "other_days": "Les autres jours",
    "command": "commande",
    "does": "ce qu'elle fait",
    "driver_status": "ne change rien ; dit ce que ferait une bascule maintenant, et ce qui s'y oppose",
    "driver_verify": "demande au site qui sert s'il est bien ce que dit le plan",
    "driver_build": "construit le site de secours et met ses protections en marche",
    "driver_failback": "revient au site principal, même si ses machines ont été remplacées par des machines vides",
    "driver_teardown": "enlève le site de secours",
    "refused": "Ce qu'une exécution refuse",
    "refused_what": (
        "Tout ce qui la rendrait partielle, non écrite ou étrangère : `--limit`, `--tags`, `--skip-tags`, `--start-at-task`, `--step`, "
        "un autre répertoire ou inventaire, un dossier que tout le monde peut modifier, des fichiers modifiés ou ajoutés, des réglages "
        "d'Ansible dans l'environnement, des variables qui remplacent les siennes. Elle dit pourquoi, ne touche à rien et se termine "
        "par 2 ; `dr-status.yml` refuse de même, un jour tranquille. `-e only=` est la seule façon de la restreindre."
    ),
    "evidence": "Ce qui s'est passé",
    "evidence_where": (
        "Chaque exécution laisse `runs/<exécution>/journal.jsonl` et, à la fin, `report.txt` et `report.json`."
    ),
}

WORDS: Mapping[str, Mapping[str, str]] = {"en": _EN, "fr": _FR}
