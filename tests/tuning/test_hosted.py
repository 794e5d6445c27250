"""Hosted routes: each rule both ways, the price by hand, and the requests as data."""

import json
import re
from dataclasses import replace
from functools import reduce
from operator import getitem
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from course.errors import CourseError
from course.material.data import QUEUES, Ticket, tickets
from course.material.prices import rows as price_rows
from course.rungs.routing import system_prompt
from course.tuning import hosted
from course.tuning.hosted_formats import FORMATS

ROUTES = list(hosted.routes().values())
NOVA = hosted.route("bedrock-nova")
ROLE = "arn:aws:iam::123456789012:role/course-bedrock"
BUCKET = "course-bucket"
SECRET = "wJalrXUtnFEMI-not-a-real-secret"
TRAIN = tickets("train")[:120]


def by_route(routes=ROUTES):
    return pytest.mark.parametrize("route", routes, ids=[route.id for route in routes])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good training file for Nova."""
    return hosted.write(NOVA, TRAIN, tmp_path)


@pytest.fixture(scope="module")
def ready(tmp_path_factory) -> dict[str, Path]:
    """A good file for every route, which no test changes."""
    return {route.id: hosted.write(route, TRAIN, tmp_path_factory.mktemp(route.id)) for route in ROUTES}


def planned(path: Path, route: hosted.Route = NOVA, **changed) -> hosted.Plan:
    return hosted.plan(route, path, **{"role": ROLE, "bucket": BUCKET} | changed)


def broken(route: hosted.Route, folder: Path, change) -> list[hosted.Problem]:
    """What is found in a good file of ten times ten examples after `change(records)` or of its bytes."""
    path = hosted.write(route, TRAIN, folder)
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    changed = change(records)
    if changed is None:
        changed = "".join(json.dumps(record) + "\n" for record in records).encode()
    path.write_bytes(changed)
    return hosted.problems(route, path)


@by_route()
def test_every_route_has_the_rules_that_the_check_needs_and_says_where_they_stand(route):
    for rule in (*route.rules.values(), *route.facts):
        assert rule.text and rule.source and rule.status in ("documented", "unverified", "ours")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", rule.date)
    needed = {"encoding", "file_name", "keys", "content", "examples", "tokens", "bytes", "epochs"}
    extra = {"conversation": {"roles", "reserved"}, "prompt": set()}.get(route.format, {"roles"})
    assert set(route.rules) == needed | extra
    assert route.rules["epochs"].low <= route.epochs <= route.rules["epochs"].high


def test_the_table_holds_every_rule_and_the_missing_prices_are_those_that_nobody_found():
    known = {row.id for row in price_rows()}
    named = {row for route in ROUTES for row in (route.training, route.storage, route.serving) if row}
    assert named - known == {"bedrock/llama-3.1-8b-training", "bedrock/llama-3.1-8b-provisioned"}
    said = {rule.status for route in ROUTES for rule in (*route.rules.values(), *route.facts)}
    assert said == {"documented", "unverified", "ours"}


@by_route()
def test_the_rules_are_shown_with_their_bounds_their_date_and_their_source(route):
    table = hosted.rules_table(route)
    assert len(table) == len(route.rules) + len(route.facts)
    said = (*route.rules.values(), *route.facts)
    for rule, shown in zip(said, table.itertuples(index=False), strict=True):
        bounds = [f"{bound:,}" for bound in (rule.low, rule.high) if bound is not None]
        assert all(part in shown[0] for part in (*bounds, *rule.text.split("; ")))
        assert shown[1] == f"{rule.status}, {rule.date}" and shown[2] == rule.source


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("low = 8\n", "lowest = 8\n", "the field 'lowest' is not known"),
        ('status = "ours"', 'status = "certain"', "status is 'certain'; input should be 'documented'"),
    ],
)
def test_a_rule_with_an_unknown_key_or_status_is_named(old, new, text, monkeypatch, tmp_path):
    copy = tmp_path / "hosted_routes.toml"
    copy.write_text(hosted.ROUTES.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(hosted, "ROUTES", copy)
    with pytest.raises(CourseError, match=text):
        hosted.routes.__wrapped__()


def test_what_is_not_there_or_cannot_be_written_is_named(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    for act, said in (
        (lambda: hosted.route("openai"), "no hosted route 'openai'; use one of bedrock-nova"),
        (lambda: hosted.write(NOVA, TRAIN, in_the_way), "cannot be written .*; choose another folder"),
        (
            lambda: hosted.problems(NOVA, tmp_path / "no.jsonl"),
            "cannot be read .*; write it with hosted.write first",
        ),
    ):
        with pytest.raises(CourseError, match=said):
            act()


@by_route()
def test_all_training_tickets_make_a_good_file(route, tmp_path):
    path = hosted.write(route, tickets("train"), tmp_path)
    assert hosted.problems(route, path) == []
    assert path.read_bytes().count(b"\n") == 810


def test_the_examples_are_the_task_of_the_course():
    ticket = Ticket("T1", "Where is my parcel?", "order_status", "typical", None)
    nova, llama, together, fireworks = (FORMATS[route.format].of(ticket, "Sort it.\n") for route in ROUTES)
    assert nova == {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "Sort it.\n"}],
        "messages": [
            {"role": "user", "content": [{"text": "Where is my parcel?"}]},
            {"role": "assistant", "content": [{"text": "order_status"}]},
        ],
    }
    assert llama == {"prompt": "Sort it.\n\nWhere is my parcel?", "completion": "order_status"}
    assert together == fireworks
    assert [turn["role"] for turn in together["messages"]] == ["system", "user", "assistant"]


@pytest.mark.parametrize(("given", "written"), [({}, system_prompt()), ({"instruction": "Queue?"}, "Queue?")])
def test_the_instruction_is_the_course_s_unless_another_is_given(given, written, tmp_path):
    path = hosted.write(hosted.route("together"), TRAIN, tmp_path, **given)
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    assert json.loads(first)["messages"][0]["content"] == written


@hypothesis.given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_text_comes_back_as_it_was(text):
    for form in FORMATS.values():
        line = json.dumps(form.of(Ticket("T1", text, QUEUES[0], "typical", None), "I"))
        assert text in "".join(part for _, part in form.model_validate(json.loads(line)).turns())


def test_a_line_separator_is_no_new_example_and_the_module_can_send_nothing(tmp_path):
    odd = replace(TRAIN[0], text="first\u2028second\x85third")
    path = hosted.write(NOVA, [odd, *TRAIN], tmp_path)
    assert hosted.problems(NOVA, path) == []
    assert hosted.estimate(NOVA, path).examples == len(TRAIN) + 1
    code = Path(hosted.__file__).read_text(encoding="utf-8")
    assert not re.search(r"^\s*(import|from) (boto|requests|httpx|urllib|socket|http)", code, re.MULTILINE)


def test_a_bad_file_has_no_price_and_tickets_that_break_a_rule_are_not_written(path):
    before = path.read_bytes()
    wrong = [replace(TRAIN[0], text="Assistant: ignore this"), *TRAIN[1:]]
    with pytest.raises(CourseError, match=r"tickets-bedrock-nova.jsonl, line 1 \(reserved\): .*'Assistant:'"):
        hosted.write(NOVA, wrong, path.parent)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    path.write_bytes(path.read_bytes() + b"{}\n")
    with pytest.raises(CourseError, match=r"line 121 \(keys\): the field 'messages' is missing"):
        hosted.estimate(NOVA, path)


# Each rule, broken: the unbroken file is tested above


def set_(*keys, **new):
    """A change of one place in the second example: to `to`, or removed."""

    def change(records):
        place = reduce(getitem, keys[:-1], records[1])
        if new:
            place[keys[-1]] = new["to"]
        else:
            del place[keys[-1]]

    return change


COMMON = [
    ("encoding", lambda records: b"{}\n{not json\n", 2),
    ("encoding", lambda records: b"{}\n[1]\n", 2),
    ("encoding", lambda records: b"{}\n\n", 2),
    ("encoding", lambda records: b"{}\n\xff\n", 2),
    ("encoding", lambda records: b"\xef\xbb\xbf{}\n", 1),
    ("keys", set_("extra", to=1), 2),
]
TURNS = [
    ("keys", set_("messages"), 2),
    ("keys", set_("messages", to="text"), 2),
    ("keys", set_("messages", -1, "role"), 2),
    ("keys", set_("messages", -1, "colour", to="red"), 2),
    ("roles", set_("messages", -1), 2),
    ("roles", set_("messages", -1, "role", to="bot"), 2),
    ("roles", set_("messages", -1, "role", to="user"), 2),
    ("roles", set_("messages", -2, "role", to="assistant"), 2),
]
CASES = {
    "conversation": [
        *COMMON,
        *TURNS,
        ("roles", set_("messages", 0, "role", to="system"), 2),
        ("roles", set_("messages", 0, "role", to="developer"), 2),
        ("content", set_("messages", 0, "content", to="plain text"), 2),
        ("content", set_("messages", 0, "content", to=[]), 2),
        ("content", set_("messages", 0, "content", 0, "text", to=""), 2),
        ("content", set_("messages", 0, "content", 0, "text", to=7), 2),
        ("keys", set_("messages", 0, "content", 0, "image", to={}), 2),
        ("keys", set_("system", 0, "text"), 2),
        ("reserved", set_("messages", 0, "content", 0, "text", to="see <image> below"), 2),
        ("reserved", set_("system", 0, "text", to="System: sort it"), 2),
    ],
    "together": [
        *COMMON,
        *TURNS,
        ("roles", set_("messages", 0, "role", to="developer"), 2),
        ("roles", set_("messages", 1, "role", to="system"), 2),
        ("keys", set_("messages", 1, "reasoning_content", to="Hm."), 2),
        ("content", set_("messages", 1, "content", to=[{"type": "image_url"}]), 2),
        ("content", set_("messages", 1, "content", to="  "), 2),
        ("keys", set_("messages", 2, "weight", to=0.5), 2),
    ],
    "prompt": [
        *COMMON,
        ("keys", set_("completion"), 2),
        ("content", set_("completion", to=""), 2),
        ("content", set_("prompt", to=None), 2),
    ],
}
CASES["fireworks"] = CASES["together"]


@pytest.mark.parametrize(
    ("route", "rule", "change", "line"),
    [(route, *case) for route in ROUTES for case in CASES[route.format]],
    ids=lambda value: getattr(value, "id", None) or (value if isinstance(value, str) else ""),
)
def test_a_broken_rule_is_found_with_its_line(route, rule, change, line, tmp_path):
    found = broken(route, tmp_path, change)
    assert (rule, line) in {(problem.rule, problem.line) for problem in found}
    assert all(str(problem).endswith(".") for problem in found)


@by_route([hosted.route("together"), hosted.route("fireworks")])
def test_what_chat_files_may_hold_is_let_through_and_tools_are_counted(route, tmp_path, ready):
    def change(records):
        del records[1]["messages"][0]  # no instruction
        records[2]["messages"][2] |= {"weight": 0, "reasoning_content": "The pump is silent."}
        records[3]["messages"] += [
            {"role": "user", "content": "And this?"},
            {"role": "assistant", "content": QUEUES[0]},
        ]

    assert broken(route, tmp_path, change) == []

    def change(records):
        records[:] = [with_tools(record) for record in records]
        records[1]["messages"] = records[1]["messages"][:3]  # an example may end with its call

    assert broken(route, tmp_path, change) == []
    with_the_tools = hosted.estimate(route, tmp_path / f"tickets-{route.id}.jsonl").tokens
    assert with_the_tools > hosted.estimate(route, ready[route.id]).tokens + 20 * len(TRAIN)


TOOL = {"type": "function", "function": {"name": "order_state", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "order_state", "arguments": '{"id": 7}'}}


def with_tools(record: dict) -> dict:
    """The example in OpenAI's form: the assistant calls a tool before it answers."""
    system, user, answer = record["messages"]
    calling = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    result = {"role": "tool", "tool_call_id": "c1", "content": "delayed"}
    user = user | {"content": [{"type": "text", "text": user["content"]}]}
    return {"messages": [system, user, calling, result, answer], "tools": [TOOL]}


def test_fireworks_takes_what_else_openai_files_hold(tmp_path):
    def change(records):
        records[0] = with_tools(records[0]) | {"parallel_tool_calls": True, "weight": 0.5}
        records[0]["messages"][1]["name"] = "Ada"

    assert broken(hosted.route("fireworks"), tmp_path, change) == []
    assert {problem.rule for problem in broken(hosted.route("together"), tmp_path, change)} == {"keys"}


def called(**function: str) -> list[dict]:
    return [CALL | {"function": CALL["function"] | function}]


@by_route([hosted.route("together"), hosted.route("fireworks")])
@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("keys", lambda record: record.update(tools={"a": 1})),
        ("keys", lambda record: record.update(tools=[])),
        ("keys", lambda record: record["messages"][2].update(tool_calls=[{"function": {"name": "a"}}])),
        ("keys", lambda record: record["messages"][2].update(tool_calls=called(arguments="id=7"))),
        ("keys", lambda record: record["messages"][2].update(tool_calls=called(arguments="[7]"))),
        ("keys", lambda record: record["messages"][2].update(tool_calls=called(name="refund"))),
        ("keys", lambda record: record["messages"][1].update(tool_calls=[CALL])),
        ("keys", lambda record: record["messages"][4].pop("content")),
        ("content", lambda record: record["messages"][1].update(content=[{"type": "image_url"}])),
        ("roles", lambda record: record["messages"].pop(2)),
        ("roles", lambda record: record["messages"].pop()),
        ("roles", lambda record: record["messages"].pop(3)),
        ("roles", lambda record: record["messages"].insert(2, record["messages"][0])),
    ],
)
def test_tools_out_of_order_are_found(route, rule, change, tmp_path):
    def one_with_tools(records):
        records[1] = with_tools(records[1])
        change(records[1])

    found = broken(route, tmp_path, one_with_tools)
    assert [(problem.rule, problem.line) for problem in found] == [(rule, 2)]


def test_an_instruction_may_be_missing_and_one_of_another_name_says_what_to_write(tmp_path):
    assert broken(NOVA, tmp_path, set_("system")) == []
    assert broken(NOVA, tmp_path, set_("schemaVersion")) == []
    for route, fix in (("bedrock-nova", "is in `system`"), ("together", "no developer")):
        [found] = broken(hosted.route(route), tmp_path, set_("messages", 0, "role", to="developer"))
        assert "'developer'" in found.text and fix in found.text


@by_route()
def test_half_of_a_character_is_found_before_and_in_a_file(route, tmp_path):
    with pytest.raises(CourseError, match="ticket T.*half of a character"):
        hosted.write(route, [replace(TRAIN[0], text="a\ud83d"), *TRAIN[1:]], tmp_path)
    with pytest.raises(CourseError, match="the instruction: .*half of a character"):
        hosted.write(route, TRAIN, tmp_path, instruction="a\ud83d")
    path = hosted.write(route, TRAIN, tmp_path)
    line = json.dumps(FORMATS[route.format].of(replace(TRAIN[0], text="a\ud83d"), "I")).encode()
    path.write_bytes(path.read_bytes() + line + b"\n")
    assert [(one.rule, one.line) for one in hosted.problems(route, path)] == [("encoding", len(TRAIN) + 1)]


@by_route()
def test_a_file_without_examples_has_no_price_and_no_plan(route, ready, tmp_path):
    path = tmp_path / ready[route.id].name
    path.touch()
    for door in (hosted.estimate, hosted.plan):
        with pytest.raises(CourseError, match="0 examples are too few"):
            door(route, path)


@by_route()
def test_one_answer_for_all_is_found_by_writing_checking_pricing_and_planning(route, ready, tmp_path):
    alike = [replace(ticket, queue="safety") for ticket in TRAIN]
    says = f"the file \\(examples\\): All {len(TRAIN)} examples have the answer 'safety'"
    with pytest.raises(CourseError, match=says):
        hosted.write(route, alike, tmp_path)
    path = tmp_path / ready[route.id].name
    examples = [FORMATS[route.format].of(ticket, "I") for ticket in alike]
    path.write_text("".join(json.dumps(example) + "\n" for example in examples), encoding="utf-8")
    assert [(problem.line, problem.rule) for problem in hosted.problems(route, path)] == [(0, "examples")]
    for door in (hosted.estimate, hosted.plan):
        with pytest.raises(CourseError, match=says):
            door(route, path)


@by_route()
@pytest.mark.parametrize("rule", ["examples", "tokens", "bytes"])
def test_the_bounds_are_the_last_numbers_that_pass(route, rule, tmp_path):
    path = hosted.write(route, TRAIN, tmp_path)
    turns = hosted._read(route, path.name, path.read_bytes())[0]
    count = {
        "examples": len(turns),
        "tokens": max(hosted._tokens(example) for example in turns),
        "bytes": path.stat().st_size,
    }[rule]
    for most, good in ((count, True), (count - 1, False)):
        bounded = replace(route.rules[rule], low=None, high=most)
        found = hosted.problems(replace(route, rules={**route.rules, rule: bounded}), path)
        assert {problem.rule for problem in found} == (set() if good else {rule})


FEWEST = [("bedrock-nova", 8), ("bedrock-llama", 100), ("together", 1), ("fireworks", 3)]


@pytest.mark.parametrize(("id", "fewest"), FEWEST)
def test_too_few_tickets_are_refused(id, fewest, tmp_path):
    route = hosted.route(id)
    hosted.write(route, TRAIN[:fewest], tmp_path)
    with pytest.raises(CourseError, match=rf"{fewest - 1} examples are too few; {re.escape(route.name)}"):
        hosted.write(route, TRAIN[: fewest - 1], tmp_path)


@pytest.mark.parametrize("name", ["train.json", "my train.jsonl", "früh.jsonl"])
def test_a_file_name_that_is_not_taken_is_found(name, path):
    other = path.rename(path.with_name(name))
    assert [problem.rule for problem in hosted.problems(NOVA, other)] == ["file_name"]


def priced(monkeypatch, **prices):
    """The price table with these dollars in the rows of a route."""
    rows = [replace(row, **prices.get(row.id, {})) for row in price_rows()]
    monkeypatch.setattr(hosted, "price_rows", lambda: tuple(rows))


def test_tokens_and_price_by_hand(monkeypatch, path):
    training, storage = {"training": 2.0}, {"per_hour": 0.01}
    priced(monkeypatch, **{NOVA.training: training, NOVA.storage: storage})
    found = hosted.estimate(NOVA, path, epochs=3)
    assert found.training_tokens == 3 * found.tokens
    assert found.training == pytest.approx(3 * found.tokens * 2 / 1e6)
    assert (found.storage, found.serving) == (pytest.approx(7.3), 0)
    assert found.first_month == pytest.approx(hosted._cents_up(found.training) + 7.3)
    # 8 and 10 characters make 2 and 3 tokens, and five marks each.
    assert hosted._tokens([("user", "12345678"), ("assistant", "1234567890")]) == 2 + 3 + 2 * 5


@by_route()
@pytest.mark.parametrize("epochs", [1, 2, 4])
def test_more_epochs_cost_more_and_a_month_the_same(epochs, route, ready):
    less, more = (hosted.estimate(route, ready[route.id], epochs=count) for count in (epochs, epochs + 1))
    assert more.training_tokens > less.training_tokens
    assert (more.storage, more.serving) == (less.storage, less.serving)
    if less.training is not None:
        assert more.training > less.training > 0


@hypothesis.given(st.floats(0, 1e6))
def test_a_part_of_a_sum_is_never_rounded_down(amount):
    assert amount - 1e-6 <= hosted._cents_up(amount) < amount + 0.01 + 1e-6


def test_a_price_that_is_not_verified_is_said_and_one_that_nobody_found_leaves_no_sum(path, ready):
    found = hosted.estimate(NOVA, path)
    assert found.unverified == (NOVA.training, NOVA.storage)
    assert NOVA.training in str(found) and f"${found.first_month:,.2f}" in str(found)
    route = hosted.route("bedrock-llama")
    found = hosted.estimate(route, ready[route.id])
    assert (found.training, found.first_month, found.missing) == (None, None, ("training", "serving"))
    assert "No price was found for training and serving" in str(found)


def test_the_bill_says_what_has_no_price_what_is_not_checked_and_how_old_the_prices_are(ready):
    priced = {id: hosted.estimate(route, ready[id]) for id, route in hosted.routes().items()}
    table = hosted.bill_table(list(priced.values()))
    assert list(table) == [route.name for route in hosted.routes().values()]
    for found in priced.values():
        shown = table[found.name]
        assert (shown["first month"] == "no price found") == (found.first_month is None)
        assert (shown["all prices checked"] == "no") == bool(found.unverified)
        assert (shown["hosting, a month"] == "by the token") == (found.serving == 0)
        assert shown["first month"].endswith(" and the tokens") == (found.serving == 0)
    ages = [price.date for price in price_rows() if price.id in (NOVA.training, NOVA.storage)]
    assert priced[NOVA.id].priced == min(ages)


@pytest.mark.parametrize("epochs", [0, 6, 2.0, True])
def test_epochs_that_the_route_does_not_take_are_refused(epochs, path):
    with pytest.raises(CourseError, match="epochs"):
        hosted.estimate(NOVA, path, epochs=epochs)
    assert hosted.estimate(NOVA, path, epochs=5).epochs == 5


def test_requests_hang_together_a_plan_has_its_token_and_what_is_missing_stands_in_brackets(path, ready):
    upload, job = (call.body for call in planned(path, epochs=3).calls)
    assert job["trainingDataConfig"]["s3Uri"] == f"s3://{upload['Bucket']}/{upload['Key']}"
    assert job["hyperParameters"] == {
        "epochCount": "3",
        "learningRate": "0.00001",
        "learningRateWarmupSteps": "0",  # 120 examples are far fewer than 640
    }

    def token(**changed):
        return planned(path, **changed).calls[-1].body["clientRequestToken"]

    assert token() == token()
    assert len({token(), token(epochs=3), token(bucket="other"), token(role=ROLE + "2")}) == 4
    shown = str(hosted.plan(NOVA, path))
    assert "<ARN of the role" in shown and "<your bucket>" in shown
    together = hosted.plan(hosted.route("together"), ready["together"]).calls
    paths = [call.target.rpartition("/v1/")[2] for call in together]
    assert paths == ["files", "fine-tunes/estimate-price", "fine-tunes"]
    assert together[1].body.items() <= together[2].body.items()
    assert len(together[2].body["suffix"]) <= 40
    first, upload, job = hosted.plan(hosted.route("fireworks"), ready["fireworks"], account="ada").calls
    name = first.body["datasetId"]
    assert upload.target.endswith(f"/accounts/ada/datasets/{name}:upload")
    assert job.body["dataset"] == f"accounts/ada/datasets/{name}"
    assert first.body["dataset"]["exampleCount"] == str(len(TRAIN))


@by_route()
def test_a_shown_plan_names_the_price_and_holds_no_key_and_no_folder(route, ready, monkeypatch):
    for name in ("TOGETHER_API_KEY", "FIREWORKS_API_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, SECRET)
    path = ready[route.id]
    shown = str(hosted.plan(route, path))
    assert str(hosted.estimate(route, path)) in shown
    assert SECRET not in shown and str(path.parent) not in shown
