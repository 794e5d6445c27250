"""GEPA on a routing prompt: a model reads what went wrong and writes advice; dev tickets keep what helps.

GEPA (arXiv 2507.19457) is the package `gepa`. Here it improves one paragraph below a prompt that stays as it
is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gepa
from gepa.core.adapter import EvaluationBatch, GEPAAdapter
from gepa.core.result import GEPAResult

from course.engine.client import CourseClient
from course.engine.replies import text_of
from course.material.data import Ticket, queue_descriptions
from course.measuring.results import routed_right

NO_ADVICE = "No advice yet."
ADVICE = "advice"  # what GEPA calls the text that it improves
SHOWN = 5  # tickets that are read before each new advice
REFLECTION_TOKENS = 200
REFLECT = """A model sorts support tickets into queues. Its instructions list the queues and the rules. \
Below them stands this advice:
```
<curr_param>
```

With it, the model answered these tickets:

<side_info>

Find what the wrong answers have in common. Write the advice anew: at most six short lines, each of \
which says what in a ticket decides between two queues. Keep what is right in the old advice. Put the new \
advice between two lines of ```."""


@dataclass(frozen=True)
class Proposal:
    """An advice that GEPA kept, and how many of the validation tickets are right with it."""

    advice: str
    right: int


@dataclass(frozen=True)
class Optimised:
    """The versions that GEPA kept, the first without advice, and how many requests it made by our meter."""

    versions: tuple[Proposal, ...]
    requests: int

    @property
    def best(self) -> Proposal:
        """The version that is right most often; of several, the oldest."""
        return max(self.versions, key=lambda version: version.right)


def with_advice(system: str, advice: str) -> str:
    """The prompt with the advice below it; as it is where there is none."""
    return system if advice == NO_ADVICE else f"{system}\n\n{advice}"


def feedback(ticket: Ticket, reply: str) -> str:
    """What the reflection reads of one reply."""
    if routed_right(ticket, reply).correct:
        return "Right."
    return f"Wrong. The right queue is {ticket.queue}: {queue_descriptions()[ticket.queue]}"


def optimise(
    client: CourseClient,
    model: str,
    ask: Callable[[str, Ticket], str],
    train: Sequence[Ticket],
    dev: Sequence[Ticket],
    budget: int,
) -> Optimised:
    """Improve the advice until `budget` requests are made. `ask(advice, ticket)` gives the reply to a ticket.

    The failures that are read come from `train`, the choice is made on `dev`, and `model` writes the advice.
    """
    start = client.meter.requests

    def reflect(prompt: str | list[dict[str, Any]]) -> str:
        turns: Any = [{"role": "user", "content": prompt}]
        return text_of(client.messages.create(model=model, max_tokens=REFLECTION_TOKENS, messages=turns))

    result: GEPAResult[str, int] = gepa.optimize(
        seed_candidate={ADVICE: NO_ADVICE},
        trainset=list(train),
        valset=list(dev),
        adapter=_Tickets(ask),
        reflection_lm=reflect,
        reflection_prompt_template=REFLECT,
        reflection_minibatch_size=SHOWN,
        stop_callbacks=lambda _: client.meter.requests - start >= budget,
        logger=_Silent(),
    )
    versions = tuple(
        Proposal(candidate[ADVICE], round(share * len(dev)))
        for candidate, share in zip(result.candidates, result.val_aggregate_scores, strict=True)
    )
    return Optimised(versions, client.meter.requests - start)


class _Tickets(GEPAAdapter[Ticket, tuple[Ticket, str], str]):
    """What GEPA needs to know of a task: how a batch is answered and scored, and what is read of it."""

    def __init__(self, ask: Callable[[str, Ticket], str]) -> None:
        self._ask = ask

    def evaluate(
        self, batch: list[Ticket], candidate: dict[str, str], capture_traces: bool = False
    ) -> EvaluationBatch[tuple[Ticket, str], str]:
        replies = [self._ask(candidate[ADVICE], ticket) for ticket in batch]
        traces = list(zip(batch, replies, strict=True))
        return EvaluationBatch(replies, [float(routed_right(*trace).correct) for trace in traces], traces)

    def make_reflective_dataset(
        self,
        candidate: dict[str, str],
        eval_batch: EvaluationBatch[tuple[Ticket, str], str],
        components_to_update: list[str],
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        read = [
            {"Ticket": ticket.text, "Answer": reply, "Feedback": feedback(ticket, reply)}
            for ticket, reply in eval_batch.trajectories or ()
        ]
        return dict.fromkeys(components_to_update, read)


class _Silent:
    def log(self, message: str) -> None:
        """GEPA tells each step; the lesson shows what came of them."""
