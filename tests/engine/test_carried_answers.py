"""What data/recordings holds still is what the small model answers: a fixed sample is asked again."""

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice, zip_longest
from pathlib import Path

import pytest

from course.engine import carried
from course.engine.client import connect
from course.engine.recordings import Recording
from course.engine.sizes import local_model
from course.engine.transports import Call
from course.material.lessons import lessons
from course.measuring.evaluate import WORKERS

LEAST_ASKED, LEAST_AGREEMENT = 60, 0.95
ASKED = 64  # in turn from each lesson; the rest of a lesson's sample is there to be read
FILES = [file for file in carried.files() if carried.read(file)[0].size == "small"]


def test_every_file_is_one_of_a_lesson_and_of_todays_models():
    numbers = {lesson.number for lesson in lessons()}
    for file in carried.files():
        head, answers = carried.read(file)
        assert file.name == f"{head.lesson}.{head.size}.jsonl"
        assert head.lesson in numbers and answers
        model = local_model(head.size)
        assert (head.name, head.model) == (model.name, model.model)
        assert connect(head.size)[0].badge == (
            f"recorded: {_newest(head.size)}; "
            "unchanged cells show these answers, a changed request asks the model on this machine"
        )


def test_the_files_are_small_hold_no_path_and_their_sample_stands_for_all_lessons():
    assert sum(file.stat().st_size for file in carried.files()) < 5e6
    for file in carried.files():
        text = file.read_text(encoding="utf-8")
        assert not any(part in text for part in ("/home/", "/root/", "/tmp/", "C:\\\\"))
    asked = [(file, call) for file in FILES for call, _ in carried.sample(file)]
    assert len(asked) >= LEAST_ASKED
    assert {file for file, _ in asked} == set(FILES)
    for file, call in asked:
        assert call.key[: carried.KEY_DIGITS] in carried.read(file)[1]


@pytest.mark.slow
def test_the_sample_asked_again_gives_the_recorded_answers(engine, results_dir, monkeypatch):
    monkeypatch.setenv("COURSE_FRESH", "1")
    client, _ = connect()
    in_turn = chain.from_iterable(zip_longest(*map(_of_the_base, FILES)))
    pairs = list(islice(filter(None, in_turn), ASKED))
    # As many at once as evaluate() asks, which recorded them: the engine works on them together.
    with ThreadPoolExecutor(WORKERS) as pool:
        answers = list(pool.map(lambda pair: _ask(client, pair[0]), pairs))
    equal = sum(
        answer == carried.content(recorded) for answer, (_, recorded) in zip(answers, pairs, strict=True)
    )
    print(f"{equal} of {len(pairs)} answers are those recorded.", file=sys.stderr)
    assert len(pairs) >= LEAST_ASKED
    assert equal >= LEAST_AGREEMENT * len(pairs)


def _of_the_base(file: Path) -> list[tuple[Call, Recording]]:
    """The sample of a file but for tuned models: tests/tuning/test_serving.py holds those to torch."""
    return [pair for pair in carried.sample(file) if not pair[0].model.startswith("local+")]


def _ask(client, call) -> object:
    answer = client.post(call.path, body=call.body, cast_to=object)
    return answer.get("content", answer)


def _newest(size: str) -> str:
    heads = [carried.read(file)[0] for file in carried.files()]
    return str([head for head in heads if head.size == size][-1])
