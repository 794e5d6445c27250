"""Who is in the room: names and tokens in learners.json, and the instructor's own token."""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from course.errors import CourseError
from course.files import read_json, write_text


def room_dir() -> Path:
    """The room's folder: `COURSE_ROOM`, else `room/` where the command runs."""
    return Path(os.environ.get("COURSE_ROOM") or "room")


def read_learners(room: Path) -> dict[str, str]:
    """Name -> token, from learners.json. CourseError for a name or a token that is empty or not unique."""
    path = room / "learners.json"
    tokens = read_json(path)
    for name, token in tokens.items():
        if not isinstance(token, str) or not token.strip():
            raise CourseError(f"{path.name}: the token of {name!r} is {token!r}; give every learner one.")
        if not name.strip() or name in (".", "..") or "/" in name or "\\" in name:
            raise CourseError(f"{path.name}: {name!r} is not a name for a folder; use letters and digits.")
    if len(set(tokens.values())) < len(tokens):
        raise CourseError(f"{path.name}: a token appears twice; give every learner one of their own.")
    return tokens


def instructor_token(room: Path) -> str:
    """The token in instructor.json, which is made if it is missing."""
    path = room / "instructor.json"
    if not path.exists():
        write_text(path, json.dumps({"token": secrets.token_urlsafe(24)}) + "\n", private=True)
    token = read_json(path).get("token")
    if not isinstance(token, str) or not token.strip():
        raise CourseError(f"{path} holds no token; remove the file, and a new one is made.")
    return token


def owner_of(token: str, tokens: Mapping[str, str]) -> str | None:
    """Whose token it is. Digests are compared, so that the time taken tells nothing about a token."""
    return {_digest(each): name for name, each in tokens.items()}.get(_digest(token))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
