"""A slider's way through: few-shot, sizes, retrieval, the gap, cost and the decision, without code."""

import html

from ipywidgets import HTML, VBox

from course.measuring import gap
from course.measuring.results import percent
from widgets.controls import Choice, Slider
from widgets.decision.tables import QUESTION
from widgets.explorer import Explorer, bar, table
from widgets.lessons import tour_model as model
from widgets.lessons.few_shot_view import FewShot
from widgets.text import READABLE

BLUE, GREY = "#0072B2", "#999999"
VOLUMES = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000]
LABELS = [0, 50, 100, 200, 500, 1_000, 5_000]
STEPS = {
    "Show examples": "A small model on this machine routes tickets to 18 queues. Move the number of examples,"
    " and choose whether they are the same for each ticket or the most similar ones.",
    "Another model, another size": "The same 360 tickets, in every way that was measured. Walk up from the "
    "worst. How far does the small model come, what beats it without a language model, and what does a large "
    "one add?",
    "Retrieval": "Now questions about a company's handbook. How much of it stands in front of the model?",
    "The gap": "Say what is good enough, then see who reaches it: a way does when its whole interval does.",
    "What it costs": "A prompt against a hosted fine-tune over eighteen months. Token prices come from price "
    "lists; hours and error costs are assumptions, which lesson 09 opens.",
    "The decision": "A team has tried all of this, and the best that it may use is the linear head of "
    "step 2. With your bar, your volume and these answers, what is next? Move the bar in step 4 and watch.",
}


class Ways(Explorer):
    """Every measured way to route the tickets, one of them chosen."""

    def __init__(self) -> None:
        self._ways = model.ways()
        self.way = Slider("From the worst way to the best", range(1, len(self._ways) + 1), value=1)
        self.bars = HTML()
        super().__init__([self.way], self.bars)

    def draw(self) -> None:
        place = int(self.way.value) - 1
        self.say(str(self._ways[place]))
        rows = [
            (html.escape(way.name), percent(way.reached.accuracy), bar(BLUE, 150 * way.reached.accuracy))
            for way in self._ways
        ]
        self.bars.value = table("Right of 360 tickets", ["way", "%", ""], rows, chosen=place)


class Handbook(Explorer):
    """Questions about the handbook, with more or less of it before the model."""

    def __init__(self) -> None:
        self._readings = {reading.sections: reading for reading in model.handbook()}
        self.sections = Slider("Sections the model may read", sorted(self._readings), value=0)
        super().__init__([self.sections])

    def draw(self) -> None:
        self.say(str(self._readings[int(self.sections.value)]))


class GoodEnough(Explorer):
    """What is good enough, and which ways reach it."""

    def __init__(self) -> None:
        self.accepted = Slider("Good enough", range(50, 100), value=90, unit="% right")
        self.places = HTML()
        super().__init__([self.accepted], self.places)

    def draw(self) -> None:
        accepted = self.accepted.value / 100
        self.say(model.bar_in_words(accepted))
        places = {gap.ABOVE: "good enough", gap.BELOW: "not good enough", gap.UNDECIDED: "cannot tell"}
        rows = [
            (
                html.escape(way.name),
                " to ".join(map(percent, way.interval)),
                places[gap.position(way.interval, accepted)],
            )
            for way in reversed(model.ways())
        ]
        self.places.value = table("The ways against the bar", ["way", "% right", ""], rows, chosen=-1)


class Price(Explorer):
    """A prompt against a hosted fine-tune as the volume moves."""

    def __init__(self) -> None:
        self.volume = Slider("Outputs a month", VOLUMES, value=30_000)
        super().__init__([self.volume])

    def draw(self) -> None:
        self.say(model.price_in_words(self.volume.value))


class Next(Explorer):
    """The advice for the bar and the volume chosen above, and for two answers more."""

    def __init__(self, bar_above: GoodEnough, price: Price) -> None:
        self._bar, self._price = bar_above, price
        options = {text: key for key, text in QUESTION["changes"].choices.items()}
        self.changes = Choice("Requirements change", options, value="quarterly")
        self.labels = Slider("Labelled examples", LABELS, value=500)
        self.reasons = HTML()
        bar_above.accepted.observe(self._redraw, names="position")
        price.volume.observe(self._redraw, names="position")
        super().__init__([self.changes, self.labels], self.reasons)

    def draw(self) -> None:
        accepted, volume = self._bar.accepted.value / 100, self._price.volume.value
        advice = model.advice(accepted, volume, self.changes.value, int(self.labels.value))
        self.say(advice.sentence)
        shown = "".join(f"<li>{html.escape(reason.text)}</li>" for reason in advice.reasons)
        self.reasons.value = f'<ul style="{READABLE}">{shown}</ul>'


class Tour(VBox):
    """The whole way, in six steps one below the other."""

    def __init__(self) -> None:
        accepted, price = GoodEnough(), Price()
        self.steps = (FewShot({}), Ways(), Handbook(), accepted, price, Next(accepted, price))
        heads = (
            HTML(f'<h2>{place}. {title}</h2><p style="{READABLE}">{words}</p>')
            for place, (title, words) in enumerate(STEPS.items(), start=1)
        )
        super().__init__([VBox(pair) for pair in zip(heads, self.steps, strict=True)])
