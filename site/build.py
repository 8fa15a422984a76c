#!/usr/bin/env python3
"""Builds the documentation site with mdBook, and checks every link of it and of the repository's Markdown.

    python3 site/build.py [MDBOOK]

`docs/SUMMARY.md` lists the pages. They are put together below target/site/src, in the places that they have in the
repository, so that their links hold there as they do here: what a page links to and is no page comes along as it is. Two
pages are made on the way: the index of the rules, and the page of routes and answers. The site is target/site/book.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import accessible
import links
import markdown
import openapi
import rules

ROOT = Path(__file__).resolve().parent.parent
SUMMARY = ROOT / "docs" / "SUMMARY.md"
RULES = ROOT / "engine" / "rules"
OPENAPI = ROOT / "schemas" / "openapi.json"
OUT = ROOT / "target" / "site"


def main():
    mdbook = sys.argv[1] if len(sys.argv) > 1 else "mdbook"
    found = list(links.of_repository(ROOT, tracked()))
    source = OUT / "src"
    shutil.rmtree(OUT, ignore_errors=True)
    source.mkdir(parents=True)
    for name in ("book.toml", "site.css", "site.js"):
        shutil.copy(ROOT / "site" / name, OUT / name)
    (OUT / "theme" / "fonts").mkdir(parents=True)
    shutil.copy(ROOT / "site" / "fonts.css", OUT / "theme" / "fonts")
    pages, summary = contents()
    (source / "SUMMARY.md").write_text(summary)
    for page, text in pages.items():
        (source / page).parent.mkdir(parents=True, exist_ok=True)
        (source / page).write_text(with_index(page, text))
    found += attach(pages, source)
    stop(found)
    subprocess.run([mdbook, "build", OUT], check=True)
    for page in (OUT / "book").rglob("*.html"):
        # The table of contents for browsers without script is no page of its own.
        if page.name != "toc.html":
            page.write_text(accessible.mended(page, page.read_text()))
    stop(list(links.of_site(OUT / "book")))
    print(f"{len(pages)} pages in {os.path.relpath(OUT / 'book')}; every link leads somewhere")


def tracked():
    """The repository's Markdown files."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                            check=True, capture_output=True, text=True).stdout
    return [ROOT / path for path in listed.split("\0") if path and (ROOT / path).exists()]


def contents():
    """The pages that SUMMARY.md lists, by their path in the repository, and the summary as mdBook reads it."""
    pages, lines = {}, []
    for line in SUMMARY.read_text().split("\n"):
        entry = re.fullmatch(r"(\s*(?:- )?)\[(.+)\]\((.+)\)", line)
        if not entry:
            lines.append(line)
            continue
        indent, title, target = entry.groups()
        to = (SUMMARY.parent / target).resolve()
        if not to.exists():
            sys.exit(f"docs/SUMMARY.md lists {target}, which is not there")
        page = to.relative_to(ROOT)
        if to == RULES:
            page = page / "index.md"
            of_rules = sorted(RULES.glob("*.md"))
            pages[page] = rules.index(of_rules)
            lines.append(f"{indent}[{title}]({page})")
            for rule in of_rules:
                pages[rule.relative_to(ROOT)] = rule.read_text()
                lines.append(f"    - [{rule.stem}]({rule.relative_to(ROOT)})")
            continue
        if to == OPENAPI:
            page = page.with_suffix(".md")
            pages[page] = openapi.page(json.loads(to.read_text()))
        else:
            pages[page] = to.read_text()
        lines.append(f"{indent}[{title}]({page})")
    missing = {path.relative_to(ROOT) for path in (ROOT / "docs").glob("*.md") if path != SUMMARY} - set(pages)
    if missing:
        sys.exit(f"docs/SUMMARY.md does not list {', '.join(map(str, sorted(missing)))}")
    return pages, "\n".join(lines)


def with_index(page, text):
    """A page whose links to the directory of the rules lead to its index."""

    def lead(link):
        leads_there = not markdown.is_outside(link[2]) and (ROOT / page.parent / link[2]).resolve() == RULES
        return f"[{link[1]}]({link[2]}/index.md)" if leads_there else link[0]

    return markdown.LINK.sub(lead, text)


def attach(pages, source):
    """Copies what pages link to and is no page; gives what cannot be taken along."""
    for page, text in pages.items():
        for line, target in markdown.links(text):
            if markdown.is_outside(target) or target.startswith("#"):
                continue
            to = (ROOT / page.parent / unquote(target.partition("#")[0])).resolve()
            path = to.relative_to(ROOT)
            if path in pages or not to.exists():
                continue
            if to == RULES:
                continue
            if to.is_dir() or to.suffix == ".md":
                yield f"{page}:{line}: {target} is no page of the site; list it in docs/SUMMARY.md, or link to a file"
                continue
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(to, source / path)


def stop(found):
    """Ends with what was found, if anything was."""
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
