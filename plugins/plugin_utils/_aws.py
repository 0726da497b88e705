# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only file of the plugins that reaches for boto3, which is needed where something is in AWS and nowhere else.

Credentials come by AWS's own chain: the environment, a profile, a token of the CI, the role of the machine.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

CONNECT_S, READ_S = 5, 10
# What is asked too often is asked again by boto3, a little later each time: half a minute in all.
ATTEMPTS = 6
# Services that are in no region are asked there when nobody says another.
GLOBAL = "us-east-1"
WAYS = ("Give them as for AWS's own tools: AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of "
        "this machine.")
# What AWS answers, and what that means for who runs this. Messages of AWS are passed on for the last ones only: others
# may quote a request, with a token in it.
HINTS = {
    "InvalidClientTokenId": "it does not know these credentials; " + WAYS,
    "UnrecognizedClientException": "it does not know these credentials; " + WAYS,
    "SignatureDoesNotMatch": "the secret does not belong to the access key, or the clock of this computer is wrong",
    "ExpiredToken": "these credentials have expired; sign in again",
    "ExpiredTokenException": "these credentials have expired; sign in again",
    "401": "it does not take these credentials; " + WAYS,
    "403": "it does not take these credentials; " + WAYS,
    "RequestExpired": "the clock of this computer is wrong",
    "Throttling": "the account asks too much of it at the moment; start again in a minute",
    "ThrottlingException": "the account asks too much of it at the moment; start again in a minute",
    "PriorRequestNotComplete": "another change is under way; start again in a minute",
    "AccessDenied": "the identity may not do that",
    "AccessDeniedException": "the identity may not do that",
}
TOLD = frozenset({"AccessDenied", "AccessDeniedException", "InvalidChangeBatch", "InvalidInput"})
NO_CREDENTIALS = frozenset({"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError",
                            "MetadataRetrievalError", "ProfileNotFound", "ConfigNotFound"})
SIGN_IN = frozenset({"SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError", "LoginRefreshRequired"})


class AwsError(Exception):
    """AWS did not do or say what was asked; the text is a sentence for the user, without secrets. `code` is AWS's."""

    def __init__(self, sentence: str, code: str = "") -> None:
        self.code = code
        super().__init__(sentence)


def missing() -> Optional[str]:
    """A sentence when boto3 or credentials are not here; None when both are. AWS itself is not asked."""
    try:
        found = _session().get_credentials()
    except AwsError as error:
        return str(error)
    except Exception as error:
        return _unsaid("AWS", error)
    return None if found else f"There are no credentials for AWS. {WAYS}"


def client(service: str, region: Optional[str] = None) -> Any:
    """A client that waits for bounded times only. Raises AwsError without boto3 or with a profile that is none."""
    session = _session()
    from botocore.config import Config

    settings = Config(connect_timeout=CONNECT_S, read_timeout=READ_S,
                      retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
    where = region or session.region_name or GLOBAL
    return said(service, session.client, service, region_name=where, config=settings)


def said(service: str, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What `call` returns. Raises AwsError for everything that boto3 raises."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call(*given, **named)
    except ClientError as error:
        answer = error.response.get("Error", {})
        code = str(answer.get("Code") or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
        hint = HINTS.get(code, "")
        more = " ".join(str(answer.get("Message", "")).split()) if code in TOLD else ""
        reason = "; ".join(part for part in (hint, more) if part) or "see what it says of this code"
        raise AwsError(f"{_named(service)} refused: {code}; {reason.rstrip('.')}.", code) from None
    except BotoCoreError as error:
        raise AwsError(_unsaid(service, error)) from None


def _session() -> Any:
    try:
        from boto3.session import Session
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise AwsError("boto3 is not in the Python that runs Ansible. Install it there: pip install boto3.") from None
    try:
        return Session()
    except BotoCoreError as error:
        raise AwsError(_unsaid("AWS", error)) from None


def _unsaid(service: str, error: Exception) -> str:
    """What it means that AWS could not be asked."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & SIGN_IN:
        return "The sign-in to AWS has expired. Sign in again (aws sso login)."
    if kinds & NO_CREDENTIALS:
        return f"There are no credentials for AWS that can be used ({type(error).__name__}). {WAYS}"
    return f"{_named(service)} cannot be reached ({type(error).__name__}). Is there a way to it from this computer?"


def _named(service: str) -> str:
    return {"route53": "Route 53"}.get(service, f"AWS ({service})" if service != "AWS" else service)
