"""A client that gives every request the same answer and remembers what it was asked."""

from types import SimpleNamespace


def answering(text: str) -> tuple[SimpleNamespace, list[dict]]:
    asked: list[dict] = []

    def create(**request: object) -> SimpleNamespace:
        asked.append(request)
        return SimpleNamespace(content=[SimpleNamespace(type="text", text=text)])

    return SimpleNamespace(messages=SimpleNamespace(create=create), mode="local", budget=None), asked
