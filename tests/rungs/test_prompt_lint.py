"""Each rule of the linter fires on a bad prompt and is silent on a good one beside it."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from course.files import read_toml
from course.rungs import prompt_lint
from course.rungs.prompt_lint import Finding, lint
from course.rungs.summaries import messages, version

FORM = "Answer in one sentence.\n"
PAIRS = {
    "length": ("too long", FORM * 200, FORM * 20),
    "opposite orders": (
        "contradiction",
        FORM + "Always thank the customer.\nNever thank the customer.",
        FORM + "Always thank the customer.\nNever thank the customer twice in a row.",
    ),
    "an order and a ban": (
        "contradiction",
        FORM + "Quote the order number. Do not quote the order number.",
        FORM + "Quote the order number. Do not quote the order number unless there is one.",
    ),
    "two caps": (
        "contradiction",
        "Use at most 20 words.\nThe line has a maximum of 12 words.",
        "Use at most 20 words.\nThe line has a maximum of 20 words.",
    ),
    "a floor above a cap": (
        "contradiction",
        "Write one sentence.\nWrite at least three sentences.",
        "Write at least two sentences.\nWrite at most three sentences.",
    ),
    "JSON and plain text": (
        "contradiction",
        "Answer in JSON.\nUse plain text.",
        "Answer in plain text, not JSON.",
    ),
    "a placeholder": ("placeholder", FORM + "You work for {company}.", FORM + 'Answer {"queue": "x"}.'),
    "a placeholder of a template": (
        "placeholder",
        FORM + "Greet {{ customer.first_name }} first.",
        FORM + "Text:\n{{ request.text }}",
    ),
    "a note to oneself": ("placeholder", FORM + "TODO: the tone.", FORM + "Keep a to-do list."),
    "a bracket": ("placeholder", FORM + "Sign as [your name].", FORM + "See the list [1]."),
    "a vague word": ("vague", FORM + "Use an appropriate tone.", FORM + "Appropriate tone: no slang."),
    "no format": ("no format", "Sort the mail.", "Sort the mail. Answer with one word."),
    "a long example": (
        "example",
        "Use at most 3 words.\nMessage: a\nSummary: one two three four",
        "Use at most 3 words.\nMessage: a\nSummary: one two three",
    ),
    "an example of two sentences": (
        "example",
        FORM + "Message: a\nSummary: It broke. It leaks.",
        FORM + "Message: It broke. It leaks.\nSummary: It leaks at 2.5 bar.",
    ),
}


@pytest.mark.parametrize(("rule", "bad", "good"), PAIRS.values(), ids=PAIRS)
def test_each_rule_fires_and_is_silent(rule, bad, good):
    assert [finding.rule for finding in lint(bad)] == [rule]
    assert lint(good) == []


def test_a_finding_names_line_words_and_fix_in_the_order_of_the_lines():
    finding = lint("Answer in one word.\n\nGreet {name}.")[0]
    assert finding == Finding(
        "placeholder", 3, "{name}", "is still to be filled", "Fill it before the prompt is sent"
    )
    assert str(finding).startswith("line 3, placeholder: '{name}' is still to be filled.")
    found = lint("Be nice.\nGreet {a}.\nUse at most 5 words.\nUse at most 9 words.\nThank {b}.")
    lines = [finding.line for finding in found]
    assert lines == sorted(lines) and len(lines) == 4


def test_the_prompts_of_the_lesson_from_the_format_on_are_clean():
    for number in range(2, 7):
        assert lint(messages(version(number), "...")[-1]["content"]) == []
    assert [finding.rule for finding in lint(messages(version(0), "...")[-1]["content"])] == ["no format"]


WORDS = st.sampled_from(
    "always never do not thank at most least exactly 3 20 two words sentences JSON plain text {x} [your ] . "
    "\n Summary: Message: TODO appropriate in one single ² ٣ 99999999999".split(" ")
)


@given(st.one_of(st.text(), st.lists(WORDS, max_size=60).map(" ".join)))
@example("at most 9999999999999999999999 words")
def test_any_text_can_be_linted(text):
    last = text.count("\n") + 1
    for finding in lint(text):
        assert 1 <= finding.line <= last
        assert finding.problem and finding.fix


def test_a_contradiction_in_meaning_is_not_seen_and_a_quotation_holds_no_opening_mark():
    assert lint("Answer in one sentence. Explain every step in full detail.") == []
    assert prompt_lint._QUOTED.search("“a “b”")[0] == "“b”"
    assert prompt_lint._QUOTED.findall('"a" `b` “c”') == ['"a"', "`b`", "“c”"]


@pytest.mark.parametrize(
    "prompt",
    [
        "Antworte immer in höchstens 20 Wörtern und bleibe sachlich.",
        "Réponds toujours en moins de vingt mots.",
        "Trả lời khách hàng trong 20 từ.",
        "20語以内で答えてください。",
    ],
)
def test_nothing_is_missed_in_another_language(prompt):
    assert lint(prompt) == []


def test_findings_on_published_prompts_are_right_and_most_faults_are_found():
    prompts = read_toml(Path(__file__).with_name("published_prompts.toml"))["prompt"]
    right = found = faults = 0
    for prompt in prompts:
        named = Counter({finding.rule for finding in lint(prompt["text"].strip())})
        labelled = Counter(prompt["faults"])
        right += (named & labelled).total()
        found += named.total()
        faults += labelled.total()
    precision, recall = right / found, right / faults
    print(f"{len(prompts)} prompts, {faults} faults: precision {precision:.0%}, recall {recall:.0%}")
    assert len(prompts) >= 40
    assert precision >= 0.9
    assert recall >= 0.7


def repeated(unit: str) -> str:
    """100 kB of one unit, numbered where it has braces."""
    count = 100_000 // len(unit) + 1
    return "".join(unit.replace("{}", str(number)) for number in range(count))[:100_000]


EXTREME = {
    "thousands of numbers": repeated("{} "),
    "limits in one line": repeated("at most {} words "),
    "limits on parts": repeated("Use at most {} words for part {}.\n"),
    "caps and floors": repeated("Use at most {} words. Use at least {} words.\n"),
    "bullets of a letter": repeated("- a\n"),
    "nested lists": "".join(" " * (number % 60) + f"- item {number}\n" for number in range(2500)),
    "one line": "a" * 100_000,
    "lines of a letter": "a\n" * 50_000,
    "one sentence over and over": repeated("Answer in one sentence. "),
    "orders and bans": repeated("Never do {}. Do {}. "),
    "headings": repeated("# Part {}\nUse at most {} words.\n"),
    "limits under a long heading": f"# {'part ' * 10_000}\n" + repeated("Use at most {} words.\n")[:50_000],
    "placeholders in one line": repeated("{x{}} "),
    "placeholders behind words": repeated("word ") + repeated("{x{}} "),
    "placeholders in prose": repeated("Greet {x{}} now.\n"),
    "tags": "".join(f"<A_{'B' * (number % 50)}{'C' * (number // 50)}> " for number in range(2300)),
    "quotations that never end": "“" * 100_000,
    "examples": "Use at most 3 words.\n" + repeated("Message: a\nSummary: one two three. Four. Five.\n"),
    "vague words": repeated("Be appropriate. "),
}


class CountingReader:
    """Stands for a pattern, or for `re`, and adds up the characters that its searches are handed."""

    handed = 0

    def __init__(self, patterns: object) -> None:
        self._patterns = patterns

    def __getattr__(self, name: str):
        def search(*arguments):
            CountingReader.handed += len(arguments[-1])
            return getattr(self._patterns, name)(*arguments)

        return search


class CountingText(str):
    """A text that counts when it is searched without a pattern."""

    def __contains__(self, part: str) -> bool:
        CountingReader.handed += len(self)
        return super().__contains__(part)


@pytest.mark.slow
@pytest.mark.parametrize("text", EXTREME.values(), ids=EXTREME)
def test_no_character_is_read_more_than_a_few_times(monkeypatch, text):
    for name, value in vars(prompt_lint).items():
        if value is re or isinstance(value, re.Pattern):
            monkeypatch.setattr(prompt_lint, name, CountingReader(value))
    monkeypatch.setattr(CountingReader, "handed", 0)
    lint(CountingText(text))
    assert CountingReader.handed < 30 * len(text)
