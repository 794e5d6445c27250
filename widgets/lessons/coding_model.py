"""Open coding without its widget: what the reader says of each failure, and what a merge makes of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from course.errors import CourseError, one_of
from course.measuring.coding import CodedFailure, Readings
from course.measuring.results import Outcome, Result, plain_text

LONGEST_CODE = 60  # characters


def to_read(result: Result) -> tuple[Outcome, ...]:
    """The wrong replies that name a queue. The others are failures of form, and need not be read."""
    return tuple(outcome for outcome in result.outcomes if outcome.valid and not outcome.correct)


@dataclass(frozen=True)
class Code:
    """One code of the reader's, how many failures have it, and its kind ("" until it is judged)."""

    name: str
    failures: int
    kind: str


@dataclass(frozen=True)
class OpenCodes:
    """Failures, and what the reader and the course say of them.

    The actions change nothing: each returns the readings to keep, none where all is as it was.
    """

    failures: Sequence[Outcome]
    own: Readings
    course: Readings

    def own_of(self, place: int) -> CodedFailure | None:
        """What the reader says of the failure at a place, from 0."""
        return self.own.get(_key(self.failures[place]))

    def course_of(self, place: int) -> str:
        """What the course says of it, once the reader has said something: before, it would be in the way."""
        reading = self.course.get(_key(self.failures[place])) if self.own_of(place) else None
        return f"{reading.code} ({reading.kind})" if reading else ""

    @property
    def first_unread(self) -> int:
        """The place of the first failure without a code, or 0."""
        return next((place for place in range(len(self.failures)) if self.own_of(place) is None), 0)

    @property
    def codes(self) -> list[Code]:
        """The reader's codes, the commonest first."""
        counted = Counter(reading.code for reading in self._readings)
        kinds = {reading.code: reading.kind for reading in self._readings}
        return [Code(name, count, kinds[name]) for name, count in counted.most_common()]

    def coded(self, place: int, words: str) -> list[CodedFailure]:
        """Give the failure at a place a code; empty words take it away. A known code brings its kind."""
        failure, before = self.failures[place], self.own_of(place)
        code = self._spelled(words)
        if code == (before.code if before else ""):
            return []
        kind = next((known.kind for known in self.codes if known.name == code), "")
        return [CodedFailure(failure.id, plain_text(failure.reply), code, kind)]

    def renamed(self, code: str, words: str) -> list[CodedFailure]:
        """Give a code another name. If another code has that name, the two are one from then on."""
        kind = self._known(code).kind
        into = self._spelled(words, besides=code)
        if not into:
            raise CourseError(f"'{code}' needs a name; type one, or the code to merge it into.")
        kind = next((known.kind for known in self.codes if known.name == into and known.kind), kind)
        return self._changed((code, into), into, kind)

    def judged(self, code: str, kind: str) -> list[CodedFailure]:
        """Say of which kind the failures with a code are; "" for not yet."""
        self._known(code)
        return self._changed((code,), code, kind)

    def in_words(self) -> str:
        """How far the reader is, the commonest code, and how the kinds compare with the course's."""
        if not self.failures:
            return "There is no failure to read: every wrong reply is one of form."
        codes = self.codes
        words = f"{len(self._readings)} of {len(self.failures)} failures have a code of yours"
        if codes:
            words += f", {len(codes)} different. The commonest: '{codes[0].name}', {codes[0].failures}"
        both = [
            (reading.kind, self.course[key].kind)
            for reading in self._readings
            if reading.kind and (key := (reading.id, reading.reply)) in self.course
        ]
        if both:
            alike = sum(mine == theirs for mine, theirs in both)
            words += f". The course sees the same kind in {alike} of the {len(both)} whose kind you judged"
        return f"{words}."

    @property
    def _readings(self) -> list[CodedFailure]:
        """The reader's readings of these failures, in their order."""
        return [self.own[key] for failure in self.failures if (key := _key(failure)) in self.own]

    def _changed(self, before: tuple[str, ...], code: str, kind: str) -> list[CodedFailure]:
        """The readings with one of these codes, with this code and kind, where that is a change."""
        changed = [replace(each, code=code, kind=kind) for each in self._readings if each.code in before]
        return [reading for reading in changed if reading not in self._readings]

    def _known(self, name: str) -> Code:
        codes = {code.name: code for code in self.codes}
        return codes[one_of("code", name, codes)]

    def _spelled(self, words: str, besides: str = "") -> str:
        """The words with single spaces, spelled as the code that is there already in capitals or not."""
        code = " ".join(words.split())
        if len(code) > LONGEST_CODE:
            raise CourseError(f"This code has {len(code)} characters; say it in {LONGEST_CODE} at most.")
        known = {each.name.casefold(): each.name for each in self.codes if each.name != besides}
        return known.get(code.casefold(), code)


def _key(failure: Outcome) -> tuple[str, str]:
    return failure.id, plain_text(failure.reply)
