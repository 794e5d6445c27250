"""The rules of the decision: the rungs, which one is next, the gates, the check list, the volumes.

The gates come first, and no score outvotes one. `Reason.source` says who claims a thing.
"""

from dataclasses import dataclass

from course.gap import STEPS
from course.results import percent
from widgets.decision_answers import (
    ANOTHER_MODEL,
    BEHAVIOUR,
    CAPABILITY,
    CHANGES,
    CHEAPER,
    COST,
    EXPERTS,
    FEW_SHOT,
    FORMAT,
    KNOWLEDGE,
    LABELLERS,
    LABELS_NEEDED,
    LATENCY,
    NOT_LAUNCHED,
    NOT_LOOKED,
    NOT_PRICED,
    OF_THE_ANSWERS,
    ONE_KIND,
    PRIVACY,
    PROBLEMS,
    PROMPT,
    RETRIEVAL,
    SCHEMA,
    SKILL,
    STYLE,
    TASKS,
    TOOLS,
    TRIABLE,
    TWICE_A_YEAR,
    YEARLY,
    Answers,
)

SKILLS_ARTICLE, TEMPLATES_ARTICLE, ORDER_ARTICLE = "skills", "templates", "order"
CHECKLIST_ARTICLE, LEADER_ARTICLE = "checklist", "leader"
ANSWERS, COURSE = "answers", "course"
# Each source by its key: what it is called in a sentence, and its title.
SOURCES = {
    SKILLS_ARTICLE: (
        "article on skills",
        "Claude Code skills or fine-tuning, Agent Engineer Master, 2026-04-29",
    ),
    TEMPLATES_ARTICLE: (
        "article on templates",
        "Fine-Tuning vs. Prompt Engineering: Which Productivity Approach Wins, Periagoge",
    ),
    ORDER_ARTICLE: (
        "article with the ten steps",
        "When fine-tuning beats prompt engineering (and when it doesn't), 2026-04-29",
    ),
    CHECKLIST_ARTICLE: (
        "article with the check list",
        "When fine-tuning beats prompting (and when it doesn't), Modulus, 2026-05-15",
    ),
    LEADER_ARTICLE: (
        "article for product leaders",
        "Fine-Tune or Prompt Engineer: A Product Leader's Decision Framework, CTPO, 2025-12-15",
    ),
    ANSWERS: ("your answers", "your own answers"),
    COURSE: ("this course", "this course: lessons 03 to 09"),
}

BENCHMARK, STOP, PRICE, PREPARE, FINE_TUNE = "benchmark", "stop", "price", "prepare", "fine_tune"
ENOUGH_MONTHS = 6  # CHECKLIST_ARTICLE asks for 6 to 12
STYLE_ONLY_BELOW = 200  # labelled examples, ORDER_ARTICLE
NO_TOLERANCE_BELOW = 0.03  # failure rate; CHECKLIST_ARTICLE calls 3 to 8 % too much for a pipeline
DAYS_A_MONTH = 30
# Where the failure rate stands against what is accepted.
UNMEASURED, ACCEPTED, UNDECIDED, TOO_MANY = "unmeasured", "accepted", "undecided", "too many"
# Which way a volume, or the cost model, sends a case.
TUNE, STAY, SILENT = "fine-tune", "do not", "says nothing"
# Nobody has named what is wrong with the answers.
UNNAMED = "unnamed"


@dataclass(frozen=True)
class Reason:
    """One sentence, and the key in SOURCES of who says so."""

    text: str
    source: str

    def __str__(self) -> str:
        return f"{self.text} ({SOURCES[self.source][0]})"


@dataclass(frozen=True)
class Rung:
    """A rung of the ladder: its steps on lesson 00's map, the lesson about it, and what it helps with.

    `otherwise` is why it is ruled out when nothing that it helps with is wrong. `helps` is empty for a rung
    that is no remedy.
    """

    key: str
    title: str
    steps: tuple[int, ...]
    lesson: str
    helps: frozenset[str] = frozenset()
    otherwise: Reason | None = None


WAY_OF_ANSWERING = frozenset({FORMAT, STYLE, BEHAVIOUR, UNNAMED})
RUNGS = (
    Rung(PROMPT, "Rewrite the prompt", (1,), "01", frozenset(PROBLEMS) | {UNNAMED}),
    Rung(
        FEW_SHOT,
        "Show a few worked examples",
        (2,),
        "02",
        WAY_OF_ANSWERING,
        Reason(
            "Examples show a form and a way to answer. They bring no facts and no ability, and are paid for.",
            ORDER_ARTICLE,
        ),
    ),
    Rung(
        ANOTHER_MODEL,
        "Try another model",
        (3,),
        "03",
        WAY_OF_ANSWERING | {LATENCY, COST, PRIVACY},
        Reason("No model has read your documents or can reach your systems by itself.", COURSE),
    ),
    Rung(
        SCHEMA,
        "Fix the shape with a schema",
        (4,),
        "04",
        frozenset({FORMAT}),
        Reason("The shape of the replies is not what is wrong.", ANSWERS),
    ),
    Rung(
        RETRIEVAL,
        "Retrieve the text that has the facts",
        (5,),
        "05",
        frozenset({KNOWLEDGE}),
        Reason("No facts are missing.", ANSWERS),
    ),
    Rung(
        TOOLS,
        "Give it a tool",
        (6,),
        "06",
        frozenset({CAPABILITY}),
        Reason("No ability is missing.", ANSWERS),
    ),
    Rung(
        SKILL,
        "Write the way of working into a skill",
        (),
        "07",
        WAY_OF_ANSWERING,
        Reason(
            "A skill says how to work with what the model knows. That is not what is wrong.", SKILLS_ARTICLE
        ),
    ),
    Rung(BENCHMARK, "Measure the gap that is left", (7,), "08"),
    Rung(STOP, "Stop here", (8,), "08"),
    Rung(PRICE, "Price both ways over eighteen months", (), "09"),
    Rung(PREPARE, "Stay on the best rung, and close what is open", (), "10"),
    Rung(FINE_TUNE, "Fine-tune, measure again, be ready to go back", (9, 10), "11"),
)
RUNG = {rung.key: rung for rung in RUNGS}
assert max(step for rung in RUNGS for step in rung.steps) == len(STEPS)


@dataclass(frozen=True)
class Point:
    """One thing that has to hold: what is asked, whether it `holds`, and the reason in this case."""

    title: str
    holds: bool
    why: Reason


@dataclass(frozen=True)
class VolumeMark:
    """A volume in an article, `low` to `high` outputs a month, and which way it sends this case."""

    low: float
    high: float
    says: str
    source: str
    sends: str
    why: str


def next_rung(answers: Answers) -> str:
    """The key of the rung that is next. The ladder is climbed in order: no rung that helps is passed by."""
    for key in TRIABLE:
        if helps(answers, key) and key not in answers.tried:
            return key
    if not benchmark_done(answers):
        return BENCHMARK
    if not has_gap(answers):
        return STOP
    if standing(answers) == TOO_MANY and KNOWLEDGE in answers.problems:
        return RETRIEVAL
    if standing(answers) == TOO_MANY and CAPABILITY in answers.problems:
        return TOOLS
    if not answers.prompt_maximised:
        return PROMPT
    worth = worth_it(answers)
    if worth == STAY:
        return STOP
    if worth == SILENT and stands_still(answers):
        return PRICE
    if not all(point.holds for point in (*gates(answers), *checks(answers))):
        return PREPARE
    return FINE_TUNE


def standing(answers: Answers) -> str:
    """UNMEASURED, ACCEPTED, UNDECIDED or TOO_MANY: where the interval of the failure rate lies."""
    if answers.interval is None:
        return UNMEASURED
    low, high = answers.interval
    if high <= answers.accepted_rate:
        return ACCEPTED
    return TOO_MANY if low > answers.accepted_rate else UNDECIDED


def worth_it(answers: Answers) -> str:
    """TUNE, STAY or SILENT: whether the volume pays for training.

    Too slow and not allowed outside are no questions of volume. A cost model with the reader's own figures
    comes before the articles, and the articles count when all that say something agree.
    """
    if answers.problems & {LATENCY, PRIVACY}:
        return TUNE
    if answers.cost_says != NOT_PRICED:
        return TUNE if answers.cost_says == CHEAPER else STAY
    said = {mark.sends for mark in volumes(answers)} - {SILENT}
    return said.pop() if len(said) == 1 else SILENT


def gates(answers: Answers) -> tuple[Point, ...]:
    """What keeps fine-tuning out, whatever else speaks for it."""
    return (
        _gate_evaluation(answers),
        gate_facts(answers),
        gate_ability(answers),
        _gate_few_labels(answers),
        gate_changing(answers),
        _gate_conditions(answers),
    )


def conditions(answers: Answers) -> tuple[Point, ...]:
    """The three conditions that hold together or not at all."""
    criterion = answers.evaluation_rows > 0 and stands_still(answers)
    stable = (
        "You can tell good from bad, and what is good will stay."
        if criterion
        else "Without an evaluation set nobody can tell whether training worked."
        if not answers.evaluation_rows
        else _changing_text(answers)
    )
    return (
        Point("A stable criterion of success", criterion, Reason(stable, LEADER_ARTICLE)),
        Point("Enough data, labelled with care", _enough_data(answers), _data_reason(answers)),
        Point("A gap that prompting cannot close", _proven_gap(answers), _gap_reason(answers)),
    )


def checks(answers: Answers) -> tuple[Point, ...]:
    """The ten points of CHECKLIST_ARTICLE."""
    quality = standing(answers)
    maximised = answers.prompt_maximised and {PROMPT, FEW_SHOT} <= answers.tried
    curated, retrained = answers.curation_budget, answers.retraining_budget
    return (
        _check(
            "The prompt is as good as you can make it, with ten examples",
            maximised,
            "It is the baseline that a tuned model has to beat.",
            "A tuned model has to beat the best prompt, not the first. Examples and edge cases belong in it.",
        ),
        _check(
            "Its failure rate is measured on an evaluation set",
            quality != UNMEASURED,
            rate_text(answers),
            "Nobody has measured it." if answers.evaluation_rows else "There is no evaluation set.",
        ),
        _check_gap(answers, quality),
        _check(
            "The failures are read, and their kind is known",
            kind_known(answers),
            f"What is wrong: {named(answers)}.",
            "Nobody has read and sorted the failures, so nobody knows what training would have to change.",
        ),
        _check_addressable(answers),
        Point(
            f"{LABELS_NEEDED[answers.task]:,} good examples or more",
            _enough_data(answers),
            _data_reason(answers),
        ),
        _check(
            "The task stays as it is for six months",
            stands_still(answers),
            f"{answers.stable_months:g} months ahead, and requirements changed {CHANGES[answers.changes]}.",
            _changing_text(answers),
        ),
        _check(
            "There is a budget for preparing the data",
            curated,
            "It is planned for.",
            "Preparing the data is 40 to 60 % of the whole effort.",
        ),
        _check_schema(answers),
        _check(
            "Training again is paid for",
            retrained,
            _portfolio_text(answers, "Training again is planned for."),
            _portfolio_text(
                answers, "Inputs, base model and task move on, and each time training starts again."
            ),
        ),
    )


def volumes(answers: Answers) -> tuple[VolumeMark, ...]:
    """The volumes that the articles name, the lowest first, and which way each would send this case."""
    volume = answers.volume

    def skills(least: int, says: str) -> VolumeMark:
        if answers.reviewed:
            sends, why = STAY, "a person reviews the outputs, and it counts those that nobody reviews"
        elif answers.tuned_models + 1 >= 15:
            sends, why = STAY, "it would not keep fifteen tuned models"
        else:
            sends, why = _from(least, volume)
        return VolumeMark(least, least, says, SKILLS_ARTICLE, sends, why)

    little, lora, much = (DAYS_A_MONTH * a_day for a_day in (100, 5_000, 50_000))
    if 500_000 <= volume <= 1_000_000:
        table = SILENT, "its table leaves this range open"
    else:
        table = _from(1_000_000, volume)
    small = (STAY, "your volume is no larger") if volume <= little else (SILENT, "your volume is larger")
    large = _from(much, volume) if volume >= much else (SILENT, "it tells of 100 and of 50,000 a day only")
    return (
        VolumeMark(
            *(500, 500, "500 letters in all", TEMPLATES_ARTICLE, SILENT),
            "it counts letters in all and not a month, and says that the prompt works",
        ),
        VolumeMark(little, little, "100 a day: not worth it", ORDER_ARTICLE, *small),
        skills(10_000, "10,000 a month, nobody reviews, one failure costs little"),
        skills(50_000, "50,000 a month for style, somewhat less for a special domain"),
        VolumeMark(
            lora, lora, "5,000 a day with LoRA: might break even", ORDER_ARTICLE, *_from(lora, volume)
        ),
        VolumeMark(
            *(500_000, 1_000_000, "prompts below 500,000, training above 1,000,000", CHECKLIST_ARTICLE),
            *table,
        ),
        VolumeMark(much, much, "50,000 a day: it paid", ORDER_ARTICLE, *large),
    )


def _from(least: float, volume: float) -> tuple[str, str]:
    if volume >= least:
        return TUNE, "your volume reaches it"
    return STAY, "your volume is below"


# What is open


def to_solve(answers: Answers) -> frozenset[str]:
    """The problems that a rung has to help with. A failure rate that is accepted leaves only the others."""
    if standing(answers) == ACCEPTED:
        return answers.problems - OF_THE_ANSWERS
    if not answers.problems or (standing(answers) == TOO_MANY and not answers.problems & OF_THE_ANSWERS):
        return answers.problems | {UNNAMED}
    return answers.problems


def helps(answers: Answers, key: str) -> bool:
    return bool(RUNG[key].helps & to_solve(answers))


def benchmark_done(answers: Answers) -> bool:
    quality = standing(answers)
    if quality == TOO_MANY:
        return kind_known(answers) and answers.spread != NOT_LOOKED
    return quality == ACCEPTED


def kind_known(answers: Answers) -> bool:
    if standing(answers) == ACCEPTED:
        return bool(answers.problems)
    return answers.failures_sorted and bool(answers.problems & OF_THE_ANSWERS)


def has_gap(answers: Answers) -> bool:
    """Too many failures, or an accepted rate that is too slow or too dear. Privacy is no gap by itself."""
    return standing(answers) == TOO_MANY or bool(
        standing(answers) == ACCEPTED and answers.problems & {LATENCY, COST}
    )


def _proven_gap(answers: Answers) -> bool:
    """A gap after every rung that helps, with the best prompt, of a kind that training can close."""
    tried = all(key in answers.tried for key in TRIABLE if helps(answers, key))
    return has_gap(answers) and tried and answers.prompt_maximised and _addressable(answers)


def _addressable(answers: Answers) -> bool:
    return bool(answers.problems) and not answers.problems & {KNOWLEDGE, CAPABILITY}


def stands_still(answers: Answers) -> bool:
    return answers.changes in (TWICE_A_YEAR, YEARLY) and answers.stable_months >= ENOUGH_MONTHS


def _enough_data(answers: Answers) -> bool:
    return answers.labels >= LABELS_NEEDED[answers.task] and answers.labelled_by == EXPERTS


# The gates


def _gate_evaluation(answers: Answers) -> Point:
    return Point(
        "An evaluation set",
        answers.evaluation_rows > 0,
        Reason(
            f"There is one, with {answers.evaluation_rows:,} rows."
            if answers.evaluation_rows
            else "There is none. Training blind makes a fault harder to find.",
            ORDER_ARTICLE,
        ),
    )


def gate_facts(answers: Answers) -> Point:
    missing = KNOWLEDGE in answers.problems
    text = (
        "Facts go to retrieval: training does not teach them reliably. (The article on skills disagrees.)"
        if missing
        else "No facts are missing."
    )
    return Point("Not for facts", not missing, Reason(text, ORDER_ARTICLE if missing else ANSWERS))


def gate_ability(answers: Answers) -> Point:
    missing = CAPABILITY in answers.problems
    text = (
        "An ability comes from a tool. Training would only imitate it."
        if missing
        else "No ability is missing."
    )
    return Point("Not for an ability", not missing, Reason(text, ORDER_ARTICLE if missing else ANSWERS))


def _gate_few_labels(answers: Answers) -> Point:
    enough = answers.labels >= STYLE_ONLY_BELOW
    if enough:
        text = f"{answers.labels:,} examples can teach more than style."
    elif answers.problems == {STYLE}:
        text = f"{answers.labels:,} examples could teach style, and style is all that is wrong."
    else:
        text = f"{answers.labels:,} examples would teach style at most. Show them in the prompt instead."
    return Point(
        f"{STYLE_ONLY_BELOW} examples, or style alone",
        enough or answers.problems == {STYLE},
        Reason(text, ORDER_ARTICLE),
    )


def gate_changing(answers: Answers) -> Point:
    still = stands_still(answers)
    text = "The task stands still for long enough." if still else _changing_text(answers)
    return Point("A task that stands still", still, Reason(text, ANSWERS if still else ORDER_ARTICLE))


def _gate_conditions(answers: Answers) -> Point:
    missing = [point.title.lower() for point in conditions(answers) if not point.holds]
    text = f"Missing: {'; '.join(missing)}." if missing else "All three hold."
    return Point("The three conditions together", not missing, Reason(text, LEADER_ARTICLE))


# The ten points


def _check(title: str, holds: bool, if_so: str, if_not: str) -> Point:
    return Point(title, holds, Reason(if_so if holds else if_not, CHECKLIST_ARTICLE))


def _check_gap(answers: Answers, quality: str) -> Point:
    title = "The failures are too many, and alike for all kinds of input"
    if quality == TOO_MANY:
        holds = answers.spread not in (NOT_LOOKED, ONE_KIND)
        spread = {
            NOT_LOOKED: "Nobody has looked at the kinds of input apart.",
            ONE_KIND: "One kind of input fails most: repair that one first, with a rule in the prompt.",
        }
        return _check(title, holds, rate_text(answers), spread.get(answers.spread, ""))
    if has_gap(answers):
        return _check(title, True, f"They are accepted. The gap is elsewhere: {named(answers)}.", "")
    texts = {
        UNMEASURED: "Not known: nothing is measured.",
        UNDECIDED: f"Not known: {rate_text(answers)}",
        ACCEPTED: f"No: {rate_text(answers)}",
    }
    return _check(title, False, "", texts[quality])


def _check_addressable(answers: Answers) -> Point:
    title = "Training can change what is wrong"
    if not answers.problems:
        return _check(title, False, "", "Nobody has said what is wrong.")
    return _check(
        title,
        _addressable(answers),
        "It is about how the model answers, or what an answer takes.",
        "Training teaches a way to answer. It teaches no facts that last, and no access to your systems.",
    )


def _check_schema(answers: Answers) -> Point:
    title = "A schema was considered for the shape"
    if FORMAT not in answers.problems:
        return _check(title, True, "The shape is not what is wrong.", "")
    return _check(
        title,
        SCHEMA in answers.tried,
        "It was tried, and the shape is still wrong.",
        "A schema may settle the shape without any training.",
    )


# The words


def rate_text(answers: Answers) -> str:
    if answers.interval is None:
        return "Nobody has measured the failure rate."
    low, high = answers.interval
    accepted = percent(answers.accepted_rate)
    where = {
        ACCEPTED: f"all of it within the {accepted} % that you accept",
        UNDECIDED: f"on both sides of the {accepted} % that you accept",
        TOO_MANY: f"all of it above the {accepted} % that you accept",
    }[standing(answers)]
    measured = f" Measured: {answers.measured_on}." if answers.measured_on else ""
    return (
        f"{percent(answers.measured_rate)} % of {answers.evaluation_rows:,} fail, which stands for "
        f"{percent(low)} to {percent(high)} %, {where}.{measured}"
    )


def _data_reason(answers: Answers) -> Reason:
    needed = LABELS_NEEDED[answers.task]
    if answers.labels < needed:
        return Reason(
            f"{needed - answers.labels:,} are missing: {TASKS[answers.task]} takes {needed:,} or more.",
            CHECKLIST_ARTICLE,
        )
    if answers.labelled_by != EXPERTS:
        return Reason(
            f"{answers.labels:,} examples, {LABELLERS[answers.labelled_by]}: training repeats mistakes. "
            "Let people who know the task check them, and settle disputes.",
            LEADER_ARTICLE,
        )
    return Reason(f"{answers.labels:,} examples, {LABELLERS[EXPERTS]}.", LEADER_ARTICLE)


def _gap_reason(answers: Answers) -> Reason:
    if not has_gap(answers):
        text = {
            UNMEASURED: "Nobody has measured one.",
            UNDECIDED: "The measurement leaves it open.",
            ACCEPTED: "There is none.",
        }[standing(answers)]
        return Reason(text, LEADER_ARTICLE)
    untried = [RUNG[key].title for key in TRIABLE if helps(answers, key) and key not in answers.tried]
    if untried:
        return Reason(f"Not tried yet: {'; '.join(untried).lower()}.", LEADER_ARTICLE)
    if not answers.prompt_maximised:
        return Reason("The prompt can still be made better, so nobody knows the gap.", LEADER_ARTICLE)
    if not _addressable(answers):
        return Reason("Training cannot close this one.", ORDER_ARTICLE)
    return Reason("Every rung that could help was tried, and the gap is still there.", LEADER_ARTICLE)


def _changing_text(answers: Answers) -> str:
    if answers.changes == NOT_LAUNCHED:
        return "It is not launched yet. Prompts and the base model are the fastest way to learn what is good."
    if answers.changes not in (TWICE_A_YEAR, YEARLY):
        return (
            f"Requirements change {CHANGES[answers.changes]}. "
            "Prompts and skills follow in hours, training in weeks."
        )
    return f"{answers.stable_months:g} stable months are too few: ask for {ENOUGH_MONTHS}."


def _portfolio_text(answers: Answers, text: str) -> str:
    if not answers.tuned_models:
        return text
    number = answers.tuned_models + 1
    return f"{text} It would be model number {number} to watch, and the effort grows faster than the number."


def named(answers: Answers) -> str:
    shown = [PROBLEMS[key].lower() for key in PROBLEMS if key in answers.problems]
    return "; ".join(shown) or "nothing is named"
