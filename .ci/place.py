"""Prints where a catchment that was just started serves its api, once it has mirrored everything: FILE api|upstream|database.

FILE is what it prints: the document of `demo --json`, or the log lines of `up --json`.
"""

import json
import sys
import time
import urllib.request

PATIENCE = 60


def main(path, wanted):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        places = told(path)
        if "api" in places and is_mirrored(places["api"]):
            print(places[wanted].removesuffix("/v1") if wanted == "api" else places[wanted])
            return 0
        time.sleep(0.1)
    print(f"no api with rows within {PATIENCE} s", file=sys.stderr)
    return 1


def told(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        places = json.loads(text)
        return places if "upstream" in places else address(places)
    except json.JSONDecodeError:
        pass
    places = {}
    for line in text.splitlines():
        try:
            places |= address(json.loads(line))
        except json.JSONDecodeError:
            continue
    return places


def address(line):
    if line.get("message") != "the api listens":
        return {}
    return {"api": f"http://{line['address']}/api/v1"}


def is_mirrored(api):
    try:
        with urllib.request.urlopen(f"{api}/catalog", timeout=10) as answer:
            sources = json.load(answer)["data"]
    except OSError:
        return False
    resources = [resource for source in sources for resource in source["resources"]]
    return bool(resources) and all(resource["synced_at"] for resource in resources)


sys.exit(main(*sys.argv[1:]))
