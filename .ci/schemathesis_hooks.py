"""What Schemathesis has to know of the api that no schema can say. Loaded by schemathesis.toml.

A valid `cursor` or `after` is one that the api handed out before: a schema has no word for that, so a request that is
meant to be good goes out without one. Those that are meant to be bad keep theirs.
"""

import schemathesis

HANDED_OUT = ("cursor", "after")


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for name in HANDED_OUT:
        (case.query or {}).pop(name, None)
    # Valid, but up to a minute long: the tests of the api wait, not these.
    if "wait" in (case.query or {}):
        case.query["wait"] = 0
