"""What data/recordings holds still is what the small model answers: a fixed sample is asked again."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice, zip_longest
from pathlib import Path

import pytest

from course.engine import carried
from course.engine.client import connect
from course.engine.recordings import Recording
from course.engine.sizes import local_model, local_models
from course.engine.transports import Call
from course.engine.weights import is_here
from course.material.lessons import lessons
from course.measuring.evaluate import WORKERS
from tests.conftest import SAID

LEAST_ASKED, LEAST_AGREEMENT = 60, 0.95
# Of the small model so many, in turn from each lesson; the rest of a lesson's sample is there to be read. The
# larger ones take seconds an answer: one of each lesson, where the model is on this machine.
ASKED = 60
INSTALLED = [model.size for model in local_models() if is_here(model)]


def test_every_file_is_one_of_a_lesson_and_of_todays_models():
    numbers = {lesson.number for lesson in lessons()}
    for file in carried.files():
        head, answers = carried.read(file)
        assert file.name == f"{head.lesson}.{head.size}.jsonl"
        assert head.lesson in numbers and answers
        model = local_model(head.size)
        assert (head.name, head.model) == (model.name, model.model)
        changed = "asks the model on this machine" if is_here(model) else "needs the model first"
        assert connect(head.size)[0].badge.startswith(
            f"recorded: {_newest(head.size)}; unchanged cells show these answers, a changed request {changed}"
        )


def test_the_files_are_small_hold_no_path_and_their_sample_stands_for_all_lessons():
    assert sum(file.stat().st_size for file in carried.files()) < 5e6
    for file in carried.files():
        text = file.read_text(encoding="utf-8")
        assert not any(part in text for part in ("/home/", "/root/", "/tmp/", "C:\\\\"))
    asked = [(file, call) for file in carried.files() for call, _ in carried.sample(file)]
    assert len([file for file, _ in asked if file in _files("small")]) >= LEAST_ASKED
    assert {file for file, _ in asked} == set(carried.files())
    assert {carried.read(file)[0].lesson for file, _ in asked} >= {f"{number:02}" for number in range(9)}
    for file, call in asked:
        assert call.key[: carried.KEY_DIGITS] in carried.read(file)[1]


@pytest.mark.slow
@pytest.mark.parametrize("size", INSTALLED)
def test_the_sample_asked_again_gives_the_recorded_answers(
    size, engine, results_dir, monkeypatch, record_property
):
    monkeypatch.setenv("COURSE_FRESH", "1")
    client, _ = connect(size)
    samples = list(map(_of_the_base, _files(size)))
    in_turn = filter(None, chain.from_iterable(zip_longest(*samples)))
    pairs = list(islice(in_turn, ASKED if size == "small" else sum(map(bool, samples))))
    # As many at once as evaluate() asks, which recorded them: the engine works on them together.
    with ThreadPoolExecutor(WORKERS) as pool:
        answers = list(pool.map(lambda pair: _ask(client, pair[0]), pairs))
    equal = sum(
        answer == carried.content(recorded) for answer, (_, recorded) in zip(answers, pairs, strict=True)
    )
    said = f"{equal} of {len(pairs)} answers of the {size} model, asked again, are those recorded."
    record_property(SAID, said)
    assert len(pairs) >= (LEAST_ASKED if size == "small" else 1), said
    # Of few answers, one may differ.
    assert equal >= min(LEAST_AGREEMENT * len(pairs), len(pairs) - 1), said


def _files(size: str) -> list[Path]:
    return [file for file in carried.files() if carried.read(file)[0].size == size]


def _of_the_base(file: Path) -> list[tuple[Call, Recording]]:
    """The sample of a file, short prompts first, since a long one takes many seconds.

    Tuned models are left out: tests/tuning/test_serving.py holds those to torch.
    """
    of_base = [pair for pair in carried.sample(file) if not pair[0].model.startswith("local+")]
    return sorted(of_base, key=lambda pair: len(str(pair[0].body)))


def _ask(client, call) -> object:
    answer = client.post(call.path, body=call.body, cast_to=object)
    return answer.get("content", answer)


def _newest(size: str) -> str:
    heads = [carried.read(file)[0] for file in carried.files()]
    return str([head for head in heads if head.size == size][-1])
