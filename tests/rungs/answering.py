"""A client that gives these answers, the last one for ever, and remembers what it was asked."""

from copy import deepcopy
from types import SimpleNamespace


def answering(*texts: str) -> tuple[SimpleNamespace, list[dict]]:
    asked: list[dict] = []

    def create(**request: object) -> SimpleNamespace:
        asked.append(deepcopy(request))
        text = texts[min(len(asked), len(texts)) - 1]
        reply = SimpleNamespace(type="text", text=text)
        return SimpleNamespace(content=[reply], stop_reason="end_turn")

    return SimpleNamespace(messages=SimpleNamespace(create=create), mode="local", budget=None), asked
