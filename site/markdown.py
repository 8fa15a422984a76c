"""Markdown as the pages of this repository use it: lines outside code, links, headings and their anchors."""

import re

LINK = re.compile(r"(?<!!)\[((?:[^\[\]`]|`[^`]*`)*)\]\(([^()\s]+)\)")
HEADING = re.compile(r"^(#{1,6}) (.*)$")


def prose(text):
    """The lines of a page with those of its code blocks emptied, so that numbers of lines hold."""
    fence = None
    for line in text.split("\n"):
        mark = re.match(r" *(`{3,})", line)
        if fence is None and mark:
            fence = mark[1]
            yield ""
        elif fence is not None:
            if line.strip() == fence:
                fence = None
            yield ""
        else:
            yield line


def links(text):
    """Where the links of a page lead, with the number of the line that each is on."""
    for number, line in enumerate(prose(text), 1):
        # What stands in code shows a link and is none; a link's own words may be code.
        for link in LINK.finditer(line):
            if line[: link.start()].count("`") % 2 == 0:
                yield number, link[2]


def is_outside(target):
    """Whether a link leads out of the repository."""
    return re.match(r"[a-z][a-z0-9+.-]*:", target) is not None


def anchors(text):
    """The anchors of a page's headings, as GitHub and mdBook make them."""
    found = set()
    for line in prose(text):
        heading = HEADING.match(line)
        if not heading:
            continue
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[2]).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        number, name = 0, anchor
        while name in found:
            number += 1
            name = f"{anchor}-{number}"
        found.add(name)
    return found
