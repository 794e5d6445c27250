"""A skill on its way to the Skills API: sent once, only live, and never without a bound on its price."""

import dataclasses
from collections.abc import Iterator

import anthropic
import httpx2
import pytest

from course.engine.client import CourseClient, connect
from course.engine.meter import estimate
from course.engine.transports import CONTAINER_TOKENS
from course.errors import CourseError
from course.rungs import skills
from course.rungs.skills import Example, load, remember, upload, working_copy
from tests.stub_server import StubServer, stub_server

KEY = "sk-marker-0123456789"


@pytest.fixture
def stub(results_dir) -> Iterator[StubServer]:
    with stub_server() as stub:
        yield stub


@pytest.fixture
def client(stub: StubServer, monkeypatch: pytest.MonkeyPatch) -> CourseClient:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", stub.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("COURSE_MODEL", "first-model")
    return connect()[0]


def test_the_whole_folder_goes_out_once_with_files_of_any_kind(client, stub):
    skill = working_copy()
    id = upload(client, skill)
    assert upload(client, skill) == id and len(stub.uploads) == 1
    for file in ("SKILL.md", *skill.files):
        assert f'filename="ticket-routing/{file}"' in stub.uploads[0]
    assert skill.body in stub.uploads[0] and KEY not in stub.uploads[0]
    (skill.folder / "assets" / "form.pdf").write_bytes(b"%PDF-1.7\x93\xff\x00")
    (skill.folder / "assets" / ".ipynb_checkpoints").mkdir()
    (skill.folder / "assets" / ".ipynb_checkpoints" / "form.pdf").write_bytes(b"\x93")
    assert upload(client, load(skill.folder))
    assert 'filename="ticket-routing/assets/form.pdf"' in stub.uploads[1]
    assert "ipynb_checkpoints" not in stub.uploads[1]


def test_the_upload_is_named_after_its_content_and_goes_out_again_when_it_has_grown(client, stub):
    skill = load(skills.FOLDER / skills.ROUTING)
    id = upload(client, skill)
    assert upload(client, dataclasses.replace(skill, folder=working_copy().folder)) == id
    skill = working_copy()
    first = upload(client, skill)
    remember(skill, [Example("X1", "The pump is silent.", "device_fault")])
    assert upload(client, skill) != first and len(stub.uploads) == 2


def test_an_estimate_uploads_nothing_and_a_server_without_skills_gives_none(client, stub, monkeypatch):
    estimate([lambda: upload(client, working_copy())], client.budget)
    assert stub.uploads == []

    def missing(*args, **options):
        answer = httpx2.Response(404, request=httpx2.Request("GET", "http://localhost/v1/skills"))
        raise anthropic.NotFoundError("no such path", response=answer, body=None)

    monkeypatch.setattr(client.skills, "list", missing)
    assert upload(client, working_copy()) is None


def test_in_local_mode_nothing_is_sent_and_a_direct_upload_is_refused(results_dir):
    client, _ = connect(mode="local")
    assert upload(client, working_copy()) is None
    with pytest.raises(CourseError, match="/v1/skills is not metered"):
        client.skills.create(files=[("ticket-routing/SKILL.md", b"---")])


def test_a_request_with_skills_is_bounded_by_all_its_turns(client):
    ask = {"model": "first-model", "max_tokens": 10, "messages": [{"role": "user", "content": "Where to?"}]}
    container = {"skills": [{"type": "custom", "skill_id": "skill_1"}]}
    plain = estimate([lambda: client.messages.create(**ask)], client.budget)
    with_skill = estimate([lambda: client.messages.create(**ask, container=container)], client.budget)
    assert with_skill.input_tokens >= plain.input_tokens + CONTAINER_TOKENS
