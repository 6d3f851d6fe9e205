"""What mends a failure of AWS that is one of who asks or where: the same for every command."""

from __future__ import annotations

from collections.abc import Iterator

SIGN_IN = "Sign in (aws sso login, or aws configure), or name a profile: AWS_PROFILE=…"
_REGION = "Name the region of your stack: AWS_DEFAULT_REGION=eu-central-1, say."
# By the name of the SDK's exception, or the code of AWS's refusal.
_WHO_AND_WHERE = {
    **dict.fromkeys(("NoRegionError", "InvalidRegionError", "EndpointConnectionError"), _REGION),
    **dict.fromkeys(("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"), SIGN_IN),
    **dict.fromkeys(("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError"), SIGN_IN),
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired"), SIGN_IN),
    **dict.fromkeys(("InvalidClientTokenId", "UnrecognizedClientException"), SIGN_IN),
    **dict.fromkeys(("InvalidSignatureException", "SignatureDoesNotMatch"), SIGN_IN),
    "ProfileNotFound": "aws configure list-profiles says which there are; AWS_PROFILE names one.",
}


def advice_on(error: BaseException) -> str:
    """Empty where the failure is another one."""
    names = (name for cause in _causes(error) for name in (type(cause).__name__, _code(cause)))
    return next((_WHO_AND_WHERE[name] for name in names if name in _WHO_AND_WHERE), "")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _code(error: BaseException) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
