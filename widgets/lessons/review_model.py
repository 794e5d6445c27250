"""The review gate without its widget: which ticket is next, and what each verdict records."""

from dataclasses import dataclass

from course.errors import CourseError
from course.material.data import QUEUES
from course.rungs.review import APPROVE, CORRECT, SKIP, UNDO, Decision


@dataclass(frozen=True)
class RoutedTicket:
    """A ticket that the skill has routed. `alternatives`: the queues of its nearest examples, best first."""

    id: str
    text: str
    routed: str
    alternatives: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for queue in (self.routed, *self.alternatives):
            if queue not in QUEUES:
                raise CourseError(
                    f"Ticket {self.id}: queue {queue!r} is not known; use one of {', '.join(QUEUES)}."
                )

    @property
    def choices(self) -> tuple[str, ...]:
        """Every queue but the one it was routed to: the alternatives first, then the rest by name."""
        return tuple(queue for queue in dict.fromkeys((*self.alternatives, *QUEUES)) if queue != self.routed)


@dataclass(frozen=True)
class Review:
    """Items and the decisions that hold, oldest first. Decisions on other tickets are left alone.

    `decide` changes nothing: keep the decision, then go on with `Review(items, decisions)`.
    """

    items: tuple[RoutedTicket, ...]
    decisions: tuple[Decision, ...] = ()

    def __post_init__(self) -> None:
        ids = [item.id for item in self.items]
        if len(set(ids)) != len(ids) or not ids:
            raise CourseError(f"A review needs tickets with different ids; got {ids}.")

    @property
    def own(self) -> tuple[Decision, ...]:
        """The decisions on these items."""
        ids = {item.id for item in self.items}
        return tuple(decision for decision in self.decisions if decision.id in ids)

    @property
    def current(self) -> RoutedTicket | None:
        """The first item without a decision, or None when all have one."""
        decided = {decision.id for decision in self.decisions}
        return next((item for item in self.items if item.id not in decided), None)

    def decide(self, action: str, queue: str = "") -> Decision:
        """A verdict on the current item; with CORRECT it belongs to `queue`. UNDO takes the last one back."""
        if action == UNDO:
            if not self.own:
                raise CourseError("There is no verdict to undo; approve, correct or skip a ticket first.")
            last = self.own[-1]
            return Decision(last.id, last.text, last.routed, UNDO, "")
        item = self.current
        if item is None:
            raise CourseError("Every ticket has a verdict; undo the last one to change it.")
        if action == CORRECT and queue not in item.choices:
            raise CourseError(
                f"{queue!r} is not a correction of {item.routed!r}; use one of {', '.join(item.choices)}."
            )
        right = {APPROVE: item.routed, CORRECT: queue}.get(action, "")
        return Decision(item.id, item.text, item.routed, action, right)

    def in_words(self) -> str:
        """How many are decided, and how."""
        counts = {action: sum(d.action == action for d in self.own) for action in (APPROVE, CORRECT, SKIP)}
        return (
            f"{len(self.own)} of {len(self.items)} tickets reviewed: {counts[APPROVE]} approved, "
            f"{counts[CORRECT]} corrected, {counts[SKIP]} skipped."
        )
