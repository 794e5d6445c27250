"""Paragraphs below a picture: the same in words."""

import html

from ipywidgets import HTML

READABLE = "line-height: 1.5; margin: .2em 0 .5em; max-width: 570px"  # a line of ipywidgets is 28 pixels high


def say(words: HTML, *texts: str, strong: str = "") -> None:
    """Show paragraphs. A screen reader reads out the `strong` one, which comes first, when it changes."""
    shown = [f'<p role="status" style="{READABLE}"><b>{html.escape(strong)}</b></p>'] if strong else []
    shown += [f'<p style="{READABLE}">{html.escape(text)}</p>' for text in texts]
    words.value = "".join(shown)
