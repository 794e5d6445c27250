"""What replies in a broken form cost a pipeline in a month, and what retries or a schema change about it."""

from dataclasses import dataclass

from widgets.lessons import bounds


@dataclass(frozen=True)
class Pipeline:
    """A pipeline that reads one reply per item, with nobody looking unless the form is broken.

    `volume`: replies a month. `failure_rate`: share of free replies in a broken form; a validator notices.
    `retries`: how often a broken reply is asked for again. `retry_success`: share of retries in the right
    form. `wrong_rate`: share of free replies in the right form that hold a wrong value, which nobody notices;
    `wrong_rate_schema`: the same under a schema. `repair_cost`: $ to put one broken reply right by hand.
    `error_cost`: $ of one wrong value further down. Shares are 0 to 1. CourseError for a value out of range.
    """

    failure_rate: float
    retry_success: float
    wrong_rate: float
    wrong_rate_schema: float
    volume: float
    retries: int
    repair_cost: float
    error_cost: float

    def __post_init__(self) -> None:
        bounds.check(self, ("failure_rate", "retry_success", "wrong_rate", "wrong_rate_schema"), 0, 1)
        bounds.check(self, ("volume", "retries", "repair_cost", "error_cost"), 0)


@dataclass(frozen=True)
class MonthlyOutcome:
    """What becomes of a month's replies: `right` + `repaired` + `undetected` is the volume. Costs in $."""

    approach: str
    right: float
    repaired: float
    undetected: float
    extra_replies: float
    repair_cost: float
    error_cost: float

    @property
    def cost(self) -> float:
        """Repairs and undetected errors together, in $. The price of the replies themselves is not in it."""
        return self.repair_cost + self.error_cost


def prompt_only(pipeline: Pipeline) -> MonthlyOutcome:
    """Every broken reply goes to a person at once."""
    return _month("prompt only", pipeline, pipeline.failure_rate, pipeline.wrong_rate, extra_replies=0)


def with_retries(pipeline: Pipeline) -> MonthlyOutcome:
    """A broken reply is asked for again, up to `retries` times, before it goes to a person.

    Retries are taken to succeed independently of one another.
    """
    missed = 1 - pipeline.retry_success
    still_broken = pipeline.failure_rate * missed**pipeline.retries
    asked_again = pipeline.failure_rate * sum(missed**done for done in range(pipeline.retries))
    extra = pipeline.volume * asked_again
    return _month("with retries", pipeline, still_broken, pipeline.wrong_rate, extra_replies=extra)


def with_schema(pipeline: Pipeline) -> MonthlyOutcome:
    """No reply is broken (none is refused or cut off); what is wrong inside is still wrong."""
    return _month("with a schema", pipeline, 0, pipeline.wrong_rate_schema, extra_replies=0)


def months(pipeline: Pipeline) -> tuple[MonthlyOutcome, MonthlyOutcome, MonthlyOutcome]:
    """The three approaches in the order prompt only, with retries, with a schema."""
    return prompt_only(pipeline), with_retries(pipeline), with_schema(pipeline)


def _month(
    approach: str, pipeline: Pipeline, broken: float, wrong: float, *, extra_replies: float
) -> MonthlyOutcome:
    repaired = pipeline.volume * broken
    undetected = pipeline.volume * (1 - broken) * wrong
    return MonthlyOutcome(
        approach=approach,
        right=pipeline.volume * (1 - broken) * (1 - wrong),
        repaired=repaired,
        undetected=undetected,
        extra_replies=extra_replies,
        repair_cost=repaired * pipeline.repair_cost,
        error_cost=undetected * pipeline.error_cost,
    )
