"""Sentences of a result, in a notebook and anywhere else."""

from widgets.text import Paragraphs


def test_paragraphs_are_escaped_in_a_notebook_and_plain_elsewhere():
    said = Paragraphs("At most < 5%.", 7)
    assert repr(said) == "At most < 5%.\n\n7"
    assert said._repr_html_() == (
        '<p class="mathjax_ignore">At most &lt; 5%.</p><p class="mathjax_ignore">7</p>'
    )
