"""Holds what Kibana is given to the index template: objects that are named and not there, fields that are not mapped.

Kibana itself is not asked; `find` looks for what a saved search would find.
"""

import json
import re

TOKEN = re.compile(r'\s*(?:(\(|\)|:|>=|<=|>|<)|"([^"]*)"|([^\s():<>"]+))')


def faults(objects, properties):
    ids = [(one["type"], one["id"]) for one in objects]
    for name in {name for name in ids if ids.count(name) > 1}:
        yield f"{name} is there twice"
    known = fields(properties)
    for one in objects:
        where = f"{one['type']} {one['id']}"
        for reference in one["references"]:
            if (reference["type"], reference["id"]) not in ids:
                yield f"{where}: there is no {reference['type']} {reference['id']}"
        for name in used(one):
            if name not in known:
                yield f"{where}: the template has no field `{name}`"
        named = {reference["name"] for reference in one["references"]}
        for name in sorted(wanted(one) - named):
            yield f"{where}: `{name}` refers to nothing"


def fields(properties):
    names = {name for name, of in properties.items() if of.get("index", True)}
    return names | {f"{name}.{part}" for name, of in properties.items() for part in of.get("fields", {})}


def inner(one):
    """The JSON that stands as text in an object."""
    attributes = one["attributes"]
    texts = [attributes.get("kibanaSavedObjectMeta", {}).get("searchSourceJSON")]
    texts += [attributes.get(name) for name in ("visState", "uiStateJSON", "panelsJSON", "optionsJSON")]
    return [json.loads(text) for text in texts if text is not None]


def wanted(one):
    names = {part.get("indexRefName") for part in inner(one) if isinstance(part, dict)} - {None}
    for part in inner(one):
        if isinstance(part, list):
            names |= {f"{panel['panelIndex']}:{panel['panelRefName']}" for panel in part}
    return names


def used(one):
    attributes = one["attributes"]
    yield from attributes.get("columns", [])
    yield from (name for name, _ in attributes.get("sort", []))
    if "timeFieldName" in attributes:
        yield attributes["timeFieldName"]
    for part in inner(one):
        if isinstance(part, dict):
            yield from names(parse(part.get("query", {}).get("query", "")))
            yield from (of["params"]["field"] for of in part.get("aggs", []) if "field" in of["params"])


def query_of(one):
    return json.loads(one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])["query"]["query"]


def parse(text):
    """The part of Kibana's query language that is used here, as (operator, …)."""
    tokens, place = [], 0
    text = text.strip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"not understood: {text[place:]}")
        sign, quoted, word = match.groups()
        tokens.append(("text", quoted) if quoted is not None else ("sign", sign) if sign else ("word", word))
        place = match.end()
    if not tokens:
        return ("all",)
    tree = either(tokens)
    if tokens:
        raise ValueError(f"too much: {tokens}")
    return tree


def either(tokens):
    parts = [both(tokens)]
    while tokens and tokens[0] == ("word", "or"):
        tokens.pop(0)
        parts.append(both(tokens))
    return ("or", *parts) if len(parts) > 1 else parts[0]


def both(tokens):
    parts = [single(tokens)]
    while tokens and tokens[0] == ("word", "and"):
        tokens.pop(0)
        parts.append(single(tokens))
    return ("and", *parts) if len(parts) > 1 else parts[0]


def single(tokens):
    kind, value = tokens.pop(0)
    if (kind, value) == ("word", "not"):
        return ("not", single(tokens))
    if (kind, value) == ("sign", "("):
        tree = either(tokens)
        if not tokens or tokens.pop(0) != ("sign", ")"):
            raise ValueError("a ) is missing")
        return tree
    sign = tokens.pop(0)[1]
    if sign == ":" and tokens[0] == ("sign", "("):
        tokens.pop(0)
        values = [tokens.pop(0)[1]]
        while tokens[0] == ("word", "or"):
            tokens.pop(0)
            values.append(tokens.pop(0)[1])
        if tokens.pop(0) != ("sign", ")"):
            raise ValueError("a ) is missing")
        return ("or", *(("is", value, one) for one in values))
    return ("is" if sign == ":" else sign, value, tokens.pop(0)[1])


def names(tree):
    if tree[0] in ("and", "or", "not"):
        return {name for part in tree[1:] for name in names(part)}
    return set() if tree[0] == "all" else {tree[1]}


def find(tree, document):
    match tree:
        case ("all",):
            return True
        case ("and", *parts):
            return all(find(part, document) for part in parts)
        case ("or", *parts):
            return any(find(part, document) for part in parts)
        case ("not", part):
            return not find(part, document)
        case (sign, name, wanted):
            value = document.get(name.removesuffix(".keyword"))
            if value is None or wanted == "*":
                return value is not None
            if sign == "is":
                return str(value) == wanted
            return {">=": float.__ge__, "<=": float.__le__, ">": float.__gt__, "<": float.__lt__}[sign](float(value), float(wanted))
