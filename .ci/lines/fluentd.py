"""Reads infra/fluentd/fluent.conf, and holds it to what its plugins know and to the index template: CONF TEMPLATE

Fluentd itself is not asked. PARAMETERS are those of the plugins of fluentd 1.19 and fluent-plugin-elasticsearch 5.4 that
are used here, with what they must look like.
"""

import json
import re
import sys

TIME, SIZE, WHOLE, TRUTH, TEXT = r"\d+[smhd]?", r"\d+[kmg]?", r"\d+", r"true|false", r".+"
BUFFER = {
    "@type": r"file", "path": TEXT, "chunk_limit_size": SIZE, "total_limit_size": SIZE, "flush_interval": TIME, "timekey": TIME,
    "overflow_action": r"throw_exception|block|drop_oldest_chunk", "flush_mode": r"default|lazy|interval|immediate",
    "retry_forever": TRUTH, "retry_wait": TIME, "retry_max_interval": TIME, "timekey_use_utc": TRUTH,
}  # fmt: skip
PARAMETERS = {
    "system": {"root_dir": TEXT},
    "source monitor_agent": {"bind": TEXT, "port": WHOLE},
    "source tail": {
        "path": TEXT, "path_key": r"[a-z_]+", "pos_file": TEXT, "pos_file_compaction_interval": TIME, "follow_inodes": TRUTH,
        "read_from_head": TRUTH, "refresh_interval": TIME, "tag": TEXT, "emit_unmatched_lines": TRUTH,
    },
    "parse json": {},
    "filter record_transformer": {"enable_ruby": TRUTH, "remove_keys": TEXT},
    "record": None,
    "filter elasticsearch_genid": {"hash_id_key": r"[a-z_]+"},
    "match elasticsearch": {
        "host": TEXT, "port": WHOLE, "index_name": TEXT, "write_operation": r"index|create|update|upsert", "id_key": r"[a-z_]+",
        "retry_tag": TEXT, "unrecoverable_error_types": r"\[.*\]", "log_es_400_reason": TRUTH, "suppress_type_name": TRUTH,
        "verify_es_version_at_startup": TRUTH, "default_elasticsearch_version": WHOLE, "request_timeout": TIME,
        "reconnect_on_error": TRUTH, "reload_connections": TRUTH, "reload_on_failure": TRUTH, "remove_keys": TEXT,
    },
    "match file": {"path": TEXT, "append": TRUTH},
    "format json": {},
    "buffer file": BUFFER,
    "label": {},
}  # fmt: skip


def main(conf, template):
    with open(conf, encoding="utf-8") as file:
        sections = read(file.read())
    with open(template, encoding="utf-8") as file:
        body = json.load(file)
    faults = list(faults_of(sections, body))
    for fault in faults:
        print(f"{conf}: {fault}", file=sys.stderr)
    return 1 if faults else 0


def read(text):
    """The sections as (name, argument, parameters, sections)."""
    stack = [("", "", {}, [])]
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if closing := re.fullmatch(r"</(\w+)>", line):
            section = stack.pop()
            if section[0] != closing[1] or not stack:
                raise ValueError(f"line {number}: {line} ends <{section[0]}>")
            stack[-1][3].append(section)
        elif opening := re.fullmatch(r"<(\w+)(?:\s+(.+))?>", line):
            stack.append((opening[1], opening[2] or "", {}, []))
        else:
            name, _, value = line.partition(" ")
            if name in stack[-1][2]:
                raise ValueError(f"line {number}: {name} is there twice")
            stack[-1][2][name] = value.strip()
    if len(stack) > 1:
        raise ValueError(f"<{stack[-1][0]}> has no end")
    return stack[0][3]


def every(sections):
    for section in sections:
        yield section
        yield from every(section[3])


def one(sections, name, kind):
    (found,) = [section for section in every(sections) if section[0] == name and section[2].get("@type") == kind]
    return found


def written(sections):
    """Files and folders in which it writes."""
    for name, _, parameters, _ in every(sections):
        places = [parameters.get(key) for key in ("root_dir", "pos_file")]
        if name in ("buffer", "match"):
            places.append(parameters.get("path"))
        yield from (place for place in places if place)


def faults_of(sections, template):
    for name, argument, parameters, _ in every(sections):
        plugin = f"{name} {parameters['@type']}" if "@type" in parameters else name
        if plugin not in PARAMETERS:
            yield f"<{name} {argument}>: what is {plugin}?"
            continue
        known = PARAMETERS[plugin]
        for key, value in parameters.items():
            if known is None or (key in ("@type", "@id") and key not in known):
                continue
            if key not in known:
                yield f"<{name} {argument}>: {plugin} has no parameter {key}"
            elif not re.fullmatch(known[key], value):
                yield f"<{name} {argument}>: {key} {value}"

    ids = [parameters["@id"] for _, _, parameters, _ in every(sections) if "@id" in parameters]
    yield from (f"@id {name} is there twice" for name in set(ids) if ids.count(name) > 1)
    yield from meaning(sections, template)


def meaning(sections, template):
    tail, store = one(sections, "source", "tail")[2], one(sections, "match", "elasticsearch")
    genid, rejected = one(sections, "filter", "elasticsearch_genid")[2], one(sections, "match", "file")
    if template["index_patterns"] != [store[2]["index_name"]]:
        yield f"index_name {store[2]['index_name']} is none of the template's {template['index_patterns']}"
    if store[2].get("write_operation") != "create":
        yield "a data stream takes only what is created"
    if store[2].get("id_key") != genid["hash_id_key"]:
        yield "id_key is not hash_id_key: without an id everything is dropped"
    if any("remove_keys" in section[2] for section in every(sections) if section[0] == "match"):
        yield "remove_keys takes the id away from what must be sent again, and that is dropped"
    buffer = one(store[3], "buffer", "file")[2]
    wanted = {"retry_forever": "true", "overflow_action": "block"}
    yield from (f"buffer: {key} {buffer.get(key)} loses lines" for key, value in wanted.items() if buffer.get(key) != value)
    wanted = {"emit_unmatched_lines": "true", "read_from_head": "true"}
    yield from (f"tail: {key} {tail.get(key)} loses lines" for key, value in wanted.items() if tail.get(key) != value)
    if store[2].get("unrecoverable_error_types") != "[]" or store[2].get("verify_es_version_at_startup") != "false":
        yield "it gives up where it should wait"
    taken = [pattern for pattern in re.split(r"[{},.*]+", store[1]) if pattern]
    for tag in (tail["tag"], store[2]["retry_tag"]):
        if tag.split(".")[0] not in taken:
            yield f"nobody takes the tag {tag}"
    parents = [section for section in sections if rejected in section[3]]
    if [(section[0], section[1]) for section in parents] != [("label", "@ERROR")]:
        yield "what Elasticsearch refuses is not kept"
    added = {key for section in every(sections) if section[0] == "record" for key in section[2]}
    added |= {genid["hash_id_key"], tail["path_key"], "unmatched_line"}
    unknown = added - set(template["template"]["mappings"]["properties"])
    yield from (f"the template has no field `{name}`" for name in sorted(unknown))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
