"""`make site-check`: what a browser and a reader of links find wrong with the built book.

    python -m book.check              every page, light and dark, 360 and 1280 pixels wide
    python -m book.check cost.html    this page

Without a network, only the form of links to other sites is checked.
"""

import gzip
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from threading import Thread
from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from book.chromium import launch
from book.pages import SETTLED
from course.errors import command_line
from course.paths import ROOT

HTML = ROOT / "build" / "book" / "html"
WIDTHS = (360, 1280)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
# A slow line, as of a phone in the country.
MEGABITS, ROUND_TRIP_MS = 1.6, 150
MOST_SECONDS = 2.0
VISITS = 3
WAIT_MS = 120_000  # for a page over the slow line, beside other work
PACKED = {".html", ".css", ".js", ".json", ".svg", ".txt"}  # what web hosts compress
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "embed": "src"}
CDN = re.compile(
    r"https?://[\w.-]*(?:cdn|unpkg|jsdelivr|googleapis|gstatic|polyfill|mathjax|plot\.ly)[\w.-]*"
)
CSS_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")
# The first paragraph or heading of the article, or of the search, that was painted: ms after the address was
# opened.
READABLE = """wait => new Promise((resolve, reject) => {
    setTimeout(() => reject('nothing of the article was painted'), wait);
    new PerformanceObserver(list => {
        const texts = 'article, .bd-search-container';
        const first = list.getEntries().find(entry => entry.element?.closest(texts));
        if (first) resolve(first.startTime);
    }).observe({type: 'largest-contentful-paint', buffered: true});
})"""


class Parsed(HTMLParser):
    """A page's anchors, the addresses that its links name, and those that it fetches by itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attrs if value}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") not in ("next", "prev", "index", "search", "canonical"):
            self.fetched.append(values["href"])
        if FETCHED.get(tag) in values:
            self.fetched.append(values[FETCHED[tag]])


def parsed(folder: Path) -> dict[Path, Parsed]:
    """Every page of the folder."""
    return {path: Parsed(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}


def is_elsewhere(address: str) -> bool:
    return bool(urlsplit(address).netloc) or address.startswith("//")


def broken_links(pages: dict[Path, Parsed]) -> list[str]:
    """Links and files within the book that lead nowhere, and links to elsewhere that are malformed."""
    found = []
    for path, page in pages.items():
        for address in (*page.links, *page.fetched):
            parts = urlsplit(address)
            if is_elsewhere(address) or parts.scheme:
                well_formed = parts.scheme == "mailto" or (
                    parts.scheme in ("http", "https") and "." in parts.netloc and " " not in address
                )
                found += [] if parts.scheme == "data" or well_formed else [f"{path.name}: {address}"]
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                found.append(f"{path.name}: {address} is missing")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                found.append(f"{path.name}: {address} has no such anchor")
    return found


def from_elsewhere(folder: Path) -> list[str]:
    """What pages, styles and scripts would load from another site."""
    found = [
        f"{path.name}: {address}"
        for path, page in parsed(folder).items()
        for address in page.fetched
        if is_elsewhere(address)
    ]
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".html", ".css", ".js", ".svg"):
            continue
        text = path.read_text(encoding="utf-8")
        found += [f"{path.name}: {address}" for address in CDN.findall(text)]
        if path.suffix in (".html", ".css"):
            addresses = (url or imported for url, imported in CSS_URL.findall(text))
            found += [f"{path.name}: {address}" for address in addresses if is_elsewhere(address)]
    return found


class _Packing(SimpleHTTPRequestHandler):
    """Serves files as web hosts do: text compressed, over connections that stay open."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.suffix not in PACKED or not path.is_file():
            return super().do_GET()
        content = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *values: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server of this folder on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Packing, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Visit(NamedTuple):
    """A first visit to a page over the slow line: seconds until its text can be read, bytes transferred."""

    seconds: float
    transferred: int


def visit(browser: Browser, address: str) -> Visit:
    """Open the page with an empty cache over the slow line. The quickest of up to VISITS, until one is
    quick enough: other work on this machine can only make one slower."""
    visits = []
    for _ in range(VISITS):
        visits.append(_visit(browser, address))
        if visits[-1].seconds <= MOST_SECONDS:
            break
    return min(visits)


def _visit(browser: Browser, address: str) -> Visit:
    with _opened(browser, WIDTHS[0]) as page:
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        bytes_a_second = MEGABITS * 1e6 / 8
        line = {"offline": False, "latency": ROUND_TRIP_MS, "downloadThroughput": bytes_a_second}
        devtools.send("Network.emulateNetworkConditions", line | {"uploadThroughput": bytes_a_second})
        sizes: list[float] = []
        devtools.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        page.goto(address, wait_until="load")
        seconds = page.evaluate(READABLE, WAIT_MS) / 1000
        page.wait_for_load_state("networkidle")
        return Visit(seconds, round(sum(sizes)))


@contextmanager
def _opened(browser: Browser, width: int, scheme: Scheme = "light") -> Iterator[Page]:
    """A page of its own, which waits as long as a slow line beside other work may take."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(WAIT_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


def faults(page: Page) -> list[str]:
    """What axe-core says of an open page, whether it scrolls sideways, and errors of its scripts."""
    found = [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return found + ([f"scrolls {wider} pixels sideways"] if wider > 0 else [])


def looked_at(browser: Browser, address: str, scheme: Scheme, width: int) -> list[str]:
    """The faults of one page in one look, with everything unfolded."""
    found: list[str] = []

    def note(request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            found.append(f"asks {request.url}")

    with _opened(browser, width, scheme) as page:
        page.on("request", note)
        page.on("pageerror", lambda error: found.append(f"script: {error}"))
        page.goto(address, wait_until="load")
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        page.wait_for_function(SETTLED)
        return found + faults(page)


def checked(browser: Browser, address: str) -> tuple[Visit | None, list[str]]:
    """A page's first visit, if it came to an end, and its faults in every look. What a browser cannot do
    with it is one of them."""
    first, found = None, []
    try:
        first = visit(browser, address)
        if first.seconds > MOST_SECONDS:
            found.append(f"{first.seconds:.1f} s to read")
    except PlaywrightError as error:
        found.append(f"first visit: {error.message}")
    for scheme, width in product(SCHEMES, WIDTHS):
        try:
            found += [f"{scheme}, {width}: {each}" for each in looked_at(browser, address, scheme, width)]
        except PlaywrightError as error:
            found.append(f"{scheme}, {width}: {error.message}")
    return first, found


def main() -> None:
    """Print each page as it is done, then all that is wrong; exit with 1 when there is anything."""
    parser = command_line("book.check", __doc__)
    parser.add_argument("pages", nargs="*", help="such as cost.html more/01_summaries.html (default: all)")
    pages = parsed(HTML)
    elsewhere = sum(is_elsewhere(address) for page in pages.values() for address in page.links)
    names = parser.parse_args().pages or [path.relative_to(HTML).as_posix() for path in pages]
    wrong = broken_links(pages) + from_elsewhere(HTML)
    visits = {}
    with served(HTML) as address, sync_playwright() as playwright:
        browser = launch(playwright)
        for place, name in enumerate(names, start=1):
            first, found = checked(browser, f"{address}/{name}")
            wrong += [f"{name}: {each}" for each in found]
            if first:
                visits[name] = first
            read = f"read after {first.seconds:.2f} s" if first else "not read"
            print(f"{place} of {len(names)}: {name}: {read}, {len(found)} faults", flush=True)
    print(f"{len(names)} pages in {len(SCHEMES) * len(WIDTHS)} looks, {len(wrong)} faults.")
    if visits:
        slowest = max(visits, key=lambda name: visits[name].seconds)
        print(
            f"The slowest to read is {slowest} after {visits[slowest].seconds:.2f} s at {MEGABITS} Mbit/s "
            f"and {ROUND_TRIP_MS} ms."
        )
    print(f"{elsewhere} links to other sites were looked at for their form only.")
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
