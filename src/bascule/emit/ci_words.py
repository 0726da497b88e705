# SPDX-License-Identifier: Apache-2.0
"""The words of the pipelines in each language of a policy: of their pages, of their jobs' scripts, of the README."""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, str]

# What stands in the pipelines. GitLab takes ASCII only where it shows the preview.
_PAGES_EN = {
    "changes": "Continuity: changes",
    "weekly": "Continuity: weekly verification",
    "check": "Check the policy and the compiled folder",
    "preview": "Preview the standby site",
    "verify": "Verify the site that serves",
    "fetch": "Fetch the repository",
    "python": "Set up Python",
    "sign_in": "Sign in to AWS, for reading",
    "keep": "Keep the results",
    "exposed": "Preview of the standby site",
}
_PAGES_FR = {
    "changes": "Continuité : changements",
    "weekly": "Continuité : vérification hebdomadaire",
    "check": "Vérifier la politique et le dossier compilé",
    "preview": "Prévisualiser le site de secours",
    "verify": "Vérifier le site qui sert",
    "fetch": "Chercher le dépôt",
    "python": "Installer Python",
    "sign_in": "S'identifier auprès d'AWS, en lecture",
    "keep": "Garder les résultats",
    "exposed": "Changements du site de secours",
}
PAGES: Mapping[str, Words] = {"en": _PAGES_EN, "fr": _PAGES_FR}

# What the scripts say; `words.sh` of the folder holds them as variables `say_…`.
_SCRIPTS_EN = {
    "stale": "The compiled folder is not what the policy gives: compile the policy again, and commit the folder with it.",
    "old_copy": "This copy is not the pipeline of the compiled folder any more: copy it again.",
    "no_bascule": (
        "bascule is not on PATH. Say in BASCULE_PACKAGE what pip is to install: a wheel, or git+https://… with a version."
    ),
    "no_pulumi": "The program pulumi is not on PATH: install it, or run the job in the image that the pipeline names.",
    "no_passphrase": (
        "The passphrase of the standby's state is not here. Put it into AWS Systems Manager as a SecureString, name it in "
        "BASCULE_PASSPHRASE_PARAMETER, and let the role read it."
    ),
    "no_key": "The key by which machines are reached is not here; give its public half in BASCULE_PUBLIC_KEY.",
    "one_key": "Machines that are built get one key of ssh, and connection: of the policy names none, or more than one.",
    "bad_key": "this is no private key of ssh without a passphrase",
    "no_preview": "What would be built could not be shown, or must not be built; the text of the preview says why.",
    "no_run": "The verification did not begin; the lines above say why.",
    "not_verified": "The site that serves is not what the plan says; the report says what differs.",
    "title": "The standby site, if this were built",
    "protect": "A build (dr-build.yml) would change",
    "activate": "An activation (dr-activate.yml) would then have changed, in all",
    "kind": "kind",
    "name": "name",
    "nothing": "Nothing.",
    "simulated": "Simulated: this was shown by a double of AWS, not by AWS.",
    "bridge": "The bridge to the cloud ended without a word.",
}
_SCRIPTS_FR = {
    "stale": (
        "Le dossier compilé n'est pas ce que donne la politique : compilez-la de nouveau et enregistrez le dossier avec elle."
    ),
    "old_copy": "Cette copie n'est plus le pipeline du dossier compilé : copiez-le de nouveau.",
    "no_bascule": (
        "bascule n'est pas dans PATH. Dites dans BASCULE_PACKAGE ce que pip doit installer : un wheel, ou git+https://… avec "
        "une version."
    ),
    "no_pulumi": "Le programme pulumi n'est pas dans PATH : installez-le, ou utilisez l'image que nomme le pipeline.",
    "no_passphrase": (
        "La phrase secrète de l'état du secours n'est pas ici. Mettez-la dans AWS Systems Manager (SecureString), nommez-la "
        "dans BASCULE_PASSPHRASE_PARAMETER, et laissez le rôle la lire."
    ),
    "no_key": "La clé qui ouvre les machines n'est pas ici ; donnez sa moitié publique dans BASCULE_PUBLIC_KEY.",
    "one_key": "Les machines construites ont une clé de ssh, et connection: n'en nomme aucune, ou plusieurs.",
    "bad_key": "ce n'est pas une clé privée de ssh sans phrase secrète",
    "no_preview": "Ce qui serait construit n'a pu être montré, ou ne doit pas l'être ; le texte de l'aperçu dit pourquoi.",
    "no_run": "La vérification n'a pas commencé ; les lignes ci-dessus disent pourquoi.",
    "not_verified": "Le site qui sert n'est pas ce que dit le plan ; le rapport dit ce qui diffère.",
    "title": "Le site de secours, si ceci était construit",
    "protect": "Une construction (dr-build.yml) changerait",
    "activate": "Une bascule (dr-activate.yml) aurait ensuite changé, en tout",
    "kind": "nature",
    "name": "nom",
    "nothing": "Rien.",
    "simulated": "Simulé : montré par une doublure d'AWS, et non par AWS.",
    "bridge": "Le pont vers le nuage s'est arrêté sans rien dire.",
}
SCRIPTS: Mapping[str, Words] = {"en": _SCRIPTS_EN, "fr": _SCRIPTS_FR}

# The section of the README; `cloud` parts only where a site is built.
_README_EN = {
    "head": "Pipelines",
    "what": (
        "`ci/` holds pipelines for the repository in which the policy and this folder are kept. They check each change; a "
        "verification every week proves that the standby still works. Their jobs are scripts that run on a laptop too."
    ),
    "cloud": "The preview shows on each change what it would build in the cloud.",
    "github": "GitHub reads pipelines in one place only, so they are copied there (a check says when a copy has grown old):",
    "gitlab": "GitLab includes them; in `.gitlab-ci.yml`, with the folder's own path:",
    "gitlab_weekly": (
        "The week is a pipeline schedule of the project, with the variable `BASCULE_VERIFY` set to `weekly`."
    ),
    "variables": "Settings are variables of the repository or project, none of them secret:",
    "variable": "variable",
    "meaning": "what it says",
    "BASCULE_PACKAGE": "what pip installs to have the compiler: a wheel, or `git+https://…` with a version",
    "BASCULE_FOLDER": "where this folder is (`build`)",
    "BASCULE_POLICY": "where the policy is (`policy.yml`)",
    "BASCULE_KNOWN_HOSTS": "where the machines' keys are pinned, if not in `known_hosts` beside the policy",
    "BASCULE_INSTALLED": "the folder that `dr-build` installed on the runner, if that is the one to verify from",
    "BASCULE_VARIABLES": "a file on the runner with variables for Ansible, where secrets are in a vault",
    "BASCULE_AWS_ROLE": "the role that the preview takes by OpenID Connect; reading is all that it needs",
    "BASCULE_PUBLIC_KEY": "the public half of the key by which machines are reached",
    "BASCULE_PASSPHRASE_PARAMETER": "the parameter of AWS Systems Manager that holds the passphrase of the state",
    "runner": (
        "No key is stored in a pipeline. The verification needs machines, and secrets: it runs on a runner of yours with the "
        "label (GitLab: tag) `bascule`, best a controller, on which the secrets are where the policy says. It never runs for "
        "a change that is only proposed."
    ),
}
_README_FR = {
    "head": "Pipelines",
    "what": (
        "`ci/` contient des pipelines pour le dépôt où sont gardés la politique et ce dossier. Ils vérifient chaque "
        "changement ; une vérification chaque semaine prouve que le secours fonctionne encore. Leurs tâches sont des scripts "
        "qui marchent aussi sur un portable."
    ),
    "cloud": "L'aperçu montre à chaque changement ce qu'il construirait dans le nuage.",
    "github": (
        "GitHub ne lit les pipelines qu'à un seul endroit ; on les y copie (un contrôle dit quand une copie a vieilli) :"
    ),
    "gitlab": "GitLab les inclut ; dans `.gitlab-ci.yml`, avec le chemin de ce dossier :",
    "gitlab_weekly": ("La semaine est une planification du projet, avec la variable `BASCULE_VERIFY` mise à `weekly`."),
    "variables": "Les réglages sont des variables du dépôt ou du projet, dont aucune n'est secrète :",
    "variable": "variable",
    "meaning": "ce qu'elle dit",
    "BASCULE_PACKAGE": "ce que pip installe pour avoir le compilateur : un wheel, ou `git+https://…` avec une version",
    "BASCULE_FOLDER": "où est ce dossier (`build`)",
    "BASCULE_POLICY": "où est la politique (`policy.yml`)",
    "BASCULE_KNOWN_HOSTS": "où les clés des machines sont notées, si ce n'est pas dans `known_hosts` à côté de la politique",
    "BASCULE_INSTALLED": "le dossier que `dr-build` a installé sur le runner, si c'est de là qu'on vérifie",
    "BASCULE_VARIABLES": "un fichier du runner avec des variables d'Ansible, si des secrets sont dans un coffre",
    "BASCULE_AWS_ROLE": "le rôle que l'aperçu prend par OpenID Connect ; il lui suffit de lire",
    "BASCULE_PUBLIC_KEY": "la moitié publique de la clé qui ouvre les machines",
    "BASCULE_PASSPHRASE_PARAMETER": "le paramètre d'AWS Systems Manager qui garde la phrase secrète de l'état",
    "runner": (
        "Aucune clé n'est gardée dans un pipeline. La vérification a besoin des machines et des secrets : elle tourne sur un "
        "runner à vous, avec l'étiquette (GitLab : tag) `bascule`, de préférence un poste de reprise, où les secrets sont "
        "là où le dit la politique. Elle ne tourne jamais pour un changement seulement proposé."
    ),
}
README: Mapping[str, Words] = {"en": _README_EN, "fr": _README_FR}
