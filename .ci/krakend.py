"""Holds KrakenD's configuration to the document that it was made of: GENERATOR SCHEMA_CHECK... < OPENAPI_JSON

GENERATOR makes it; SCHEMA_CHECK is a command that is given a file. Whatever an operation takes must come through, what
is for inside must not, and tokens are looked at where nothing else will do. The same of a made-up document with all
that matters: what is mirrored need not have it.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

INSIDE = {"/livez", "/readyz", "/healthz", "/metrics"}
API = "http://catchment-api:8000"

MADE_UP = {
    "openapi": "3.1.0",
    "components": {
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}, "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        "parameters": {"Cursor": {"name": "cursor", "in": "query"}, "If": {"name": "If-Match", "in": "header"}},
    },
    "paths": {
        "/metrics": {"get": {}},
        "/open": {"get": {"security": []}},
        "/rows/{source}": {"parameters": [{"name": "limit", "in": "query"}], "get": {"security": [{}, {"bearer": []}, {"key": []}], "parameters": [{"$ref": "#/components/parameters/Cursor"}]}},
        "/rows/{id}/{key}": {"patch": {"security": [{"bearer": []}, {"key": []}], "requestBody": {}, "parameters": [{"$ref": "#/components/parameters/If"}]}},
        "/me": {"get": {"security": [{"bearer": []}]}, "put": {"security": [{"bearer": []}], "requestBody": {}}},
    },
}


def faults_of(document, configuration, tokens_only):
    faults = []
    described = {(slots(path), method.upper()): (item, operation) for path, item in document["paths"].items() for method, operation in item.items() if method != "parameters"}
    made = {}
    for endpoint in configuration["endpoints"]:
        place = slots(endpoint["endpoint"]), endpoint["method"]
        if place in made:
            faults.append(f"{place} is there twice")
        made[place] = endpoint
        if place not in described and not endpoint["endpoint"].startswith(("/api/", "/problems/", "/.well-known/")):
            faults.append(f"{place} is not in the document")
        if (endpoint["output_encoding"], [(each["encoding"], each["url_pattern"], each["method"]) for each in endpoint["backend"]]) != ("no-op", [("no-op", endpoint["endpoint"], endpoint["method"])]):
            faults.append(f"{place} is not passed on as it is")
    for (path, method), (item, operation) in described.items():
        if path in INSIDE:
            if (path, method) in made:
                faults.append(f"{path} is for inside")
            continue
        endpoint = made.get((path, method))
        if not endpoint:
            faults.append(f"{method} {path} does not come through")
            continue
        for parameter in item.get("parameters", []) + operation.get("parameters", []):
            name, place = located(document, parameter)
            passed = {"query": endpoint["input_query_strings"], "header": [each.lower() for each in endpoint["input_headers"]]}.get(place)
            if passed is not None and (name.lower() if place == "header" else name) not in passed:
                faults.append(f"{method} {path}: {name} does not come through")
        headers = {each.lower() for each in endpoint["input_headers"]}
        if not {"accept", "authorization", "x-api-key", "if-none-match"} | ({"content-type"} if "requestBody" in operation else set()) <= headers:
            faults.append(f"{method} {path}: headers that mean something do not come through")
        faults += guarded(document, f"{method} {path}", operation, endpoint, tokens_only)
    faults += ambiguous([endpoint["endpoint"] for endpoint in configuration["endpoints"]])
    return faults


def guarded(document, name, operation, endpoint, tokens_only):
    ways = operation.get("security", document.get("security", []))
    only_token = ways and {} not in ways and (tokens_only or all("key" not in way for way in ways))
    check = endpoint.get("extra_config", {}).get("auth/validator")
    if bool(only_token) != bool(check):
        return [f"{name}: its token is {'not ' if only_token else ''}looked at"]
    if check and (check["alg"], check["jwk_url"]) != ("EdDSA", f"{API}/.well-known/jwks.json"):
        return [f"{name}: its token is held to another key"]
    return []


def located(document, parameter):
    for step in parameter.get("$ref", "#").split("/")[1:]:
        document = document[step]
    found = document if "$ref" in parameter else parameter
    return found["name"], found["in"]


def slots(path):
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def ambiguous(paths):
    """KrakenD's router does not start if parameters at the same place have different names."""
    names = {}
    for path in paths:
        parts = path.split("/")
        for index, part in enumerate(parts):
            if part.startswith("{"):
                names.setdefault(slots("/".join(parts[:index])), set()).add(part)
    return [f"after {before} stand {sorted(parts)}" for before, parts in names.items() if len(parts) > 1]


def main(generator, *check):
    failed = False
    documents = {"the api": json.load(sys.stdin), "all that matters": MADE_UP}
    for name, document in documents.items():
        for options in ((), ("--tokens-only", "--cors-origin", "https://app.example.org")):
            made = subprocess.run([sys.executable, generator, "--api", API, *options], input=json.dumps(document), capture_output=True, text=True, check=True).stdout
            faults = faults_of(document, json.loads(made), bool(options))
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder, "krakend.json")
                file.write_text(made, encoding="utf-8")
                held = subprocess.run([*check, str(file)], capture_output=True, text=True, check=False)
            if held.returncode:
                faults.append(held.stdout + held.stderr)
            for fault in faults:
                print(f"of {name} {' '.join(options)}: {fault}", file=sys.stderr)
            failed |= bool(faults)
        print(f"krakend.json of {name}: {len(json.loads(made)['endpoints'])} endpoints")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
