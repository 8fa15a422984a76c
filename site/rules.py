"""The catalogue of rules: an index by severity, made from the first lines of `engine/rules/*.md`."""

import re

HEAD = re.compile(r"# (?P<name>[a-z-]+)\n\n\*\*(?P<severity>Error|Warning)\.\*\* (?P<summary>[^\n]+)\n")


def index(pages):
    """The index of these pages, a list of files."""
    rules = {"Error": [], "Warning": []}
    for page in pages:
        head = HEAD.match(page.read_text())
        if not head or head["name"] != page.stem:
            raise SystemExit(f"{page} does not begin as the page of a rule does")
        rules[head["severity"]].append((head["name"], head["summary"]))
    text = (
        "# Rules\n\n"
        "What `formwork lint` finds. Each page says why it matters, shows a form that has the fault with what is printed "
        "of it, one that has not, and how to mend it; `formwork explain RULE` prints the same.\n"
    )
    for severity, title, meaning in (
        ("Error", "Errors", "A form with one of these is not served, and nothing silences it."),
        (
            "Warning",
            "Warnings",
            "The form is served. A [comment](../../docs/lint.md#silencing-a-warning) silences one finding, "
            "[`formwork.toml`](../../docs/lint.md#levels) a rule.",
        ),
    ):
        rows = "".join(f"| [`{name}`]({name}.md) | {summary} |\n" for name, summary in sorted(rules[severity]))
        text += f"\n## {title}\n\n{meaning}\n\n| rule | finds |\n| --- | --- |\n{rows}"
    return text
