"""The explorer of lesson 05: how articles are cut, how they are searched, and how many passages are read."""

import html

from ipywidgets import HTML

from widgets.chart import BLUE, ORANGE
from widgets.controls import Choice, Slider
from widgets.explorer import Explorer, bar, table
from widgets.lessons.retrieval_model import Grid, SearchScore, advice_in_words, in_words

HEAD = ("passages", "right article found", "answer is in it", "tokens")


class Retrieval(Explorer):
    """A table of every way to cut the articles, and the chosen one in words: `Retrieval(grid)`."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self.cut = Choice("Passages are", {cut: cut for cut in grid.cuts}, grid.cuts[0])
        self.mode = Choice("Search", {mode: mode for mode in grid.modes}, grid.modes[-1])
        self.k = Slider("Passages in the prompt", grid.counts, value=1)
        self.table = HTML()
        super().__init__([self.cut, self.mode, self.k], self.table)

    def draw(self) -> None:
        cut, mode, k = self.cut.value, self.mode.value, int(self.k.value)
        chosen = self._grid.at(cut, mode, k)
        self.say(f"{in_words(chosen)} {advice_in_words(chosen, self._grid.cheapest_as_good(chosen))}")
        rows = [_row(self._grid.at(each, mode, k)) for each in self._grid.cuts]
        caption = f"{html.escape(mode)} search, passages in the prompt: {k}"
        self.table.value = table(caption, HEAD, rows, self._grid.cuts.index(cut))


def _row(score: SearchScore) -> list[str]:
    shares = ((score.found / score.n, BLUE), (score.stated / score.n, ORANGE))
    bars = [f"{bar(colour, 120 * share)} {share:.0%}" for share, colour in shares]
    return [html.escape(score.cut), *bars, f"{score.tokens:,.0f}"]
