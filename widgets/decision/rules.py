"""The rules of the decision: the rungs, which one is next, the gates, the check list, the volumes.

The gates come first, and no score outvotes one. `Reason.source` says who claims a thing.
"""

from dataclasses import dataclass
from functools import cache

from course.errors import CourseError
from course.material.claims import ID, claim, claims
from course.measuring.results import percent
from widgets.decision.answers import (
    ALIKE,
    ANOTHER_MODEL,
    BEHAVIOUR,
    CAPABILITY,
    CASCADE,
    CHANGES,
    CHECKED_MODEL,
    COST,
    COSTS_LESS,
    ENCODER,
    EXPERTS,
    FEW_SHOT,
    FORMAT,
    KNOWLEDGE,
    LABELLERS,
    LABELS_NEEDED,
    LATENCY,
    NARROW,
    NOT_LAUNCHED,
    NOT_LOOKED,
    NOT_PRICED,
    OF_THE_ANSWERS,
    ONE_KIND,
    PRIVACY,
    PROBLEMS,
    PROMPT,
    REASONING,
    RETRIEVAL,
    RETRIEVED_EXAMPLES,
    SCHEMA,
    SKILL,
    SMALLER_MODEL,
    STYLE,
    TASKS,
    TOOLS,
    TRIABLE,
    TRIM,
    TUNED,
    TWICE_A_YEAR,
    VARIED,
    WEEKLY,
    YEARLY,
    Answers,
)

# Who says a thing: a claim by its id, an article by its key in data/claims_sources.csv, or the last two.
SKILLS, PRODUCTIVITY, DECISION_TREE = "skills", "productivity", "decision-tree"
MODULUS, PRODUCT_LEADER = "modulus", "product-leader"
ANSWERS, COURSE = "your answers", "this course"

BENCHMARK, STOP, PRICE, PREPARE, FINE_TUNE = "benchmark", "stop", "price", "prepare", "fine_tune"
ENOUGH_MONTHS = 6  # MODULUS asks for 6 to 12
STYLE_ONLY_BELOW = 200  # labelled examples, DECISION_TREE
NO_TOLERANCE_BELOW = 0.03  # failure rate; MODULUS calls 3 to 8 % too much for a pipeline
ENOUGH_ROWS = 100  # evaluation rows: with fewer, a rate has an interval of ten points on either side
NARROW_INTERVAL = 0.1  # of the accepted rate
MANY_MODELS = 15  # so many tuned models nobody wants to keep, SKILLS
DAYS_A_MONTH = 30
# Where the failure rate stands against what is accepted.
UNMEASURED, ACCEPTED, UNDECIDED, TOO_MANY = "unmeasured", "accepted", "undecided", "too many"
# Which way a volume, or the cost model, sends a case.
TUNE, STAY, SILENT = "fine-tune", "do not", "says nothing"
# Nobody has named what is wrong with the answers.
UNNAMED = "unnamed"


@dataclass(frozen=True)
class Reason:
    """One sentence, and who says so: a claim by its id, an article by its key, ANSWERS or COURSE."""

    text: str
    source: str

    @property
    def credit(self) -> str:
        """The source in words. A claim says what became of it, and an article who published it."""
        return credit(self.source)

    def __str__(self) -> str:
        return f"{self.text} ({self.credit})"


@cache
def credit(source: str) -> str:
    """A source in words. CourseError for a claim or an article that does not exist."""
    if source in (ANSWERS, COURSE):
        return source
    if ID.fullmatch(source):
        claimed = claim(source)
        return f"{claimed.source.publisher}, claim {claimed.id}: {claimed.verdict}"
    articles = {each.source.source: each.source for each in claims()}
    if source not in articles:
        raise CourseError(f"There is no source {source!r}; there are {', '.join(articles)}.")
    return articles[source].publisher


@dataclass(frozen=True)
class LadderRung:
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


_OF_ANSWERS = (PROMPT, FEW_SHOT, RETRIEVED_EXAMPLES, ANOTHER_MODEL, SKILL)
# What helps with each fault, in the order in which it is tried. The faults stand in the order in which they
# are taken: where the model may run, then what it knows and can do, then how it answers, and last what that
# takes, since every earlier step changes it.
REMEDIES: dict[str, tuple[str, ...]] = {
    PRIVACY: (ANOTHER_MODEL,),
    KNOWLEDGE: (RETRIEVAL, ANOTHER_MODEL),
    CAPABILITY: (TOOLS, ANOTHER_MODEL),
    FORMAT: (SCHEMA, *_OF_ANSWERS),
    BEHAVIOUR: (*_OF_ANSWERS, ENCODER, CASCADE),
    STYLE: _OF_ANSWERS,
    UNNAMED: _OF_ANSWERS,
    LATENCY: (TRIM, SMALLER_MODEL, ENCODER),
    COST: (TRIM, SMALLER_MODEL, CASCADE),
}
NEAR_ENOUGH = 50  # labelled examples from which retrieving the nearest ones is worth a try
NEAREST_INSTEAD = 1_000  # labelled examples from which the nearest ones are shown at once, and no fixed ones
CLASSIFIER_FROM = 200  # labelled examples; arXiv 2406.08660 finds 200 to 500 enough


def _rung(
    key: str, title: str, lesson: str, otherwise: str = "", source: str = ANSWERS, steps: tuple[int, ...] = ()
) -> LadderRung:
    helps = frozenset(fault for fault, keys in REMEDIES.items() if key in keys)
    return LadderRung(key, title, steps, lesson, helps, Reason(otherwise, source) if otherwise else None)


RUNGS = (
    _rung(PROMPT, "Rewrite the prompt", "01", "How it answers is not what is wrong.", steps=(1,)),
    _rung(
        FEW_SHOT,
        "Show a few worked examples",
        "02",
        "Examples teach a form and a way to answer. They bring no facts and no ability.",
        "C061",
        (2,),
    ),
    _rung(
        RETRIEVED_EXAMPLES,
        "Retrieve the nearest examples for each request",
        "02",
        f"It takes {NEAR_ENOUGH} labelled examples, and a fault in how it answers.",
        COURSE,
    ),
    _rung(
        ANOTHER_MODEL,
        "Try another model",
        "03",
        "A stronger model costs more and answers later. That is what is wrong already.",
        COURSE,
        (3,),
    ),
    _rung(SMALLER_MODEL, "Try a smaller model on the same rows", "03", "Neither time nor cost is wrong."),
    _rung(TRIM, "Cache, batch, and send and write less", "03", "Neither time nor cost is wrong."),
    _rung(
        ENCODER,
        "Train a small classifier",
        "03",
        f"It is for one narrow task with {CLASSIFIER_FROM} labelled examples or more.",
        COURSE,
    ),
    _rung(
        CASCADE,
        "Let a small model answer what it is sure of",
        "03",
        f"It is for one narrow task with {CLASSIFIER_FROM} labelled examples or more.",
        COURSE,
    ),
    _rung(
        SCHEMA,
        "Fix the shape with a schema",
        "04",
        "The shape of the replies is not what is wrong.",
        steps=(4,),
    ),
    _rung(RETRIEVAL, "Retrieve the text that has the facts", "05", "No facts are missing.", steps=(5,)),
    _rung(TOOLS, "Give it a tool", "06", "No ability is missing.", steps=(6,)),
    _rung(
        SKILL,
        "Write the way of working into a skill",
        "07",
        "A skill writes down a way of working. That is not what is wrong.",
    ),
    LadderRung(BENCHMARK, "Measure the gap that is left", (7,), "08"),
    LadderRung(STOP, "Stop here", (8,), "08"),
    LadderRung(PRICE, "Price both ways over eighteen months", (), "09"),
    LadderRung(PREPARE, "Stay on the best rung, and close what is open", (), "10"),
    LadderRung(FINE_TUNE, "Fine-tune, measure again, be ready to go back", (9, 10), "11"),
)
RUNG = {rung.key: rung for rung in RUNGS}


@dataclass(frozen=True)
class Requirement:
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
    """The key of the rung that is next: the first remedy of the first fault that was not tried.

    What was tried is never advised again. Nothing leads to fine-tuning without a price, without rows enough
    to see the gap, or where a tuned model was tried.
    """
    if TUNED in answers.tried and standing(answers) == TOO_MANY and not answers.failures_sorted:
        return BENCHMARK
    remedy = next_remedy(answers)
    if remedy:
        return remedy[1]
    if not benchmark_done(answers):
        return BENCHMARK
    if not has_gap(answers):
        return STOP
    if standing(answers) == TOO_MANY and answers.problems & {KNOWLEDGE, CAPABILITY}:
        return BENCHMARK
    if worth_it(answers) == STAY or TUNED in answers.tried:
        return STOP
    if answers.evaluation_rows < ENOUGH_ROWS:
        return BENCHMARK
    if worth_it(answers) == SILENT and stands_still(answers):
        return PRICE
    if not all(point.holds for point in (*gates(answers), *checks(answers))) or worth_it(answers) == SILENT:
        return PREPARE
    return FINE_TUNE


def next_remedy(answers: Answers) -> tuple[str, str] | None:
    """The first fault with a remedy that was not tried, and that remedy."""
    faults = to_solve(answers)
    for fault, keys in REMEDIES.items():
        for key in keys:
            if fault in faults and applies(answers, key) and not is_tried(answers, key):
                return fault, key
    return None


def is_tried(answers: Answers, key: str) -> bool:
    """Whether a remedy was tried. Nothing is left to rewrite in the best prompt that one can write."""
    return key in answers.tried or (key == PROMPT and answers.prompt_maximised)


def applies(answers: Answers, key: str) -> bool:
    """Whether the case has what a remedy needs."""
    if key == FEW_SHOT:
        return answers.labels < NEAREST_INSTEAD
    if key == RETRIEVED_EXAMPLES:
        return answers.labels >= NEAR_ENOUGH
    if key in (ENCODER, CASCADE):
        return answers.task == NARROW and answers.labels >= CLASSIFIER_FROM
    return True


def standing(answers: Answers) -> str:
    """UNMEASURED, ACCEPTED, UNDECIDED or TOO_MANY: where the interval of the failure rate lies.

    An interval that is narrow beside what is accepted is decided by its middle: no more rows would help.
    """
    if answers.interval is None:
        return UNMEASURED
    low, high = answers.interval
    if high - low < NARROW_INTERVAL * answers.accepted_rate:
        return ACCEPTED if answers.measured_rate <= answers.accepted_rate else TOO_MANY
    if high <= answers.accepted_rate:
        return ACCEPTED
    return TOO_MANY if low > answers.accepted_rate else UNDECIDED


def worth_it(answers: Answers) -> str:
    """TUNE, STAY or SILENT: whether training pays.

    Only the reader's own price says that it does. The articles' volumes can say that it does not, where all
    that say something agree and neither speed nor privacy asks for it.
    """
    if answers.cost_says != NOT_PRICED:
        return TUNE if answers.cost_says == COSTS_LESS else STAY
    sends = {mark.sends for mark in volumes(answers)} - {SILENT}
    return STAY if sends == {STAY} and not answers.problems & {LATENCY, PRIVACY} else SILENT


def gates(answers: Answers) -> tuple[Requirement, ...]:
    """What keeps fine-tuning out, whatever else speaks for it."""
    return (
        _gate_evaluation(answers),
        gate_facts(answers),
        gate_ability(answers),
        _gate_few_labels(answers),
        gate_changing(answers),
        _gate_conditions(answers),
    )


def conditions(answers: Answers) -> tuple[Requirement, ...]:
    """The three conditions of PRODUCT_LEADER, which hold together or not at all."""
    return (
        _criterion(answers),
        Requirement("Enough data, labelled with care", _enough_data(answers), _data_reason(answers)),
        Requirement("A gap that prompting cannot close", _proven_gap(answers), _gap_reason(answers)),
    )


def checks(answers: Answers) -> tuple[Requirement, ...]:
    """The ten points of MODULUS."""
    return (
        _point(
            "The prompt is as good as you can make it, with ten examples",
            answers.prompt_maximised,
            Reason("It is the baseline that a tuned model has to beat.", ANSWERS),
            Reason("A tuned model has to beat your best prompt. Your first one flatters it.", "C128"),
        ),
        _point(
            "Its failure rate is measured on an evaluation set",
            standing(answers) != UNMEASURED and answers.evaluation_rows >= ENOUGH_ROWS,
            Reason(rate_text(answers), ANSWERS),
            Reason(f"{rate_text(answers)} It takes {ENOUGH_ROWS} rows to see a gap.", MODULUS),
        ),
        _check_gap(answers),
        _point(
            "The failures are read, and their kind is known",
            kind_known(answers),
            Reason(f"What is wrong: {named(answers)}.", ANSWERS),
            Reason("Nobody has sorted the failures, so nobody knows what training has to change.", MODULUS),
        ),
        _point(
            "Training can change what is wrong",
            _addressable(answers),
            Reason("It is about how the model answers, or about what an answer takes.", ANSWERS),
            Reason("Training teaches a way to answer. It brings no facts and no access to systems.", "C071")
            if answers.problems
            else Reason("Nobody has said what is wrong.", MODULUS),
        ),
        Requirement(
            f"{LABELS_NEEDED[answers.task]:,} good examples or more",
            _enough_data(answers),
            _data_reason(answers),
        ),
        Requirement("The task stays as it is for six months", stands_still(answers), _change_reason(answers)),
        _point(
            "There is a budget for preparing the data",
            answers.curation_budget,
            Reason("It is planned for.", ANSWERS),
            Reason("Preparing the data takes about half of the whole effort, or more.", "C115"),
        ),
        _check_schema(answers),
        _point(
            "Training again is paid for",
            answers.retraining_budget,
            Reason(f"It is planned for.{_portfolio(answers)}", "C134" if answers.tuned_models else ANSWERS),
            Reason(
                f"When the base model or the task changes, it all starts again.{_portfolio(answers)}", "C131"
            ),
        ),
    )


def volumes(answers: Answers) -> tuple[VolumeMark, ...]:
    """The volumes that the articles name, the lowest first, and which way each would send this case."""
    volume = answers.volume

    def skills(least: int, says: str, source: str) -> VolumeMark:
        if answers.reviewed:
            sends, why = STAY, "a person reviews the outputs, and it counts those that nobody reviews"
        elif answers.tuned_models + 1 >= MANY_MODELS:
            sends, why = STAY, "it would not keep fifteen tuned models"
        else:
            sends, why = _from(least, volume)
        return VolumeMark(least, least, says, source, sends, why)

    little, lora, much = (DAYS_A_MONTH * a_day for a_day in (100, 5_000, 50_000))
    if 500_000 <= volume <= 1_000_000:
        table = SILENT, "its table leaves this range open"
    else:
        table = _from(1_000_000, volume)
    small = (STAY, "your volume is no larger") if volume <= little else (SILENT, "your volume is larger")
    large = _from(much, volume) if volume >= much else (SILENT, "it tells of 100 and of 50,000 a day only")
    return (
        VolumeMark(
            *(500, 500, "500 letters in all", "C046", SILENT),
            "it counts letters in all and not a month, and says that the prompt works",
        ),
        VolumeMark(little, little, "100 a day: not worth it", "C084", *small),
        skills(10_000, "10,000 a month, nobody reviews, one failure costs little", "C021"),
        skills(50_000, "50,000 a month for style, somewhat less for a special domain", "C022"),
        VolumeMark(lora, lora, "5,000 a day with LoRA: might break even", "C090", *_from(lora, volume)),
        VolumeMark(
            *(500_000, 1_000_000, "prompts below 500,000, training above 1,000,000", "C121"),
            *table,
        ),
        VolumeMark(much, much, "50,000 a day: it paid", "C085", *large),
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
    return key in RUNG and applies(answers, key) and bool(RUNG[key].helps & to_solve(answers))


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
    tried = all(is_tried(answers, key) for key in TRIABLE if helps(answers, key))
    return has_gap(answers) and tried and answers.prompt_maximised and _addressable(answers)


def _addressable(answers: Answers) -> bool:
    return bool(answers.problems) and not answers.problems & {KNOWLEDGE, CAPABILITY}


def stands_still(answers: Answers) -> bool:
    return answers.changes in (TWICE_A_YEAR, YEARLY) and answers.stable_months >= ENOUGH_MONTHS


def _enough_data(answers: Answers) -> bool:
    return answers.labels >= LABELS_NEEDED[answers.task] and answers.labelled_by in (CHECKED_MODEL, EXPERTS)


# The gates


def _gate_evaluation(answers: Answers) -> Requirement:
    return _point(
        "An evaluation set",
        answers.evaluation_rows > 0,
        Reason(f"There is one, with {answers.evaluation_rows:,} rows.", ANSWERS),
        Reason("There is none. Whoever trains blind cannot find the fault afterwards.", DECISION_TREE),
    )


def gate_facts(answers: Answers) -> Requirement:
    """Facts go to retrieval. SKILLS says otherwise (C025), and that claim is contradicted."""
    return _point(
        "Not for facts",
        KNOWLEDGE not in answers.problems,
        Reason("No facts are missing.", ANSWERS),
        Reason("Facts go to retrieval: training does not teach them reliably.", "C071"),
    )


def gate_ability(answers: Answers) -> Requirement:
    """A missing ability goes to tools."""
    return _point(
        "Not for an ability",
        CAPABILITY not in answers.problems,
        Reason("No ability is missing.", ANSWERS),
        Reason("An ability comes from a tool. Training would only imitate it.", DECISION_TREE),
    )


def _gate_few_labels(answers: Answers) -> Requirement:
    enough, style = answers.labels >= STYLE_ONLY_BELOW, answers.problems == {STYLE}
    able = "can teach more than style" if enough else "could teach style, and style is all that is wrong"
    return _point(
        f"{STYLE_ONLY_BELOW} examples, or style alone",
        enough or style,
        Reason(f"{answers.labels:,} examples {able}.", "C086"),
        Reason(f"{answers.labels:,} examples would teach style at most. Show them in the prompt.", "C086"),
    )


def gate_changing(answers: Answers) -> Requirement:
    """A task that changes stays with prompts and skills."""
    return Requirement("A task that stands still", stands_still(answers), _change_reason(answers))


def _gate_conditions(answers: Answers) -> Requirement:
    missing = [point.title.lower() for point in conditions(answers) if not point.holds]
    return _point(
        "The three conditions together",
        not missing,
        Reason("All three hold.", ANSWERS),
        Reason(f"Missing: {'; '.join(missing)}.", "C130"),
    )


# The points


def _point(title: str, holds: bool, if_so: Reason, if_not: Reason) -> Requirement:
    return Requirement(title, holds, if_so if holds else if_not)


def _criterion(answers: Answers) -> Requirement:
    title = "A stable criterion of success"
    if not answers.evaluation_rows:
        return Requirement(
            title, False, Reason("Without an evaluation set nobody can tell good from bad.", "C130")
        )
    return Requirement(title, stands_still(answers), _change_reason(answers))


def _check_gap(answers: Answers) -> Requirement:
    title = "The failures are too many, and alike for all kinds of input"
    if standing(answers) != TOO_MANY:
        elsewhere = Reason(f"They are accepted. What is left: {named(answers)}.", ANSWERS)
        return _point(title, has_gap(answers), elsewhere, Reason(rate_text(answers), ANSWERS))
    spread = {
        NOT_LOOKED: Reason("Nobody has looked at the kinds of input apart.", MODULUS),
        ONE_KIND: Reason("One kind fails most: repair that first, with a rule in the prompt.", COURSE),
        ALIKE: Reason(rate_text(answers), ANSWERS),
    }
    return Requirement(title, answers.spread == ALIKE, spread[answers.spread])


def _check_schema(answers: Answers) -> Requirement:
    title = "A schema was considered for the shape"
    if FORMAT not in answers.problems:
        return Requirement(title, True, Reason("The shape is not what is wrong.", ANSWERS))
    return _point(
        title,
        SCHEMA in answers.tried,
        Reason("It was tried, and the shape is still wrong.", ANSWERS),
        Reason("A schema may settle the shape without any training.", "C106"),
    )


# The words


def rate_text(answers: Answers) -> str:
    """The failure rate, its interval, and where that stands against what is accepted."""
    if answers.interval is None:
        return "There is an evaluation set, and no failure rate." if answers.evaluation_rows else _NO_SET
    low, high = answers.interval
    where = {ACCEPTED: "all within", UNDECIDED: "on both sides of", TOO_MANY: "all above"}[standing(answers)]
    measured = f" Measured: {answers.measured_on}." if answers.measured_on else ""
    return (
        f"{percent(answers.measured_rate)} % of {answers.evaluation_rows:,} fail. That stands for "
        f"{percent(low)} to {percent(high)} %, {where} the {percent(answers.accepted_rate)} % that you "
        f"accept.{measured}"
    )


_NO_SET = "There is no evaluation set, so there is no failure rate."


def named(answers: Answers) -> str:
    """What is wrong, in words."""
    shown = [PROBLEMS[key].lower() for key in PROBLEMS if key in answers.problems]
    return "; ".join(shown) or "nothing is named"


def _data_reason(answers: Answers) -> Reason:
    needed = LABELS_NEEDED[answers.task]
    if answers.labels < needed:
        short = f"{answers.labels:,} are too few: {TASKS[answers.task]} takes {needed:,} or more."
        return Reason(short, _LABELS_CLAIM[answers.task])
    who = f"{answers.labels:,} examples, {LABELLERS[answers.labelled_by]}"
    if answers.labelled_by in (CHECKED_MODEL, EXPERTS):
        return Reason(f"{who}.", ANSWERS)
    return Reason(f"{who}: training repeats mistakes. Check them, and settle disputes.", PRODUCT_LEADER)


_LABELS_CLAIM = {NARROW: "C112", VARIED: "C113", REASONING: "C114"}


def _gap_reason(answers: Answers) -> Reason:
    if not has_gap(answers):
        return Reason(rate_text(answers), ANSWERS)
    untried = [RUNG[key].title for key in TRIABLE if helps(answers, key) and not is_tried(answers, key)]
    if untried:
        return Reason(f"Not tried yet: {'; '.join(untried).lower()}.", "C130")
    if not answers.prompt_maximised:
        return Reason("The prompt can still be made better, so nobody knows the gap.", "C128")
    if not _addressable(answers):
        return Reason("Training cannot close this one.", DECISION_TREE)
    return Reason("Every rung that could help was tried, and the gap is still there.", ANSWERS)


def _change_reason(answers: Answers) -> Reason:
    """Why the task does or does not stand still."""
    if answers.changes == NOT_LAUNCHED:
        text = "It is not launched yet, and a prompt is the fastest way to learn what is good."
        return Reason(text, DECISION_TREE)
    if answers.changes not in (TWICE_A_YEAR, YEARLY):
        text = (
            f"It changes {CHANGES[answers.changes]}. Prompts and skills follow in hours, training in weeks."
        )
        return Reason(text, "C095" if answers.changes == WEEKLY else "C040")
    if answers.stable_months < ENOUGH_MONTHS:
        return Reason(f"{answers.stable_months:g} stable months are few: {ENOUGH_MONTHS} or more.", "C120")
    ahead = f"It changes {CHANGES[answers.changes]}, and {answers.stable_months:g} stable months are ahead."
    return Reason(ahead, ANSWERS)


def _portfolio(answers: Answers) -> str:
    if not answers.tuned_models:
        return ""
    number = answers.tuned_models + 1
    return f" It would be tuned model number {number}, and the effort grows faster than the number."
