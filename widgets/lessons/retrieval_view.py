"""The control of lesson 05: cut, search mode and number of passages against hit rate and tokens."""

import html

import traitlets
from ipywidgets import HTML, VBox

from widgets.controls import Choice, Slider
from widgets.lessons.retrieval_model import Grid, SearchScore, advice_in_words, in_words

_BLUE, _ORANGE = "#0072B2", "#E69F00"  # Okabe and Ito: told apart with any colour vision


class Retrieval(VBox):
    """Three controls, a table of every cut with bars (`table`), and the choice in words (`sentence`)."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self.cut = Choice("Passages are", {cut: cut for cut in grid.cuts}, grid.cuts[0])
        self.mode = Choice("Search", {mode: mode for mode in grid.modes}, grid.modes[-1])
        self.k = Slider("Passages in the prompt", grid.counts, value=1)
        self.sentence, self.table = HTML(), HTML()
        for control in (self.cut, self.mode, self.k):
            control.observe(self._draw, names="position")
        self._draw()
        super().__init__([self.cut, self.mode, self.k, self.sentence, self.table])

    def _draw(self, change: traitlets.Bunch | None = None) -> None:
        cut, mode, k = self.cut.value, self.mode.value, int(self.k.value)
        chosen = self._grid.at(cut, mode, k)
        words = f"{in_words(chosen)} {advice_in_words(chosen, self._grid.cheapest_as_good(chosen))}"
        self.sentence.value = f'<p role="status">{html.escape(words)}</p>'
        rows = [_row(self._grid.at(each, mode, k), chosen=each == cut) for each in self._grid.cuts]
        self.table.value = (
            f"<table style='line-height:1.6'><caption>{html.escape(mode)} search, passages in the prompt: {k}"
            "</caption><thead><tr><th scope='col'>passages</th><th scope='col'>right article found</th>"
            "<th scope='col'>answer stands there</th><th scope='col'>tokens</th></tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table>"
        )


def _row(point: SearchScore, *, chosen: bool) -> str:
    name = html.escape(point.cut) + (" (chosen)" if chosen else "")
    style = " style='font-weight:bold'" if chosen else ""
    shares = (point.found / point.n, _BLUE), (point.stated / point.n, _ORANGE)
    bars = "".join(f"<td>{_bar(share, colour)}</td>" for share, colour in shares)
    return f"<tr{style}><th scope='row'>{name}</th>{bars}<td>{point.tokens:,.0f}</td></tr>"


def _bar(share: float, colour: str) -> str:
    width = round(120 * share)  # pixels
    bar = f"display:inline-block;height:0.7em;width:{width}px;background:{colour}"
    return f"<span aria-hidden='true' style='{bar}'></span> {share:.0%}"
