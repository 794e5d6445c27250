"""One plain sentence for each way in which a server can fail. The SDK's own exception classes stay."""

import re

import anthropic
import httpx2

BROKEN = "The answer broke off."
KEY_LENGTH = 16
KEPT = "The answers so far are kept: run the cell again to continue."


def explain(error: anthropic.APIError, *, server: str, credential: str) -> None:
    """Put a plain sentence into the error, which Jupyter then shows alone.

    `server` is where the request went and `credential` names the variable that was used, for example
    "the key in ANTHROPIC_API_KEY".
    """
    _say(error, _sentence(error, server, credential))


def explain_local(error: anthropic.APIError) -> None:
    """The same for the model on this machine, where no network, key or address is involved."""
    match error:
        case anthropic.NotFoundError():
            sentence = "The local model does not have this (404)."
        case anthropic.InternalServerError():
            sentence = "The local model failed."
        case anthropic.APIStatusError() if not error.response.is_success:
            sentence = f"The local model refused the request ({error.status_code}): change what is sent."
        case _:
            sentence = "The local model failed in the middle of an answer."
    _say(error, sentence + _reason(error))


def _say(error: anthropic.APIError, sentence: str) -> None:
    error.message = sentence
    error.args = (sentence,)
    vars(error)["_render_traceback_"] = lambda: [f"{type(error).__name__}: {sentence}"]


def _reason(error: anthropic.APIError) -> str:
    reason = getattr(error, "api_message", None)
    return f" It said: {reason.rstrip('.')}." if isinstance(reason, str) and reason else ""


def is_key(secret: str) -> bool:
    """Whether a secret is long enough to be a key: a local server's token may be a word, such as "test"."""
    return len(secret) >= KEY_LENGTH


def mask(text: str, secrets: tuple[str, ...]) -> str:
    """The text without the secrets. One that may be an ordinary word is masked only as a whole word."""
    for secret in secrets:
        found = re.escape(secret)
        text = re.sub(found if is_key(secret) else rf"(?<!\w){found}(?!\w)", "***", text)
    return text


def broken_answer(request: httpx2.Request, cause: Exception | None) -> anthropic.APIConnectionError:
    """The error for a stream that ends before its answer does. `cause` is what the network raised."""
    if isinstance(cause, httpx2.TimeoutException):
        return anthropic.APITimeoutError(request=request)
    return anthropic.APIConnectionError(message=BROKEN, request=request)


def _sentence(error: anthropic.APIError, server: str, credential: str) -> str:
    reason = _reason(error)
    match error:
        case anthropic.APITimeoutError():
            return f"{server} did not answer in time: check the network, or wait a minute. {KEPT}"
        case anthropic.APIConnectionError() if str(error) == BROKEN:
            return f"The answer from {server} broke off before its end and is not kept. {KEPT}"
        case anthropic.APIConnectionError():
            return (
                f"{server} cannot be reached: check the network, the proxy and ANTHROPIC_BASE_URL, "
                "or unset the ANTHROPIC variables and connect again to work with the local model."
            )
        case anthropic.AuthenticationError():
            return (
                f"{server} refused {credential} (401): check it, "
                "or unset it and connect again to work with the local model."
            )
        case anthropic.PermissionDeniedError():
            return f"{server} does not allow this with {credential} (403): use another key.{reason}"
        case anthropic.NotFoundError():
            return (
                f"{server} has no such model or address (404): check COURSE_MODEL, ANTHROPIC_BASE_URL "
                f"and the model names in data/prices.csv.{reason}"
            )
        case anthropic.RateLimitError():
            return f"{server} had too many requests from you (429): wait a minute.{reason} {KEPT}"
        case anthropic.OverloadedError():
            return f"{server} is overloaded (529): wait a few minutes. {KEPT}"
        case anthropic.InternalServerError():
            return f"{server} failed ({error.status_code}): wait a few minutes.{reason} {KEPT}"
        case anthropic.APIStatusError() if error.response.is_success:
            return f"{server} failed in the middle of an answer, which is not kept: try again.{reason} {KEPT}"
        case anthropic.APIStatusError():
            return f"{server} refused the request ({error.status_code}): change what is sent.{reason}"
    return f"{server} sent something that is not an answer: check ANTHROPIC_BASE_URL."
