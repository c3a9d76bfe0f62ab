"""What Schemathesis has to know of the api that no schema can say. Loaded by schemathesis.toml.

Only requests that are meant to be good are put right here; those that are meant to be bad go out as bad as they are.
"""

import re

import schemathesis

# A good one is one that the api handed out before.
HANDED_OUT = ("cursor", "after")
# What a question about the past may be asked with: a history has no indexes, and knows one resource.
WITH_AS_OF = ("as_of", "fields", "limit", "cursor", "shape", "timeout_ms")
# MySQL has no times before the year 1000.
TIME_TOO_EARLY = re.compile(r"0\d{3}-\d\d-\d\dT")


def named_once(orders):
    """The orders of a list, each of another field; a list is written with commas, at times before it comes here."""
    each = orders.split(",") if isinstance(orders, str) else orders
    each = list({order.removeprefix("-"): order for order in each}.values())
    return ",".join(each) if isinstance(orders, str) else each


@schemathesis.hook
def before_call(context, case, kwargs):
    query = case.query
    # Who asks would be gone, once chance has made another admin.
    if case.method in ("PATCH", "DELETE") and str((case.path_parameters or {}).get("id")) == "1":
        case.path_parameters["id"] = 2
    # Good, but up to a minute long: the tests of the api wait, not these.
    if query and str(query.get("wait")).isdigit():
        query["wait"] = 0
    # Good, but nobody promises an answer within a millisecond: a 504 is a good answer then.
    patience = str(query.get("timeout_ms")) if query else ""
    if patience.isascii() and patience.isdigit() and int(patience) > 0:
        query["timeout_ms"] = 5000
    if not query or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for name in HANDED_OUT:
        query.pop(name, None)
    if "as_of" in query:
        for name in set(query) - set(WITH_AS_OF):
            del query[name]
        # A version is handed out, too.
        if str(query["as_of"]).isdigit():
            query["as_of"] = 1
    if "sort" in query:
        query["sort"] = named_once(query["sort"])
    # A CSV file has columns, so `fields` may name nothing but declared fields, and has no last line of its own.
    if query.get("format") == "csv":
        query.pop("fields", None)
        query.pop("end", None)
    for name, value in query.items():
        values = value if isinstance(value, list) else [value]
        late = ["1" + text[1:] if TIME_TOO_EARLY.match(str(text)) else text for text in values]
        query[name] = late if isinstance(value, list) else late[0]
    # A multiple of 0.01 as a float may have more digits than two.
    for name, value in query.items():
        if isinstance(value, float):
            query[name] = round(value, 2)
        elif isinstance(value, list):
            query[name] = [round(item, 2) if isinstance(item, float) else item for item in value]
