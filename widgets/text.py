"""Paragraphs below a picture: the same in words."""

import html

from ipywidgets import HTML

READABLE = "line-height: 1.5; margin: .2em 0 .5em; max-width: 570px"  # a line of ipywidgets is 28 pixels high
BEFORE = "Before this change: "


def say(words: HTML, *texts: str, strong: str = "", stale: bool = False) -> None:
    """Show paragraphs. The `strong` one is announced when it changes; `stale` ones are marked as such."""
    shown = [f'<p role="status" style="{READABLE}"><b>{html.escape(strong)}</b></p>'] if strong else []
    for text in texts:
        if stale:
            shown.append(f'<p style="{READABLE}; opacity: .7">{BEFORE}{html.escape(text)}</p>')
        else:
            shown.append(f'<p style="{READABLE}">{html.escape(text)}</p>')
    words.value = "".join(shown)
