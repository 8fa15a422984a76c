"""Links that lead nowhere: of the repository's Markdown, and of the built site."""

import html.parser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import markdown


def of_repository(root, pages):
    """What is wrong with the links of these pages, as they are read in the repository."""
    headings = {}
    for page in pages:
        text = page.read_text()
        for line, target in markdown.links(text):
            if markdown.is_outside(target):
                continue
            path, _, anchor = target.partition("#")
            to = (page.parent / unquote(path)).resolve() if path else page
            if not to.exists() or not to.is_relative_to(root):
                yield f"{page.relative_to(root)}:{line}: {target} leads to nothing"
            elif anchor and to.suffix == ".md":
                if to not in headings:
                    headings[to] = markdown.anchors(to.read_text())
                if anchor not in headings[to]:
                    yield f"{page.relative_to(root)}:{line}: {target} leads to no heading"


class Reader(html.parser.HTMLParser):
    """What a page of the site offers to link to, and what it links to."""

    def __init__(self, page):
        super().__init__()
        self.ids, self.links = set(), []
        self.feed(page.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            if attributes["id"] in self.ids:
                self.links.append((self.getpos()[0], f"#{attributes['id']} twice"))
            self.ids.add(attributes["id"])
        for name in ("href", "src"):
            if name in attributes:
                self.links.append((self.getpos()[0], attributes[name]))


def of_site(site):
    """What is wrong with the links of the built site. Nothing is fetched: where a link leads out of it, it is left alone."""
    pages = {page: Reader(page) for page in sorted(site.rglob("*.html"))}
    linked = 0
    for page, reader in pages.items():
        # This one is shown in place of any page that is missing, and has its links from the site's root.
        base = site if page.name == "404.html" else page.parent
        for line, target in reader.links:
            parts = urlsplit(target)
            if parts.scheme:
                continue
            if parts.netloc:
                yield f"{page.relative_to(site)}:{line}: {target} depends on where the site is"
                continue
            linked += 1
            path = unquote(parts.path)
            to = Path(f"{site}{path}" if path.startswith("/") else base / path).resolve() if path else page
            if to.is_dir():
                to = to / "index.html"
            if not to.is_file():
                yield f"{page.relative_to(site)}:{line}: {target} leads to nothing"
            elif parts.fragment and to in pages and unquote(parts.fragment) not in pages[to].ids:
                yield f"{page.relative_to(site)}:{line}: {target} leads to no element"
    if linked < len(pages):
        yield f"only {linked} links were found in {len(pages)} pages"

