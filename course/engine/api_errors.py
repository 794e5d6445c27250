"""One plain sentence for each way in which a server can fail. The SDK's own exception classes stay."""

import anthropic
import httpx2

BROKEN = "The answer broke off."
KEPT = "The answers so far are kept: run the cell again to go on."


def explain(
    error: anthropic.APIError, *, server: str, credential: str, secrets: tuple[str, ...]
) -> anthropic.APIError:
    """Put a plain sentence into the error, which Jupyter then shows alone.

    `server` is where the request went and `credential` names the variable that was used, for example
    "the key in ANTHROPIC_API_KEY". No text from `secrets` is left in the sentence.
    """
    sentence = mask(_sentence(error, server, credential), secrets)
    error.message = sentence
    error.args = (sentence,)
    error._render_traceback_ = lambda: [f"{type(error).__name__}: {sentence}"]
    return error


def mask(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def broken_answer(request: httpx2.Request, cause: Exception | None) -> anthropic.APIConnectionError:
    """The error for a stream that ends before its answer does. `cause` is what the network raised."""
    if isinstance(cause, httpx2.TimeoutException):
        return anthropic.APITimeoutError(request=request)
    return anthropic.APIConnectionError(message=BROKEN, request=request)


def _sentence(error: anthropic.APIError, server: str, credential: str) -> str:
    said = getattr(error, "api_message", None)
    said = f" It said: {said.rstrip('.')}." if isinstance(said, str) and said else ""
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
            return f"{server} does not allow this with {credential} (403): use another key.{said}"
        case anthropic.NotFoundError():
            return (
                f"{server} has no such model or address (404): check COURSE_MODEL, ANTHROPIC_BASE_URL "
                f"and the model names in data/prices.csv.{said}"
            )
        case anthropic.RateLimitError():
            return f"{server} had too many requests from you (429): wait a minute.{said} {KEPT}"
        case anthropic.OverloadedError():
            return f"{server} is overloaded (529): wait a few minutes. {KEPT}"
        case anthropic.InternalServerError():
            return f"{server} failed ({error.status_code}): wait a few minutes.{said} {KEPT}"
        case anthropic.APIStatusError() if error.response.is_success:
            return f"{server} failed in the middle of an answer, which is not kept: try again.{said} {KEPT}"
        case anthropic.APIStatusError():
            return f"{server} refused the request ({error.status_code}): change what is sent.{said}"
    return f"{server} sent something that is no answer: check ANTHROPIC_BASE_URL."
