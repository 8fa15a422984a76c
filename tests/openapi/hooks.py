"""What schemathesis cannot know of the document's words: how a request is prepared, and what our own keywords refuse.

Loaded by schemathesis (`SCHEMATHESIS_HOOKS`); `check.py` uses the same judgement for samples. The document comes from
`OPENAPI_DOCUMENT`, and the number of requests goes to `OPENAPI_COUNT`.
"""

import atexit
import json
import os
import re
import unicodedata
from pathlib import Path

import jsonschema_rs
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

PREFIX = "/api/form_configurations/"
COMPARISONS = ["equal_to", "other_than", "greater_than", "greater_than_or_equal_to", "less_than", "less_than_or_equal_to"]
# The codes of rules that are keywords of our own, with those keywords.
OWN = {
    "taken": ["unique"],
    "confirmation": ["confirmation"],
    "not_unique": ["unique-by"],
    "blank": ["required"],
    "before": ["before"],
    "after": ["after"],
    "on_or_before": ["on-or-before"],
    "on_or_after": ["on-or-after"],
    **{code: ["compare"] for code in COMPARISONS},
}
OWN["equal_to"] = ["compare", "at"]
NORMALIZERS = {
    "trim": str.strip,
    "squish": lambda text: " ".join(text.split()),
    "lowercase": str.lower,
    "uppercase": str.upper,
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "nfkc": lambda text: unicodedata.normalize("NFKC", text),
    "digits": lambda text: re.sub("[^0-9]", "", text),
}
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"(?!-)[A-Za-z0-9-]+(?<!-)"
EMAIL = re.compile(rf"{ATOM}(\.{ATOM})*@{LABEL}(\.{LABEL})+")


class Forms:
    """The forms of a document, and what they say of requests."""

    def __init__(self, document):
        schemas = document["components"]["schemas"]
        self.schemas = {}
        for name, schema in schemas.items():
            if name.startswith("Request."):
                named = schema["properties"]["form_configuration_name"]
                form = schemas["Form." + name.removeprefix("Request.")]
                for known in named.get("enum", [named.get("const")]):
                    self.schemas[known] = form
        self.validators = {}

    def accepts(self, name, values):
        """Whether the schema of a form accepts values as the document says that they are prepared."""
        if name not in self.validators:
            self.validators[name] = jsonschema_rs.Draft202012Validator(
                self.schemas[name], validate_formats=True, formats={"email": lambda text: EMAIL.fullmatch(text) is not None}
            )
        return self.validators[name].is_valid(prepared(self.schemas[name], values))

    def may_refuse(self, name, code):
        """Whether a keyword of our own can give this code, or the request before it."""
        if code == "idempotency_key_reused":
            return True
        text = json.dumps(self.schemas[name])
        return any(f'"x-formwork-{keyword}"' in text for keyword in OWN.get(code, []))


def prepared(schema, value):
    """A value as the document says that requests are prepared."""
    if isinstance(value, str):
        for step in schema.get("x-formwork-normalize", []):
            value = NORMALIZERS[step](value)
        return value
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [prepared(schema["items"], item) for item in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties", {})
    value = dict(value)
    for name in list(value):
        group = name.removesuffix("_attributes")
        if group != name and name not in known and group in known and group not in value:
            value[group] = value.pop(name)
    for name, inner in known.items():
        if inner.get("readOnly"):
            value.pop(name, None)
        if name in value:
            value[name] = prepared(inner, value[name])
        elif "default" in inner:
            value[name] = inner["default"]
    return value


def submission(path, body):
    """The form that a request is for, and its values; nothing if it names none."""
    if not isinstance(body, dict) or not isinstance(body.get("form"), dict):
        return None
    if path.startswith("/api/users"):
        name = body.get("form_configuration_name")
    else:
        name = path.removeprefix(PREFIX).removesuffix("/validate").replace("%2F", "/").replace("%2f", "/")
    return (name, body["form"]) if isinstance(name, str) and name in FORMS.schemas else None


def disagreement(path, body, status, answer):
    """What the document says otherwise than the server; nothing if they agree."""
    submitted = submission(path, body)
    if submitted is None or status not in (200, 201, 422):
        return None
    name, values = submitted
    accepts = FORMS.accepts(name, values)
    if status in (200, 201):
        return None if accepts else f"`{name}` accepted what its schema refuses"
    if not accepts:
        return None
    details = json.loads(answer)
    details = details.get("details", details["errors"])
    unsaid = [detail for detail in details if not FORMS.may_refuse(name, detail["code"])]
    return f"`{name}` refused what its schema accepts: {unsaid}" if unsaid else None


def sent(case, response):
    """The path and the JSON body that a case sent."""
    body = response.request.body
    try:
        body = json.loads(body) if body else None
    except ValueError:
        body = None
    return case.formatted_path if hasattr(case, "formatted_path") else response.request.path_url, body


class Disagreement(Failure):
    """The server judges otherwise than the document."""


@schemathesis.check
def document_agrees(ctx, response, case):
    path, body = sent(case, response)
    found = disagreement(path, body, response.status_code, response.content)
    if found:
        raise Disagreement(operation=case.operation.label, title="Server and document disagree", message=found)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # Both are judged exactly by `document_agrees`, which knows how requests are prepared.
    if isinstance(failure, AcceptedNegativeData):
        submitted = submission(*sent(case, response))
        return submitted is None
    if isinstance(failure, RejectedPositiveData):
        return response.status_code != 422
    return True


COUNT = 0


@schemathesis.hook
def after_call(context, case, response):
    global COUNT
    COUNT += 1


if "OPENAPI_DOCUMENT" in os.environ:
    FORMS = Forms(json.loads(Path(os.environ["OPENAPI_DOCUMENT"]).read_text(encoding="utf-8")))
    atexit.register(lambda: Path(os.environ["OPENAPI_COUNT"]).write_text(str(COUNT), encoding="utf-8"))
