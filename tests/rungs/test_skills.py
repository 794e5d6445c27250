"""Skills: the folders of data/ keep to the open format, and every fault is named with file, value and fix."""

import os
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import skills_ref
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from course.engine.schema import enforceable
from course.errors import CourseError
from course.material.data import QUEUES, policy, skill_requests, tickets
from course.rungs import skills
from course.rungs.prompt_lint import lint
from course.rungs.routing import QUEUE_SCHEMA, one_per_queue
from course.rungs.skills import Example, Skill, load, load_all, remember, working_copy
from tests import disk
from tests.kernels import run_at_once
from tests.rungs.answering import answering
from tests.skill_folders import ACCEPTED, DESCRIPTION, FAULTS, GOOD, NAME, write

ALL = load_all()
ROUTING = load(skills.FOLDER / skills.ROUTING)
NEW = Example("X1", "The pump is silent.", "device_fault")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A valid skill, to be spoilt."""
    return write(tmp_path / "good-skill", GOOD)


@pytest.fixture
def copy(results_dir: Path) -> Skill:
    return working_copy()


@pytest.mark.parametrize("skill", ALL, ids=lambda skill: skill.name)
def test_a_skill_keeps_to_the_format_and_every_file_that_its_body_names_is_there(skill):
    assert skills_ref.validate(skill.folder) == []
    assert skills_ref.read_properties(skill.folder).description == skill.description
    named = set(re.findall(r"\b(?:references|assets)/[\w.]+\w", skill.body))
    assert named == set(skill.files)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.why)
def test_a_broken_skill_is_refused_with_file_value_and_fix(tmp_path, fault):
    folder = write(tmp_path / "good-skill", fault.text)
    with pytest.raises(CourseError, match=fault.message) as refused:
        load(folder)
    assert "good-skill/SKILL.md" in str(refused.value)
    assert skills_ref.validate(folder) != []


@pytest.mark.parametrize(("name", "text"), ACCEPTED)
@pytest.mark.parametrize("file", ["SKILL.md", "skill.md"])
def test_what_the_format_accepts_is_loaded(tmp_path, capsys, name, text, file):
    folder = write(tmp_path / name, text)
    (folder / "SKILL.md").rename(folder / file)
    assert skills_ref.validate(folder) == []
    skill = load(folder)
    assert (skill.name, skill.description) == (name, skills_ref.read_properties(folder).description)
    assert skill.files == () and capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "lines"), [(f"---\n{NAME}\n{DESCRIPTION}\n---\n", 0), (GOOD + "One more step.\n" * 500, 503)]
)
def test_a_body_that_a_model_follows_badly_is_loaded_with_advice(tmp_path, capsys, text, lines):
    assert load(write(tmp_path / "good-skill", text)).name == "good-skill"
    assert f"Advice: good-skill/SKILL.md has {lines} lines" in capsys.readouterr().out


@pytest.mark.parametrize(
    "stray",
    [
        ".ipynb_checkpoints/SKILL-checkpoint.md",
        "__pycache__/a.pyc",
        ".DS_Store",
        "Thumbs.db",
        "__MACOSX/._rules.md",
        "node_modules/left-pad/index.js",
        "rules.md~",
        "#rules.md#",
        "~$report.docx",
    ],
)
def test_what_editors_and_tools_leave_is_no_part_of_a_skill(folder, stray):
    (folder / "references" / stray).parent.mkdir(parents=True, exist_ok=True)
    (folder / "references" / stray).write_bytes(b"\x93")
    (folder / "references" / "rules.md").write_text("One rule.")
    assert load(folder).files == ("references/rules.md",)


def test_a_folder_of_skills_may_hold_other_folders_and_no_links_out_of_it(folder, capsys, tmp_path):
    for other in (".ipynb_checkpoints", "__pycache__", "__MACOSX", "drawings"):
        (folder.parent / other).mkdir()
    (folder.parent / "README.md").write_text("Five skills.")
    assert [skill.name for skill in load_all(folder.parent)] == ["good-skill"]
    said = capsys.readouterr().out.splitlines()
    assert said == [f"Advice: {folder.parent / 'drawings'} holds no SKILL.md and is left out."]
    (tmp_path / "secret.txt").write_text("key")
    (folder / "rules.md").write_text("One rule.")
    (folder / "same.md").symlink_to(folder / "rules.md")
    (folder / "secret.md").symlink_to(tmp_path / "secret.txt")
    (folder / "gone.md").symlink_to(tmp_path / "gone.txt")
    assert load(folder).files == ("rules.md", "same.md")
    (folder / "SKILL.md").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(folder).name == "good-skill"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"PK\x03\x04\x14\0\0\0", "a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Office file"),
        (b"\x1f\x8b\x08\0", "a gzip archive"),
        (b"\x89PNG\r\n", "an image"),
    ],
)
def test_a_file_that_is_no_text_is_a_part_and_is_named_when_it_is_read(folder, content, kind):
    (folder / "report.txt").write_bytes(content)
    skill = load(folder)
    assert skill.files == ("report.txt",)
    with pytest.raises(CourseError, match=f"report.txt is {kind}.*not text"):
        skill.read("report.txt")


def test_what_is_not_there_or_cannot_be_read_is_named(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    (folder / "SKILL.md").write_bytes(GOOD.encode() + b"\xff")
    for act, message in (
        (lambda: load(tmp_path / "empty"), "empty/SKILL.md is missing"),
        (lambda: load_all(tmp_path / "none"), "holds no skill"),
        (lambda: load(folder), "0xff is not UTF-8"),
        (lambda: skills.planted("typo"), "'typo'; choose one of contradictory-step, missing-contract, vague"),
        (lambda: skill_requests("all"), "'all'.*tune, test"),
    ):
        with pytest.raises(CourseError, match=message):
            act()


@pytest.mark.parametrize("path", ["nothing.md", "../good-skill/SKILL.md", "SKILL.md", "/etc/hostname", ""])
def test_only_the_files_beside_it_can_be_read(folder, path):
    (folder / "rules.md").write_text("One rule.")
    assert load(folder).read("rules.md") == "One rule."
    with pytest.raises(CourseError, match=r"has no file .*it has rules.md"):
        load(folder).read(path)


def test_the_routing_skill_holds_the_policy_the_contract_and_the_fixed_examples():
    references = ROUTING.read("references/queues.md") + ROUTING.read("references/rules.md")
    lines = [line for line in policy().splitlines() if line.strip() and not line.startswith("#")]
    table = lines[lines.index("| queue | what belongs there |") :]
    assert [line for line in table if line not in references] == []
    assert all(queue in ROUTING.body for queue in QUEUES)
    assert ROUTING.contract == QUEUE_SCHEMA
    Draft202012Validator.check_schema(ROUTING.contract)
    enforceable(ROUTING.contract, where="contract", strict=True)
    fixed = one_per_queue(tickets("train"))
    found = skills.examples(ROUTING)
    assert [(one.id, one.text, one.queue) for one in found] == [(t.id, t.text, t.queue) for t in fixed]


def test_a_contract_that_is_no_json_is_named(copy):
    (copy.folder / skills.CONTRACT).write_text("{")
    with pytest.raises(CourseError, match=r"ticket-routing/assets/reply.schema.json: '{' is not JSON"):
        _ = copy.contract


def test_no_request_is_a_ticket_and_the_nearest_description_wins_unless_none_is_near():
    known = {ticket.text for split in ("train", "dev", "test", "stream") for ticket in tickets(split)}
    for split, each in (("tune", 5), ("test", 9)):
        requests = skill_requests(split)
        assert not known & {request.text for request in requests}
        names = [*(skill.name for skill in ALL), skills.NO_SKILL]
        assert Counter(request.skill for request in requests) == dict.fromkeys(names, each)
    assert len(ALL) == 5 and skills.ROUTING in names
    near = replace(ALL[0], description="How to prune basil.")
    far = replace(ALL[1], description="How to file a tax return.")
    assert skills.most_alike("pruning my basil", [far, near], 0.3) == near.name
    assert skills.most_alike("pruning my basil", [far, near], 1.1) == skills.NO_SKILL


def test_the_copy_may_grow_keeps_its_examples_and_gets_the_rest_anew(copy):
    before = skills.examples(copy)
    for verdict in (NEW, replace(NEW, queue="device_setup")):
        assert remember(copy, [verdict]) == len(before) + 1
        assert skills.examples(copy) == [*before, verdict]
    with pytest.raises(CourseError, match="working_copy"):
        remember(ROUTING, [NEW])
    remember(copy, [NEW])
    (copy.folder / "SKILL.md").write_text("spoilt")
    again = working_copy()
    assert NEW in skills.examples(again) and "# Ticket routing" in again.body


texts = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1)


@given(
    st.lists(st.builds(Example, texts, texts, st.sampled_from(QUEUES)), max_size=5, unique_by=lambda e: e.id)
)
def test_any_text_comes_back_as_it_was(tmp_path_factory, new):
    folder = tmp_path_factory.mktemp("copy") / skills.ROUTING
    shutil.copytree(skills.FOLDER / skills.ROUTING, folder)
    skill = load(folder)
    remember(skill, new)
    found = {example.id: example for example in skills.examples(skill)}
    assert [found[example.id] for example in new] == new


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("no json", "line 2: 'no json' is not JSON"),
        ('{"id": "X1", "text": "Hello"}', "line 2: the field 'queue' is missing"),
        ('["X1"]', "line 2: .*is not an object"),
        ('{"id": ["X1"], "text": "Hello", "queue": "safety"}', r"line 2: id is \['X1'\]"),
        ('{"id": "X1", "text": "Hello", "queue": "billing"}', "line 2: there is no queue 'billing'"),
    ],
)
def test_a_damaged_example_is_named(copy, line, message):
    file = copy.folder / skills.EXAMPLES
    file.write_text(file.read_text().splitlines()[0] + "\n" + line)
    with pytest.raises(CourseError, match=message):
        skills.examples(copy)


def test_on_a_full_disk_the_examples_stay_as_they_were(copy, monkeypatch):
    before = skills.examples(copy)
    monkeypatch.setattr(os, "replace", disk.full)
    with pytest.raises(CourseError, match="is as it was before.*free some space"):
        remember(copy, [NEW])
    monkeypatch.undo()
    assert skills.examples(copy) == before
    assert list(copy.folder.rglob("*.tmp")) == []


def add_some(folder: Path, letter: str) -> None:
    for number in range(10):
        remember(load(folder), [replace(NEW, id=f"{letter}{number}")])


@pytest.mark.slow
def test_two_kernels_that_write_at_once_lose_nothing(copy):
    before = len(skills.examples(copy))
    run_at_once(add_some, (copy.folder, "A"), (copy.folder, "B"))
    assert len(skills.examples(copy)) == before + 20


@pytest.mark.parametrize("fault", sorted(path.name for path in skills.FAULTS.iterdir()))
def test_a_planted_fault_is_valid_in_form_and_changes_one_thing(fault):
    assert skills_ref.validate(skills.FAULTS / fault / skills.ROUTING) == []
    faulty = skills.planted(fault)
    changed = {name for name in ("description", "body") if getattr(ROUTING, name) != getattr(faulty, name)}
    assert changed == ({"description"} if fault == "vague-description" else {"body"})
    assert (faulty.contract is None) == (fault == "missing-contract")


def test_the_linter_finds_the_contradictory_step_and_nothing_else():
    assert lint(skills.planted("contradictory-step").body)
    assert not lint(skills.planted("missing-contract").body)
    assert not any(lint(skill.body) for skill in ALL)


@pytest.mark.parametrize(
    ("skill", "schema", "reply", "example"),
    [
        (ROUTING, QUEUE_SCHEMA, "safety", '{"queue": "device_fault"}'),
        (skills.planted("missing-contract"), None, '{"queue": "safety"}', "device_fault"),
    ],
)
def test_the_request_holds_the_body_the_files_and_the_contract_if_there_is_one(skill, schema, reply, example):
    client, asked = answering(' {"queue": "safety"}')
    assert skills.route(client, "m", skill, NEW, [NEW], ["references/rules.md"]) == reply
    assert asked[0]["system"] == f"{skill.body}\n\n{skill.read('references/rules.md')}"
    assert asked[0].get("output_config", {}).get("format", {}).get("schema") == schema
    assert asked[0]["messages"][1]["content"] == example


def test_the_choice_is_held_to_the_skills_and_none():
    client, asked = answering('{"skill": "none"}')
    assert skills.choose(client, "m", "Book a room", ALL) == skills.NO_SKILL
    [request] = asked
    schema = request["output_config"]["format"]["schema"]
    assert schema["properties"]["skill"]["enum"] == [*(skill.name for skill in ALL), skills.NO_SKILL]
    assert all(skill.description in request["system"] for skill in ALL)
    assert not any(skill.body in request["system"] for skill in ALL)
