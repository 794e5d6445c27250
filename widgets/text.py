"""Paragraphs below a picture, or of a result: the same in words."""

import html

from ipywidgets import HTML

READABLE = "line-height: 1.5; margin: .2em 0 .5em; max-width: 570px"  # a line of ipywidgets is 28 pixels high


class Paragraphs:
    """What a result says, a paragraph for each text. A notebook breaks it between words, unlike a print."""

    def __init__(self, *texts: object) -> None:
        self._texts = [text for text in map(str, texts) if text]

    def __repr__(self) -> str:
        return "\n\n".join(self._texts)

    def _repr_html_(self) -> str:
        # Without the class JupyterLab reads what is between two dollar signs as a formula.
        return "".join(f'<p class="mathjax_ignore">{html.escape(text)}</p>' for text in self._texts)


def say(words: HTML, *texts: str, strong: str = "") -> None:
    """Show paragraphs. A screen reader reads out the `strong` one, which comes first, when it changes."""
    shown = [f'<p role="status" style="{READABLE}"><b>{html.escape(strong)}</b></p>'] if strong else []
    shown += [f'<p style="{READABLE}">{html.escape(text)}</p>' for text in texts]
    words.value = "".join(shown)
