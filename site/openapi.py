"""The page of routes and answers, made from `schemas/openapi.json`: Markdown, so that it needs no script to be read."""

import json

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def page(document):
    """The page of an OpenAPI document of formwork's own."""
    parts = [
        "# Routes and answers\n\n"
        "Made from [openapi.json](openapi.json), the OpenAPI document of the example forms. A server has that of its own "
        "forms at `/api/openapi.json`, and `formwork openapi` prints it. [HTTP](../docs/http.md) shows requests with their "
        "answers.\n",
        document["info"]["description"] + "\n",
    ]
    operations = [
        (f"{method.upper()} {path}", operation, route.get("parameters", []))
        for path, route in document["paths"].items()
        for method, operation in route.items()
        if method in METHODS
    ]
    rows = [f"| [`{name}`](#{anchor(name)}) | {cell(operation['summary'])} |" for name, operation, _ in operations]
    parts.append(table("| route | does |", rows))
    for tag in document["tags"]:
        parts.append(f"## {tag['description']}\n")
        parts += [
            one_route(document, *operation) for operation in operations if tag["name"] in operation[1]["tags"]
        ]
    parts.append("## Failures\n")
    parts.append(
        "All have one body, a [Failure](#failure), or with `Accept: application/problem+json` a [Problem](#problem). "
        "The codes of a form follow from its rules; [Forms](../docs/forms.md#validation) has all that there are.\n"
    )
    parts += [one_failure(document, name, answer) for name, answer in document["components"]["responses"].items()]
    parts.append("## Bodies\n")
    parts += [
        one_body(document, name, schema)
        for name, schema in document["components"]["schemas"].items()
        # Those of forms are what the document itself is for.
        if "." not in name
    ]
    return "\n".join(parts)


def one_route(document, name, operation, shared):
    """A route: who may use it, what it takes, and what it answers."""
    text = f"### `{name}`\n\n{operation['summary']}.\n\n{callers(operation['security'])}\n"
    parameters = [resolved(document, parameter) for parameter in shared + operation.get("parameters", [])]
    if parameters:
        rows = [
            f"| `{one['name']}` | {one['in']} | {'yes' if one.get('required') else 'no'} | {cell(one['description'])} |"
            for one in parameters
        ]
        text += "\n" + table("| parameter | in | required | meaning |", rows)
    if "requestBody" in operation:
        body = resolved(document, operation["requestBody"])
        schema = body["content"]["application/json"]["schema"]
        forms = schema.get("discriminator", {}).get("propertyName")
        members = [f"`{forms}`", "`form`"] if forms else [f"`{name}`" for name in schema["properties"]]
        text += f"\nThe body is an object of {' and '.join(members)}: {body['description']}\n"
    rows = []
    for status, answer in sorted(operation["responses"].items()):
        component = answer.get("$ref", "").rsplit("/", 1)[-1]
        answer = resolved(document, answer)
        what = f"[{words(component)}](#{anchor(words(component))})" if component else answered(answer)
        rows.append(f"| {status} | {cell(answer['description'])} | {what} | {headers(answer)} |")
    return text + "\n" + table("| status | when | body | headers |", rows)


def one_failure(document, name, answer):
    """A failure: when it comes, and with which codes."""
    codes = sorted(set(found(answer, "code")))
    text = f"### {words(name)}\n\n{answer['description']}\n\nCodes: {', '.join(f'`{code}`' for code in codes)}.\n"
    described = [
        (header, resolved(document, one)["description"]) for header, one in answer.get("headers", {}).items()
    ]
    return text + "".join(f"\n`{header}`: {description}\n" for header, description in described)


def one_body(document, name, schema):
    """A body: its members."""
    also = "" if "$ref" not in schema else f"All of {kind(document, {'$ref': schema['$ref']})}, and:\n\n"
    if "allOf" in schema:
        also = f"A {kind(document, schema['allOf'][0])} of the request as a whole.\n\n"
        schema = schema["allOf"][1]
    required = schema.get("required", [])
    rows = [
        f"| `{member}` | {kind(document, of)} | {'always' if member in required or 'const' in of else 'not always'} "
        f"| {cell(of.get('description', ''))} |"
        for member, of in schema["properties"].items()
    ]
    return f"### {name}\n\n{also}" + table("| member | type | there | meaning |", rows)


def callers(security):
    """Who may use a route, of the ways to authenticate that it takes."""
    if not security:
        return "Anyone may use it."
    if {} in security:
        return "Without a token it is about public forms; with one, also about those that the token covers."
    return "It needs a token."


def answered(answer):
    """What a success carries."""
    content = answer.get("content")
    if not content:
        return "none"
    media, of = next(iter(content.items()))
    component = of["schema"].get("$ref", "").rsplit("/", 1)[-1]
    return f"[{component}](#{anchor(component)})" if component else f"`{media.split(';')[0]}`"


def headers(answer):
    """The headers of an answer."""
    return ", ".join(f"`{name}`" for name in answer.get("headers", {}))


def kind(document, schema):
    """The type of a member in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{anchor(name)})"
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {kind(document, schema['items'])}"
    if "additionalProperties" in schema and schema["additionalProperties"]:
        return f"object of {kind(document, schema['additionalProperties'])}"
    if set(schema.get("properties", {})) == {"id"}:
        return f"object of `id`: {kind(document, schema['properties']['id'])}"
    if schema.get("maxProperties") == 0:
        return "empty object"
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(types)


def resolved(document, value):
    """What a reference leads to, or the value itself."""
    if "$ref" in value:
        for part in value["$ref"].removeprefix("#/").split("/"):
            document = document[part]
        return document
    return value


def found(value, key):
    """Every constant that stands under a key of this name, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from found(item, key)
    elif isinstance(value, dict):
        for name, of in value.items():
            if name == key:
                yield from of.get("enum", [of["const"]] if "const" in of else [])
            yield from found(of, key)


def words(name):
    """A component's name as words: `TooManyRequests` is `Too many requests`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip().capitalize()


def anchor(title):
    """The anchor of a heading."""
    return "".join(letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter in "-_")


def cell(text):
    """Text for a cell of a table."""
    return text.replace("\n", " ").replace("|", "\\|")


def table(head, rows):
    """A table."""
    columns = head.count("|") - 1
    return "\n".join([head, "| --- " * columns + "|", *rows]) + "\n"
