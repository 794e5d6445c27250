"""Cutting articles into passages for an index: by section or by size, each with where it comes from.

A passage is a slice of its article, unchanged, so that an answer can be traced to the words it came from.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt

from course.errors import CourseError
from course.files import checked_text
from course.material.data import Article

_WORD = re.compile(r"\S+")
_LINE_END = re.compile("\r\n|\n|\r")
# What site builders put above the text. Markdown would take its last key for a heading.
_FRONT_MATTER = re.compile(
    r"(---|\+\+\+)[ \t]*[\r\n]+[\w-]+[ \t]*[:=].*?[\r\n]\1[ \t]*(?=[\r\n]|$)", re.DOTALL
)


@dataclass(frozen=True)
class Passage:
    """The characters `start` to `end` of the text of one article.

    `article` is its id, `title` its title, `heading` the heading above its first word ("" before
    the first one). `text` holds the slice itself, headings inside it included.
    """

    article: str
    title: str
    heading: str
    start: int
    end: int
    text: str

    @property
    def id(self) -> str:
        """What a citation names: article, and where in it the passage begins."""
        return f"{self.article}:{self.start}"

    @property
    def searched(self) -> str:
        """What is indexed: the title as well, or a section would not say which product it is about."""
        return f"{self.title}\n{self.text}"


def by_section(articles: Sequence[Article]) -> list[Passage]:
    """A passage for each section, heading and all, and one for what comes before the first heading."""
    passages = []
    for article in _checked(articles):
        starts = [start for start, _ in _headings(article.text)]
        for start, end in pairwise([*dict.fromkeys([0, *starts]), len(article.text)]):
            passages += _slice(article, start, end)
    return passages


def by_words(articles: Sequence[Article], size: int, overlap: int = 0) -> list[Passage]:
    """Passages of `size` words, the last `overlap` of each again at the start of the next.

    The last passage of an article may be shorter. No passage spans two articles.
    """
    if not 0 <= overlap < size:
        raise CourseError(
            f"size is {size} and overlap {overlap} words; give a passage at least 1 word and less overlap."
        )
    passages = []
    for article in _checked(articles):
        words = [match.span() for match in _WORD.finditer(article.text)]
        # A passage that would only repeat the end of the one before it is left out.
        for first in range(0, max(len(words) - overlap, 1), size - overlap):
            last = min(first + size, len(words)) - 1
            passages += _slice(article, words[first][0], words[last][1])
    return passages


def _checked(articles: Sequence[Article]) -> Sequence[Article]:
    if not articles:
        raise CourseError("There are 0 articles to cut; give at least 1, for example data.handbook().")
    for article in articles:
        if not checked_text(article.text, f"the article {article.id!r}").strip():
            raise CourseError(f"The article {article.id!r} is empty; give it a text or leave it out.")
    return articles


def _slice(article: Article, start: int, end: int) -> list[Passage]:
    """The passage between two places without the white space around it; none where nothing is left."""
    piece = article.text[start:end]
    text = piece.strip()
    if not text:
        return []
    start += len(piece) - len(piece.lstrip())
    above = [heading for place, heading in _headings(article.text) if place <= start]
    return [Passage(article.id, article.title, above[-1] if above else "", start, start + len(text), text)]


@cache
def _headings(text: str) -> list[tuple[int, str]]:
    """(place, words) of each heading of a Markdown text; a line inside a code fence is none."""
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    head = _FRONT_MATTER.match(text)
    body = "\n" * len(_LINE_END.findall(head[0])) + text[head.end() :] if head else text
    tokens = MarkdownIt().parse(body.removeprefix("\ufeff"))
    return [
        (starts[opening.map[0]], inline.content)
        for opening, inline in pairwise(tokens)
        if opening.type == "heading_open" and opening.level == 0 and opening.map
    ]
