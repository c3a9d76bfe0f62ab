#!/usr/bin/env python3
"""Writes KrakenD's configuration for what an OpenAPI document of the api describes.

    curl -s http://127.0.0.1:8000/api/openapi.json | infra/gateway/krakend.py --api http://catchment-api:8000 > krakend.json

KrakenD passes on only what its configuration lists: so each endpoint lists every parameter and header that its
operation takes, and after a change of a definition the configuration has to be made anew. Answers pass as they are.
"""

import argparse
import json
import re
import sys

METHODS = ("get", "post", "put", "patch", "delete")
# For probes and Prometheus, which do not come through a gateway.
INSIDE = ("/livez", "/readyz", "/healthz", "/metrics")
# What the api serves and does not describe: its own description.
BESIDE = ("/.well-known/jwks.json", "/api/openapi.json", "/api/swagger", "/api/swagger/{asset}", "/problems/{slug}")
# Headers that mean something to every operation.
HEADERS = (
    "Accept", "Accept-Encoding", "Authorization", "Cache-Control", "If-Modified-Since", "If-None-Match", "Origin", "Traceparent",
    "User-Agent", "X-Api-Key", "X-Request-Id",
)  # fmt: skip
# Longer than the api's own limits, so that it is the api that says what took too long.
USUAL, EXPORT, SLACK = 15, 3600, 15


def configuration(document, options):
    """The whole configuration."""
    paths = document["paths"]
    names = Names()
    endpoints = [
        endpoint(names.settle(path), method, Operation(document, path, method), options)
        for path in sorted(paths)
        if path not in INSIDE
        for method in METHODS
        if method in paths[path]
    ]
    endpoints += [endpoint(names.settle(path), "get", None, options) for path in BESIDE if path not in paths]
    extra = {
        "router": {
            "return_error_msg": True,
            "hide_version_header": True,
            # The api learns the caller's address from KrakenD, which takes it from the connection.
            "forwarded_by_client_ip": False,
            "error_body": {
                "404": problem("NOT_FOUND", 404, "There is nothing at this path"),
                "405": problem("METHOD_NOT_ALLOWED", 405, "The path does not take this method"),
            },
        },
        "telemetry/logging": {"level": "WARNING", "stdout": True},
    }
    if options.cors_origin:
        extra["security/cors"] = cors(options.cors_origin)
    return {
        "$schema": "https://www.krakend.io/schema/v2.13/krakend.json",
        "version": 3,
        "name": "catchment",
        "port": options.port,
        "host": [options.api],
        "timeout": seconds(USUAL),
        "read_header_timeout": "10s",
        "idle_timeout": "75s",
        "max_header_bytes": 65536,
        # The client says which compression it takes, and gets the api's own.
        "disable_compression": True,
        "output_encoding": "no-op",
        "endpoints": endpoints,
        "extra_config": extra,
    }


class Operation:
    """What the document says of a method of a path."""

    def __init__(self, document, path, method):
        self.document, self.path = document, path
        item = document["paths"][path]
        self.own = item[method]
        self.parameters = [self.resolved(each) for each in item.get("parameters", []) + self.own.get("parameters", [])]

    def resolved(self, value):
        if "$ref" not in value:
            return value
        found = self.document
        for step in value["$ref"].split("/")[1:]:
            found = found[step]
        return found

    def named(self, place):
        return [each["name"] for each in self.parameters if each["in"] == place]

    def headers(self):
        body = ("Content-Type",) if "requestBody" in self.own else ()
        return sorted({*HEADERS, *body, *self.named("header")}, key=str.lower)

    def timeout(self):
        """An export takes its time, who waits for changes may say how long, and events go on."""
        if self.path.endswith("/-/export"):
            return EXPORT + SLACK
        if "wait" in self.named("query") or self.path.endswith("/events"):
            return 60 + SLACK
        return USUAL

    def credentials(self):
        """The kinds of which one is needed: `http` for tokens, `apiKey` for keys. Empty: none is."""
        ways = self.own.get("security", self.document.get("security", []))
        if {} in ways:
            return set()
        schemes = self.document["components"].get("securitySchemes", {})
        return {schemes[name]["type"] for way in ways for name in way}


class Names:
    """Two endpoints that differ only behind a parameter must call it alike, or KrakenD's router does not start."""

    def __init__(self):
        self.known = {}

    def settle(self, path):
        parts = []
        for part in path.split("/"):
            if part.startswith("{"):
                before = re.sub(r"\{[^}]*\}", "{}", "/".join(parts))
                part = self.known.setdefault(before, part)
                if part in parts:
                    raise SystemExit(f"`{path}`: two parameters would be called {part}")
            parts.append(part)
        return "/".join(parts)


def endpoint(path, method, operation, options):
    """An endpoint of KrakenD; without an operation, one of a document that anybody may read."""
    made = {
        "endpoint": path,
        "method": method.upper(),
        "output_encoding": "no-op",
        "timeout": seconds(operation.timeout() if operation else USUAL),
        "input_headers": operation.headers() if operation else list(HEADERS),
        "input_query_strings": operation.named("query") if operation else [],
        "backend": [{"url_pattern": path, "method": method.upper(), "encoding": "no-op"}],
    }
    if operation and needs_token(operation.credentials(), options):
        made["extra_config"] = {"auth/validator": validator(options)}
    return made


def needs_token(credentials, options):
    """Whether KrakenD looks at the token. Where a key would do as well the api has to: KrakenD takes it for a bad token."""
    return bool(credentials) and (options.tokens_only or "apiKey" not in credentials)


def validator(options):
    return {
        "alg": "EdDSA",
        "jwk_url": f"{options.api}/.well-known/jwks.json",
        "key_identify_strategy": "kid",
        "cache": True,
        "cache_duration": 300,
        # Inside of a cluster the api speaks plain HTTP.
        "disable_jwk_security": options.api.startswith("http:"),
    }


def cors(origins):
    return {
        "allow_origins": origins,
        "allow_methods": [method.upper() for method in METHODS],
        "allow_headers": [*HEADERS, "Content-Type", "If-Match", "Last-Event-ID"],
        "expose_headers": ["ETag", "Link", "Location", "Retry-After", "X-Request-Id", "X-Total-Count", "Catchment-Version", "Catchment-Synced-At"],
        "max_age": "1h",
    }


def problem(code, status, title):
    return {"type": f"/problems/{code.lower().replace('_', '-')}", "title": title, "status": status, "code": code, "retryable": False}


def seconds(number):
    return f"{number}s"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("document", nargs="?", default="-", help="the OpenAPI document; default: standard input")
    parser.add_argument("--api", default="http://catchment-api:8000", help="where KrakenD reaches the api (%(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="where KrakenD listens (%(default)s)")
    parser.add_argument("--tokens-only", action="store_true", help="also check the token where an API key would do: keys are refused then")
    parser.add_argument("--cors-origin", action="append", metavar="ORIGIN", help="whose pages may read; leave `api.cors_origins` empty then")
    options = parser.parse_args()
    options.api = options.api.rstrip("/")
    with sys.stdin if options.document == "-" else open(options.document, encoding="utf-8") as file:
        document = json.load(file)
    json.dump(configuration(document, options), sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
