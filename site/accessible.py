"""What mdBook's pages lack for people who use no mouse or no eyes; `tests/browser/site.test.mjs` has axe look for more."""

import re

# Each has to be found on every page: a version of mdBook that writes its pages otherwise shall not go unnoticed.
EVERYWHERE = (
    # A label is not focused, and must not have what a button has.
    (r'<label (id="mdbook-sidebar-toggle" [^>]*?) for="[^"]*"([^>]*)>(.*?)</label>', r'<button type="button" \1\2>\3</button>'),
    # The bar is a landmark of its own, and the title of the book is no second title of the page.
    (r'<div id="mdbook-menu-bar" ', r'<div id="mdbook-menu-bar" role="banner" '),
    (r'<h1 (class="menu-title")>(.*?)</h1>', r"<p \1>\2</p>"),
    # The themes whose contrast is looked after stay.
    (r'<li role="none"><button [^>]*id="mdbook-theme-(?:rust|coal|ayu)">[^<]*</button></li>\s*', ""),
)
# What is wider than the page is scrolled, also with the keyboard.
SOMEWHERE = (
    (r"<pre><code\b", r'<pre><code tabindex="0"'),
    (r'<div class="table-wrapper">', r'<div class="table-wrapper" tabindex="0">'),
)


def mended(page, html):
    """A page of mdBook's, accessible."""
    for pattern, replacement in EVERYWHERE:
        html, times = re.subn(pattern, replacement, html, flags=re.DOTALL)
        if times == 0:
            raise SystemExit(f"{page}: mdBook writes no {pattern} any more; see what site/accessible.py is for")
    for pattern, replacement in SOMEWHERE:
        html = re.sub(pattern, replacement, html)
    return html
