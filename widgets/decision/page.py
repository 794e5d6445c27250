"""The advice as HTML: the ladder, the check lists, the table, the articles' volumes, what would change it."""

import html
import math
from collections.abc import Iterable, Sequence

from widgets.decision.answers import QUESTION, QUESTIONS, Answers, FormQuestion, answer_text
from widgets.decision.model import DONE, LATER, NEXT, RULED_OUT, Advice, AnswerChange, Dimension, LadderStep
from widgets.decision.rules import RUNGS, SILENT, STAY, TUNE, Reason, Requirement, VolumeMark, credit

STATES = {DONE: "done", NEXT: "next", RULED_OUT: "ruled out", LATER: "later"}
# Pixels of the volume axis, and the volumes at its ends.
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _LINE = 560, 96, 20, 540, 52
_LEAST, _MOST = 100, 10_000_000
# Okabe and Ito's colours, and a shape for each, so that colour is never alone.
_SHAPES = {
    TUNE: '<path d="M{x} {top} l7 12 h-14 z" fill="#D55E00"/>',
    STAY: '<rect x="{left}" y="{top}" width="11" height="11" fill="#0072B2"/>',
    SILENT: '<circle cx="{x}" cy="{middle}" r="5.5" fill="none" stroke="#555" stroke-width="2"/>',
}


def first_page(advice: Advice) -> str:
    """What is next and why, and the ladder."""
    reasons = "".join(f"<li>{_reason(reason)}</li>" for reason in advice.reasons)
    ladder = "".join(_ladder_step(step) for step in advice.ladder)
    return (
        f'<div class="decision"><p class="decision-next" role="status">{html.escape(advice.sentence)}</p>'
        f'<ul>{reasons}</ul><h4>The ladder</h4><ol class="decision-ladder">{ladder}</ol></div>'
    )


def headline(advice: Advice) -> str:
    """What is next in one line, for above the questions of a narrow window."""
    return f'<div class="decision"><p class="decision-next">{html.escape(advice.sentence)}</p></div>'


def details(answers: Answers, advice: Advice, changes: Sequence[AnswerChange]) -> str:
    """Everything behind the advice, section by section."""
    sections = [
        ("What would change the advice", _changes(answers, changes)),
        ("What keeps fine-tuning out, whatever else speaks for it", _points(advice.gates)),
        ("Ten points before fine-tuning", _points(advice.checks, numbered=True)),
        ("Three conditions: all or none", _points(advice.conditions)),
        ("Three questions of one article", _points(advice.questions, ("to fine-tuning", "to skills"))),
        ("Eight dimensions", _dimensions(advice.dimensions)),
        ("From which volume? The articles disagree", _volumes(answers, advice.volumes)),
        ("Your answers", _answers(answers)),
    ]
    return (
        '<div class="decision">' + "".join(f"<h4>{title}</h4>{body}" for title, body in sections) + "</div>"
    )


def in_words(answers: Answers, change: AnswerChange) -> str:
    """A change in words: what the answers would be, and what they are now."""
    question, now = QUESTION[change.name], getattr(answers, change.name)
    if not question.many:
        return f"{question.text}: {answer_text(question, change.value)} (now {answer_text(question, now)})"
    (option,) = now ^ change.value
    return (
        f"{question.text}: {'also' if option in change.value else 'no longer'} '{question.options[option]}'"
    )


def _answers(answers: Answers) -> str:
    rows = "".join(
        f'<tr><th scope="row">{question.text}</th><td>{_said_all(question, answers)}</td></tr>'
        for question in QUESTIONS
    )
    if answers.turns_when:
        rows += (
            f'<tr><th scope="row">What would change it</th><td>{html.escape(answers.turns_when)}</td></tr>'
        )
    return _table(("question", "answer"), rows)


def _said_all(question: FormQuestion, answers: Answers) -> str:
    value = getattr(answers, question.name)
    if not question.many:
        return answer_text(question, value)
    return "; ".join(text for option, text in question.options.items() if option in value) or "nothing"


def _reason(reason: Reason) -> str:
    return f"{html.escape(reason.text)} <small>({html.escape(reason.credit)})</small>"


def _ladder_step(step: LadderStep) -> str:
    state = STATES[step.state]
    current = ' aria-current="step"' if step.state == NEXT else ""
    why = (
        "" if step.state == LATER or (step.state == DONE and step.rung.helps) else f"<br>{_reason(step.why)}"
    )
    return (
        f'<li class="decision-{state.replace(" ", "-")}"{current}><b>{html.escape(step.rung.title)}</b> '
        f'<span class="decision-state">{state}</span> <small>lesson {step.rung.lesson}</small>{why}</li>'
    )


def _points(
    points: Iterable[Requirement], words: tuple[str, str] = ("holds", "open"), numbered: bool = False
) -> str:
    rows = "".join(
        f'<tr class="decision-{"holds" if point.holds else "open"}"><td>{words[not point.holds]}</td>'
        f'<th scope="row">{f"{number}. " if numbered else ""}{html.escape(point.title)}</th>'
        f"<td>{_reason(point.why)}</td></tr>"
        for number, point in enumerate(points, start=1)
    )
    return _table(("state", "what", "why"), rows)


def _dimensions(dimensions: Iterable[Dimension]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{each.title}</th>'
        f"<td>{_chosen(each.prompting, each.side == 'prompting')}</td>"
        f"<td>{_chosen(each.tuning, each.side == 'fine-tuning')}</td>"
        f"<td>{html.escape(each.yours)}: <b>{each.side}</b></td></tr>"
        for each in dimensions
    )
    return _table(("dimension", "prompting wins", "fine-tuning wins", "yours"), rows)


def _chosen(text: str, chosen: bool) -> str:
    return f"<b>{html.escape(text)}</b>" if chosen else html.escape(text)


def _changes(answers: Answers, changes: Sequence[AnswerChange]) -> str:
    """By the rung that they lead to, in the order of the ladder, the smallest change first."""
    if not changes:
        return "<p>No change of a single answer does it.</p>"
    rows = ""
    for rung in RUNGS:
        ways = [in_words(answers, change) for change in changes if change.leads_to == rung]
        items = "".join(f"<li>{html.escape(way)}</li>" for way in ways)
        rows += f'<tr><th scope="row">{rung.title}</th><td><ul>{items}</ul></td></tr>' if ways else ""
    return _table(("it would be", "if this were your answer, and all others as they are"), rows)


def _volumes(answers: Answers, marks: Sequence[VolumeMark]) -> str:
    rows = "".join(
        f'<tr><td>{number}</td><th scope="row">{html.escape(mark.says)}</th><td><b>{mark.sends}</b>: '
        f"{html.escape(mark.why)} <small>({html.escape(credit(mark.source))})</small></td></tr>"
        for number, mark in enumerate(marks, start=1)
    )
    return _axis(answers.volume, marks) + _table(("", "volume", "sends your case"), rows)


def _axis(volume: float, marks: Sequence[VolumeMark]) -> str:
    """The volumes on a logarithmic axis, and the reader's own. The table below says the same in words."""
    sends = [mark.sends for mark in marks]
    label = (
        f"Yours is {volume:,} outputs a month. Of {len(marks)} volumes in the articles, "
        f"{sends.count(TUNE)} send your case to fine-tuning and {sends.count(STAY)} do not."
    )
    drawn = [_line(_LEFT, _RIGHT, _LINE, _LINE)]
    for power in range(2, 8):
        x = _x(10**power)
        anchor = {2: "start", 7: "end"}.get(power, "middle")
        drawn += [_line(x, x, _LINE, _LINE + 5), _text(x, _LINE + 18, _short(10**power), anchor)]
    for number, mark in enumerate(marks, start=1):
        drawn.append(_mark(number, mark))
    own = _x(volume)
    drawn.append(_line(own, own, 8, _LINE + 6, "#000", 2, "5 3"))
    anchor = "start" if own < _WIDTH / 3 else "end" if own > 2 * _WIDTH / 3 else "middle"
    drawn.append(_text(own, _HEIGHT - 6, f"yours: {volume:,} a month", anchor))
    return (
        f'<svg class="decision-axis" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f"{''.join(drawn)}</svg><p><small>Outputs a month. Triangle: fine-tune. Square: do not. "
        "Ring: says nothing of your case.</small></p>"
    )


def _short(volume: int) -> str:
    return f"{volume // 1_000_000}M" if volume >= 1_000_000 else f"{volume:,}"


def _mark(number: int, mark: VolumeMark) -> str:
    low, high, top = _x(mark.low), _x(mark.high), _LINE - 22
    x = (low + high) / 2
    shape = _SHAPES[mark.sends].format(x=f"{x:.0f}", left=f"{x - 5.5:.0f}", top=top, middle=top + 6)
    span = _line(low, high, _LINE, _LINE, "#000", 4) if high > low else ""
    return span + shape + _text(x, top - 5, str(number))


def _line(
    x1: float, x2: float, y1: float, y2: float, colour: str = "#555", width: int = 1, dash: str = ""
) -> str:
    return (
        f'<line x1="{x1:.0f}" x2="{x2:.0f}" y1="{y1}" y2="{y2}" stroke="{colour}" stroke-width="{width}" '
        f'stroke-dasharray="{dash}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.0f}" y="{y}" text-anchor="{anchor}">{text}</text>'


def _x(volume: float) -> float:
    """Pixels from the left of a volume; what is beyond the axis stands at its end."""
    share = math.log(volume / _LEAST) / math.log(_MOST / _LEAST)
    return _LEFT + (_RIGHT - _LEFT) * min(max(share, 0), 1)


def _table(head: Iterable[str], rows: str) -> str:
    cells = "".join(f'<th scope="col">{title}</th>' for title in head)
    return f'<table class="decision-table"><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>'
