"""What the checks of the built book find: links that lead nowhere, and what comes from elsewhere."""

from pathlib import Path

import pytest

from book.check import broken_links, from_elsewhere, parsed


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "other.html").write_text('<h2 id="there">There</h2>')
    (tmp_path / "style.css").write_text("p { background: url(data:image/png;base64,AA) }")
    return tmp_path


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("other.html#there", None),
        ("#here", None),
        ("https://example.com/a?b=c", None),
        ("mailto:someone@example.com", None),
        ("gone.html", "gone.html is missing"),
        ("other.html#gone", "other.html#gone has no such anchor"),
        ("#gone", "#gone has no such anchor"),
        ("https://example", "https://example"),
        ("htp://example.com", "htp://example.com"),
    ],
)
def test_a_link_that_leads_nowhere_is_named(book, link, fault):
    (book / "page.html").write_text(f'<p id="here"></p><a href="{link}">Go</a>')
    assert broken_links(parsed(book)) == ([f"page.html: {fault}"] if fault else [])


def test_a_missing_picture_is_named_and_a_link_or_what_lies_beside_the_page_is_not(book):
    (book / "page.html").write_text('<link rel="stylesheet" href="style.css?digest=1"><img src="gone.png">')
    assert broken_links(parsed(book)) == ["page.html: gone.png is missing"]
    (book / "page.html").write_text('<a href="https://example.com/">Go</a><link rel="icon" href="own.png">')
    assert from_elsewhere(book) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.html", '<script src="https://example.com/a.js"></script>'),
        ("page.html", '<link rel="stylesheet" href="//example.com/a.css">'),
        ("page.html", '<img src="https://example.com/a.png">'),
        ("page.html", "<style>@import 'https://example.com/a.css';</style>"),
        ("own.css", "@font-face { src: url(https://example.com/a.woff2) }"),
        ("own.js", 'import("https://cdn.example.com/a.js")'),
    ],
)
def test_what_comes_from_elsewhere_is_named(book, name, text):
    (book / name).write_text(text)
    assert len(from_elsewhere(book)) == 1
