"""Looks for what no schema knows in docker-compose.yaml, the Dockerfile and what is mounted into containers: [--tried]

What is named must be there: services, ports, networks, files, volumes, secrets, settings. With --tried it then breaks each
of these, and wants to find it.
"""

import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lines"))
import fluentd  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
CORE = {"mysql", "migrate", "syncer", "api"}
PORTS = {"api": 8000, "syncer": 8001, "kibana": 5601, "elasticsearch": 9200, "prometheus": 9090, "grafana": 3000}
MEMORY = 4096
SECRET = re.compile(r"/run/secrets/([\w.-]+)")


def main(arguments):
    world = read()
    found = list(faults(world))
    for fault in found:
        print(fault, file=sys.stderr)
    if found or "--tried" not in arguments:
        return 1 if found else 0
    missed = [name for name, breaks in tries() if not broken(world, breaks)]
    for name in missed:
        print(f"not found: {name}", file=sys.stderr)
    print(f"{len(world['compose']['services'])} services; {len(tries())} faults were tried")
    return 1 if missed else 0


def read():
    text = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("docker-compose.yaml", "Dockerfile", ".dockerignore")}
    files = {
        "fluentd": "infra/fluentd/fluent.conf", "configure": "infra/alertmanager/configure", "settings": "catchment/src/settings.default.toml",
        "doc": "doc/compose.md",
    }  # fmt: skip
    yamls = {
        "prometheus": "infra/prometheus/prometheus.yml", "datasources": "infra/grafana/provisioning/datasources/prometheus.yaml",
        "dashboards": "infra/grafana/provisioning/dashboards/catchment.yaml", "kibana": "infra/kibana/kibana.yml",
    }  # fmt: skip
    world = {"compose": yaml.safe_load(text["docker-compose.yaml"]), "docker": text["Dockerfile"], "ignore": text[".dockerignore"]}
    world |= {name: (ROOT / path).read_text(encoding="utf-8") for name, path in files.items()}
    world |= {name: yaml.safe_load((ROOT / path).read_text(encoding="utf-8")) for name, path in yamls.items()}
    world["fluentd"] = fluentd.read(world["fluentd"])
    world["settings"] = list(keys(tomllib.loads(world["settings"])))
    world["cargo"] = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    world["toolchain"] = tomllib.loads((ROOT / "rust-toolchain.toml").read_text(encoding="utf-8"))["toolchain"]["channel"]
    world["needs"] = {name: needs(name) for name in world["cargo"]["workspace"]["members"]}
    world["there"] = set(there())
    world["prepared"] = prepared()
    return world


def keys(table, prefix=""):
    for name, value in table.items():
        yield from keys(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]


def there():
    """The files of the project, without what is made."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in (".git", "target", "secrets")]
        yield from (str((pathlib.Path(folder) / name).relative_to(ROOT)) for name in files)


def needs(crate):
    """The crates of this workspace that it is built of."""
    manifest = tomllib.loads((ROOT / crate / "Cargo.toml").read_text(encoding="utf-8"))
    return [name for name in manifest.get("dependencies", {}) if (ROOT / name / "Cargo.toml").exists()]


def prepared():
    """The names of the secrets that infra/compose/prepare makes, with their modes, when it runs twice."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "prepare"
        script.write_bytes((ROOT / "infra/compose/prepare").read_bytes())
        made = []
        for _ in range(2):
            subprocess.run(["bash", script], check=True, timeout=30)
            made.append({file.name: (file.read_bytes(), file.stat().st_mode & 0o777) for file in script.parent.glob("secrets/*")})
        if made[0] != made[1]:
            raise ValueError("infra/compose/prepare changes secrets that are there")
        return {name: mode for name, (_, mode) in made[0].items()}


def faults(world):
    services = world["compose"]["services"]
    for check in (about_services, about_order, about_files, about_settings, about_prometheus, about_alerts, about_grafana, about_logs):
        yield from check(world, services)
    yield from about_image(world)
    yield from about_doc(world)


def about_services(world, services):
    memory = 0
    for name, service in services.items():
        image = service.get("image", "")
        if "build" not in service and not re.search(r":v?\d+\.\d+\.\d+", image):
            yield f"{name}: the image {image} is not pinned"
        limit = re.fullmatch(r"(\d+)m", service.get("mem_limit", ""))
        if limit is None:
            yield f"{name}: no limit of memory"
        memory += int(limit[1]) if limit else 0
        if "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name}: it may gain privileges"
        for network in service.get("networks", []):
            if network not in world["compose"]["networks"]:
                yield f"{name}: there is no network {network}"
        for port in service.get("ports", []):
            if not re.match(r"127\.0\.0\.1:|\$\{\w+:-127\.0\.0\.1\}:", port):
                yield f"{name}: port {port} is open to other machines"
    if memory > MEMORY:
        yield f"{memory} MB are more than {MEMORY}"
    if {name for name, service in services.items() if "profiles" not in service} != CORE:
        yield f"what starts alone is not {sorted(CORE)}"
    for name, port in PORTS.items():
        if not any(place.endswith(f":{port}:{port}") for place in services[name].get("ports", [])):
            yield f"{name} is not at port {port}"
    for first, second in (("elasticsearch", "kibana"), ("elasticsearch", "elasticsearch-setup"), ("api", "syncer"), ("api", "migrate")):
        if services[first]["image"].split(":")[1:] != services[second]["image"].split(":")[1:]:
            yield f"{first} and {second} are of two versions"


def about_order(world, services):
    waited = {}
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            condition = how["condition"]
            waited.setdefault(other, set()).add(condition)
            if other not in services:
                yield f"{name} waits for {other}, which is not there"
                continue
            if set(services[other].get("profiles", [])) - set(service.get("profiles", [])):
                yield f"{name} waits for {other}, which is in another profile"
            if condition == "service_healthy" and "test" not in services[other].get("healthcheck", {}):
                yield f"{name} waits for the health of {other}, which nobody asks"
    for name, service in services.items():
        if service["restart"] == "no":
            # `docker compose up --wait` takes an end for a failure unless somebody waits for it.
            if waited.get(name) != {"service_completed_successfully"}:
                yield f"{name} ends, and nobody waits for that"
        elif "test" not in service.get("healthcheck", {}):
            yield f"{name} has no health check"
        else:
            test = " ".join(service["healthcheck"]["test"])
            for port in re.findall(r"(?:localhost|127\.0\.0\.1):(\d+)|^CMD healthy (\d+)$", test):
                if int("".join(port)) not in listening(world, name):
                    yield f"{name}: the health check asks port {''.join(port)}"


def listening(world, name):
    """The ports of a service, as far as anything says them."""
    known = {"mysql": {3306}, "alertmanager": {9093}, "mysqld-exporter": {9104}, "node-exporter": {9100}} | {one: {port} for one, port in PORTS.items()}
    if name == "fluentd":
        return {int(fluentd.one(world["fluentd"], "source", "monitor_agent")[2]["port"])}
    listen = environment(world["compose"]["services"][name]).get(f"CATCHMENT__{name.upper()}__LISTEN")
    return {int(listen.rpartition(":")[2])} if listen else known.get(name, set())


def environment(service):
    return {name: str(value) for name, value in service.get("environment", {}).items()}


def mounts(service):
    """Target, source and whether it can only be read."""
    for volume in service.get("volumes", []):
        if isinstance(volume, dict):
            yield volume["target"], volume["source"], volume.get("read_only", False)
        else:
            source, target, *mode = volume.split(":")
            yield target, source, mode == ["ro"]
    for target in service.get("tmpfs", []):
        yield target, "tmpfs", False


def about_files(world, services):
    declared, used = set(world["compose"]["volumes"]), set()
    for name, service in services.items():
        for _, source, read_only in mounts(service):
            if source.startswith("./"):
                path = source[2:]
                if not any(file == path or file.startswith(path + "/") for file in world["there"]):
                    yield f"{name}: there is no {path}"
                if not read_only:
                    yield f"{name}: {path} can be written"
            elif source not in ("/", "tmpfs"):
                used.add(source)
                if source not in declared:
                    yield f"{name}: there is no volume {source}"
        said = json.dumps([service.get(part) for part in ("environment", "command", "healthcheck")])
        for secret in set(SECRET.findall(said)) - set(service.get("secrets", [])):
            yield f"{name}: it has no secret {secret}"
        for word in service.get("command", []) if service["restart"] == "no" else []:
            if word.startswith("/setup/"):
                folder = {target: source for target, source, _ in mounts(service)}.get("/setup", "./nowhere")
                if f"{folder[2:]}/{word.removeprefix('/setup/')}" not in world["there"]:
                    yield f"{name}: there is no {word}"
            elif url := re.fullmatch(r"http://([\w-]+):(\d+)", word):
                yield from reached(world, name, url[1], int(url[2]))
    yield from (f"nobody uses the volume {name}" for name in declared - used)
    secrets = world["compose"]["secrets"]
    wanted = {secret for service in services.values() for secret in service.get("secrets", [])}
    yield from (f"there is no secret {name}" for name in wanted - set(secrets))
    yield from (f"nobody uses the secret {name}" for name in set(secrets) - wanted)
    for secret in secrets.values():
        path = pathlib.PurePosixPath(secret["file"])
        if str(path.parent) != "infra/compose/secrets" or path.name not in world["prepared"]:
            yield f"infra/compose/prepare does not make {path}"
        elif world["prepared"][path.name] != 0o644:
            yield f"containers cannot read {path}"
    if "/secrets/" not in (ROOT / "infra/compose/.gitignore").read_text(encoding="utf-8"):
        yield "git does not ignore the secrets"


def reached(world, client, name, port):
    """Whether a service can ask another, at that port."""
    services = world["compose"]["services"]
    if name not in services:
        yield f"{client} asks {name}, which is not there"
    elif port not in listening(world, name):
        yield f"{client} asks port {port} of {name}, where nothing listens"
    elif not set(services[client].get("networks", [])) & set(services[name].get("networks", [])):
        yield f"{client} and {name} have no network together"


def about_settings(world, services):
    known = {f"CATCHMENT__{key.upper().replace('.', '__')}" for key in world["settings"]}
    said = [(name, key) for name, service in services.items() for key in environment(service)]
    said += [("Dockerfile", key) for key in re.findall(r"\b(CATCHMENT__\w+)=", world["docker"])]
    for where, key in said:
        if key.startswith("CATCHMENT__") and key not in known:
            yield f"{where}: there is no setting {key}"
    for name in ("migrate", "syncer", "api"):
        variables = environment(services[name])
        url = re.search(r"@([\w-]+):(\d+)/(\w+)", variables["CATCHMENT__DATABASE__URL"])
        yield from reached(world, name, url[1], int(url[2]))
        if url[3] != environment(services["mysql"])["MYSQL_DATABASE"]:
            yield f"{name}: there is no database {url[3]}"
        folder = variables["CATCHMENT__LOG__FOLDER"]
        if folder not in {target for target, _, read_only in mounts(services[name]) if not read_only}:
            yield f"{name}: {folder} cannot be written"
    if environment(services["syncer"]).get("MALLOC_ARENA_MAX") != "1":
        yield "syncer: MALLOC_ARENA_MAX is not 1"


def about_prometheus(world, services):
    def target(name, port):
        yield from reached(world, "prometheus", name, port)
        # In two networks a name has two addresses, and would be two targets.
        if len(set(services["prometheus"]["networks"]) & set(services.get(name, {}).get("networks", []))) > 1:
            yield f"prometheus sees {name} in two networks"

    config = world["prometheus"]
    jobs = config["scrape_configs"] + config["alerting"]["alertmanagers"]
    for job in jobs:
        for lookup in job.get("dns_sd_configs", []):
            for name in lookup["names"]:
                yield from target(name, lookup["port"])
        for static in job.get("static_configs", []):
            for place in static["targets"]:
                name, port = place.split(":")
                yield from target("prometheus" if name == "localhost" else name, int(port))
    places = {target: source for target, source, _ in mounts(services["prometheus"])}
    command = " ".join(services["prometheus"]["command"])
    for option in ("--config.file=", "--storage.tsdb.path="):
        if (path := command.split(option)[1].split()[0]) not in places:
            yield f"prometheus: {path} is not mounted"
    for pattern in config["rule_files"]:
        if f"/etc/prometheus/{pathlib.PurePosixPath(pattern).parent}" not in places:
            yield f"prometheus: the rules {pattern} are not mounted"


def about_alerts(world, services):
    service = services["alertmanager"]
    wanted, given = set(re.findall(r"\bALERT_[A-Z_]+", world["configure"])) - {"ALERT_TEMPLATES"}, set(environment(service))
    yield from (f"alertmanager is not told {name}" for name in sorted(wanted - given))
    yield from (f"alertmanager does not know {name}" for name in sorted(given - wanted))
    places = {target for target, _, _ in mounts(service)}
    templates = re.search(r"\$\{ALERT_TEMPLATES:-([^}]+)\}", world["configure"])[1]
    command = " ".join(service["command"])
    for path in (templates, re.search(r"sh (\S+)", command)[1], command.split("--storage.path=")[1].split()[0], "/tmp"):
        if path not in places:
            yield f"alertmanager: {path} is not mounted"


def about_grafana(world, services):
    for source in world["datasources"]["datasources"]:
        name, port = re.fullmatch(r"http://([\w-]+):(\d+)", source["url"]).groups()
        yield from reached(world, "grafana", name, int(port))
    places = {target for target, _, _ in mounts(services["grafana"])}
    for path in ["/etc/grafana/provisioning", *(provider["options"]["path"] for provider in world["dashboards"]["providers"])]:
        if path not in places:
            yield f"grafana: {path} is not mounted"


def about_logs(world, services):
    for url in world["kibana"]["elasticsearch.hosts"]:
        name, port = re.fullmatch(r"http://([\w-]+):(\d+)", url).groups()
        yield from reached(world, "kibana", name, int(port))
    store, tail = fluentd.one(world["fluentd"], "match", "elasticsearch")[2], fluentd.one(world["fluentd"], "source", "tail")[2]
    yield from reached(world, "fluentd", store["host"], int(store["port"]))
    if services["elasticsearch"]["image"].split(":")[1].split(".")[0] != store["default_elasticsearch_version"]:
        yield "fluentd speaks to another version of Elasticsearch"
    places = {target: (source, read_only) for target, source, read_only in mounts(services["fluentd"])}
    folder = str(pathlib.PurePosixPath(tail["path"]).parent)
    for name in ("migrate", "syncer", "api"):
        logs = environment(services[name])["CATCHMENT__LOG__FOLDER"]
        volume = {target: source for target, source, _ in mounts(services[name])}.get(logs)
        if volume is None or places.get(folder, (None,))[0] != volume:
            yield f"fluentd does not see the log files of {name}"
    for path in fluentd.written(world["fluentd"]):
        if not any(path == target or (path.startswith(target + "/") and not read_only) for target, (_, read_only) in places.items()):
            yield f"fluentd cannot write {path}"
    if "elasticsearch-setup" not in services["fluentd"]["depends_on"]:
        yield "fluentd writes before the template is there"


def about_image(world):
    text, ignored = world["docker"], world["ignore"].split("\n")
    members, built, left = world["cargo"]["workspace"]["members"], {"catchment"}, ["catchment"]
    while left:
        for name in world["needs"][left.pop()]:
            if name not in built:
                built.add(name)
                left.append(name)
    if f"FROM rust:{world['toolchain']}-" not in text:
        yield f"Dockerfile: it does not build with Rust {world['toolchain']}"
    for name in members:
        if f"COPY {name}/Cargo.toml {name}/\n" not in text:
            yield f"Dockerfile: the manifest of {name} is not copied"
        loop = r"for crate in [^;]*\b" + re.escape(name) + r"\b[^;]*;"
        if not re.search(loop, text):
            yield f"Dockerfile: no empty crate for {name}"
        if name in built and f"COPY {name} {name}\n" not in text:
            yield f"Dockerfile: {name} is not copied"
    for line in re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", text, re.M):
        for source in line.split():
            if source.rstrip("/") not in world["there"] and not any(file.startswith(f"{source.rstrip('/')}/") for file in world["there"]):
                yield f"Dockerfile: there is no {source}"
            if not any(source == kept[1:] or source.startswith(f"{kept[1:]}/") for kept in ignored if kept.startswith("!")):
                yield f".dockerignore keeps {source} out"
    last = text.rpartition("\nFROM ")[2]
    for wanted in ("\nUSER 10001:10001\n", "\nHEALTHCHECK ", '\nENTRYPOINT ["catchment"]\n', "/etc/ssl/certs/ca-certificates.crt"):
        if wanted not in last:
            yield f"Dockerfile: the image has no {wanted.strip()}"
    if not re.search(r"^[^!].*|^\*$", world["ignore"], re.M) or "\n*\n" not in world["ignore"]:
        yield ".dockerignore lets everything in"


def about_doc(world):
    said = json.dumps(world["compose"])
    for name in sorted(set(re.findall(r"(?<!\$)\$\{(\w+)", said))):
        if f"`{name}`" not in world["doc"] and not name.startswith("ALERT_"):
            yield f"doc/compose.md does not tell of {name}"
    for name, port in PORTS.items():
        if not re.search(rf"\|.*\b{name}\b.*\b{port}\b", world["doc"]):
            yield f"doc/compose.md does not tell of port {port}"


def broken(world, breaks):
    world = {name: copy.deepcopy(value) if name != "there" else value for name, value in world.items()}
    breaks(world, world["compose"]["services"])
    return any(True for _ in faults(world))


def tries():
    def put(name, key, value):
        return lambda world, services: services[name].__setitem__(key, value)

    def drop(name, key):
        return lambda world, services: services[name].pop(key)

    def swap(name, old, new):
        def change(world, _):
            assert old in world[name]
            world[name] = world[name].replace(old, new)

        return change

    def conf(kind, plugin, key, value):
        return lambda world, _: fluentd.one(world["fluentd"], kind, plugin)[2].__setitem__(key, value)

    return [
        ("an image without a version", put("grafana", "image", "grafana/grafana")),
        ("latest", put("mysql", "image", "mysql:latest")),
        ("no limit", drop("kibana", "mem_limit")),
        ("too much memory", put("kibana", "mem_limit", "1200m")),
        ("privileges", drop("api", "security_opt")),
        ("a network that is not there", put("api", "networks", ["database", "service"])),
        ("an open port", put("elasticsearch", "ports", ["9200:9200"])),
        ("another port", put("api", "ports", ["127.0.0.1:8080:8000"])),
        ("the core has more", drop("prometheus", "profiles")),
        ("two versions", put("kibana", "image", "kibana:8.19.11")),
        ("waits for nobody", put("api", "depends_on", {"migration": {"condition": "service_healthy"}})),
        ("waits for another profile", put("api", "depends_on", {"prometheus": {"condition": "service_healthy"}})),
        ("waits for no health", put("api", "depends_on", {"migrate": {"condition": "service_healthy"}})),
        ("an end that nobody waits for", lambda _, services: services["fluentd"]["depends_on"].pop("kibana-setup")),
        ("no health check", drop("syncer", "healthcheck")),
        ("a health check elsewhere", put("api", "healthcheck", {"test": ["CMD", "healthy", "8001"]})),
        ("a file that is not there", put("mysql", "volumes", ["mysql:/var/lib/mysql", "./infra/mysql/exporters.sh:/x:ro"])),
        ("a file that can be written", put("mysql", "volumes", ["mysql:/var/lib/mysql", "./infra/mysql/exporter.sh:/x"])),
        ("a volume that is not there", put("mysql", "volumes", ["data:/var/lib/mysql"])),
        ("a volume that nobody uses", lambda world, _: world["compose"]["volumes"].__setitem__("more", None)),
        ("a secret that is not given", put("api", "secrets", ["database-password"])),
        ("a secret that is not there", put("api", "secrets", ["database-password", "cursor-secret", "key"])),
        ("a secret that nobody makes", lambda world, _: world["prepared"].pop("cursor-secret")),
        ("a secret that cannot be read", lambda world, _: world["prepared"].__setitem__("cursor-secret", 0o400)),
        ("a script that is not there", put("kibana-setup", "command", ["/setup/setup", "http://kibana:5601"])),
        ("a script that asks elsewhere", put("kibana-setup", "command", ["/setup/provision", "http://kibana:5600"])),
        ("an unknown setting", lambda _, services: services["api"]["environment"].__setitem__("CATCHMENT__API__LISTENS", "x")),
        ("an unknown setting of the image", swap("docker", "CATCHMENT__SYNCER__LISTEN", "CATCHMENT__SYNC__LISTEN")),
        ("another database", lambda _, services: services["mysql"]["environment"].__setitem__("MYSQL_DATABASE", "cats")),
        ("a database elsewhere", lambda _, services: services["mysql"].__setitem__("networks", ["logs"])),
        ("no folder for logs", put("syncer", "volumes", [])),
        ("arenas", lambda _, services: services["syncer"]["environment"].pop("MALLOC_ARENA_MAX")),
        ("a job that nobody is", lambda world, _: world["prometheus"]["scrape_configs"][0]["dns_sd_configs"][0].__setitem__("names", ["apis"])),
        ("a job at another port", lambda world, _: world["prometheus"]["scrape_configs"][1]["dns_sd_configs"][0].__setitem__("port", 8000)),
        ("no Alertmanager", lambda world, _: world["prometheus"]["alerting"]["alertmanagers"][0]["static_configs"][0].__setitem__("targets", ["alerts:9093"])),
        ("two networks", put("prometheus", "networks", ["services", "database"])),
        ("rules that are not mounted", lambda world, _: world["prometheus"].__setitem__("rule_files", ["rule/*.yml"])),
        ("a configuration that is not mounted", put("prometheus", "volumes", ["prometheus:/prometheus"])),
        ("a way of delivery that is not told", swap("configure", "ALERT_WEBHOOK_URL", "ALERT_HOOK_URL")),
        ("messages that are not mounted", swap("configure", "/etc/alertmanager/templates", "/templates")),
        ("a datasource that is not there", lambda world, _: world["datasources"]["datasources"][0].__setitem__("url", "http://prom:9090")),
        ("dashboards that are not mounted", lambda world, _: world["dashboards"]["providers"][0]["options"].__setitem__("path", "/dashboards")),
        ("Kibana elsewhere", lambda world, _: world["kibana"].__setitem__("elasticsearch.hosts", ["http://elastic:9200"])),
        ("Fluentd elsewhere", conf("match", "elasticsearch", "host", "elastic")),
        ("Fluentd at another port", conf("match", "elasticsearch", "port", "9300")),
        ("Fluentd for another version", conf("match", "elasticsearch", "default_elasticsearch_version", "7")),
        ("Fluentd reads elsewhere", conf("source", "tail", "path", "/var/log/catchments/*.log")),
        ("Fluentd writes elsewhere", conf("source", "tail", "pos_file", "/var/files.pos")),
        ("Fluentd writes into the logs", conf("match", "file", "path", "/var/log/catchment/rejected")),
        ("Fluentd before the template", lambda _, services: services["fluentd"]["depends_on"].pop("elasticsearch-setup")),
        ("another Rust", lambda world, _: world.__setitem__("toolchain", "1.96.0")),
        ("a new crate", lambda world, _: (world["cargo"]["workspace"]["members"].append("more"), world["needs"].__setitem__("more", []))),
        ("a crate that is not copied", swap("docker", "COPY entity entity\n", "")),
        ("a file that is kept out", swap("ignore", "!syncer\n", "")),
        ("everything is let in", swap("ignore", "\n*\n", "\n")),
        ("root", swap("docker", "USER 10001:10001\n", "")),
        ("no certificates", swap("docker", "ca-certificates.crt", "other.crt")),
        ("a variable that nobody knows of", swap("doc", "`CATCHMENT_BIND`", "")),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
