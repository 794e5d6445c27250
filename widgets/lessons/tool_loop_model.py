"""What becomes of a question that takes several tool steps, and what the tokens of all the steps cost."""

from dataclasses import dataclass
from math import comb

from course.material.prices import Model
from widgets.lessons import bounds


@dataclass(frozen=True)
class Loop:
    """A loop in which each question needs `needed` steps that go right, the reply being the last of them.

    `success`: share of steps that go right. `noticed`: share of the failed ones that come back as an error,
    so that the model tries again; the others go on unseen and end in a wrong reply. `limit`: requests for one
    question at most. `prompt`: tokens of the first request; `growth`: tokens that each step adds to the next
    one; `output`: tokens that a step writes. Shares are 0 to 1. CourseError for a value out of range.
    """

    success: float
    noticed: float
    needed: int
    limit: int
    prompt: float
    growth: float
    output: float

    def __post_init__(self) -> None:
        bounds.check(self, ("success", "noticed"), 0, 1)
        bounds.check(self, ("needed", "limit"), 1)
        bounds.check(self, ("prompt", "growth", "output"), 0)


@dataclass(frozen=True)
class Ending:
    """How questions end, as shares that add up to 1, and what one takes on average.

    `right`: every step went right within the limit. `wrong`: a step failed unseen, and the reply is wrong.
    `stopped`: the limit came first, and the customer is told so. `requests`, `input_tokens` and
    `output_tokens` are means per question.
    """

    right: float
    wrong: float
    stopped: float
    requests: float
    input_tokens: float
    output_tokens: float


def ending(loop: Loop) -> Ending:
    """Follow a question step by step. Steps are taken to succeed independently of one another.

    A step that failed unseen does not end the loop: the model goes on, on a wrong track, and takes as many
    requests as it would have taken. Only its reply is wrong.
    """
    seen = (1 - loop.success) * loop.noticed
    done = 1 - seen  # a step that counts as done, rightly or not
    shares = [_finished_at(request, loop.needed, done) for request in range(1, loop.limit + 1)]
    finished = min(1.0, sum(shares))
    all_right = (loop.success / done) ** loop.needed if done else 0.0
    going_on = [1 - sum(shares[:request]) for request in range(loop.limit)]  # request 1, 2, ... is sent
    return Ending(
        right=finished * all_right,
        wrong=finished * (1 - all_right),
        stopped=1 - finished,
        requests=sum(going_on),
        input_tokens=sum(share * (loop.prompt + place * loop.growth) for place, share in enumerate(going_on)),
        output_tokens=sum(going_on) * loop.output,
    )


def cost_per_1000(end: Ending, model: Model) -> float:
    """Dollars for 1,000 questions at the model's prices, nothing cached."""
    return 1000 * model.cost(end.input_tokens, end.output_tokens)


def _finished_at(request: int, needed: int, done: float) -> float:
    """The share of questions whose `needed`th finished step is this request (negative binomial)."""
    if request < needed:
        return 0.0
    return comb(request - 1, needed - 1) * done**needed * (1 - done) ** (request - needed)
