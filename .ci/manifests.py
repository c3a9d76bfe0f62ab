"""Tells what is wrong with a rendered overlay that no schema knows: OVERLAY_YAML RULES_FOLDER [--tried]

Every selector selects, every config, secret, key, volume and port that is named is there, pods may do as little as
possible, and the settings, the probes and the ingress agree. With --tried it then breaks each of these in turn, and
expects to be told.
"""

import base64
import copy
import glob
import re
import sys
import tomllib
from urllib.parse import urlsplit

import yaml

WORKLOADS = ("Deployment", "StatefulSet", "Job")
# The api lets a client wait for changes at most this long, in seconds.
LONGEST_WAIT = 60
# Which groups of rules a cluster's own Prometheus has no use for; `prepare` says why.
LEFT_OUT = {"catchment-disk", "catchment-watching"}


class Overlay:
    def __init__(self, documents, groups):
        self.documents, self.groups, self.faults = documents, groups, []

    def check(self):
        for part in (names, selectors, references, ports, bounds, probes, security, settings, ingress, scaling, monitoring):
            part(self)
        return self.faults

    def fault(self, document, text):
        self.faults.append(f"{document['kind']} {document['metadata']['name']}: {text}")

    def of(self, *kinds):
        return [document for document in self.documents if document["kind"] in kinds]

    def named(self, kind, name):
        found = [document for document in self.of(kind) if document["metadata"]["name"] == name]
        return found[0] if found else None

    def pods(self):
        """Each workload with its pod."""
        return [(document, document["spec"]["template"]) for document in self.of(*WORKLOADS)]

    def selected(self, selector):
        return [workload for workload, pod in self.pods() if selects(selector, pod["metadata"]["labels"])]


def selects(selector, labels):
    expressions = selector.get("matchExpressions", [])
    plain = selector.get("matchLabels", {})
    return all(labels.get(key) == value for key, value in plain.items()) and all(
        labels.get(each["key"]) in each["values"] for each in expressions
    )


def containers(pod):
    return pod["spec"]["containers"] + pod["spec"].get("initContainers", [])


def names(overlay):
    seen = set()
    spaces = overlay.of("Namespace")
    if len(spaces) != 1:
        overlay.faults.append(f"{len(spaces)} namespaces, not 1")
        return
    for document in overlay.documents:
        place = document["kind"], document["metadata"]["name"]
        if place in seen:
            overlay.fault(document, "is there twice")
        seen.add(place)
        if document["kind"] != "Namespace" and document["metadata"].get("namespace") != spaces[0]["metadata"]["name"]:
            overlay.fault(document, "is in another namespace")


def selectors(overlay):
    for workload, pod in overlay.pods():
        selector = workload["spec"].get("selector")
        if selector and overlay.selected(selector) != [workload]:
            overlay.fault(workload, "its selector does not select its own pods alone")
        for spread in pod["spec"].get("topologySpreadConstraints", []):
            if overlay.selected(spread["labelSelector"]) != [workload]:
                overlay.fault(workload, "it spreads other pods than its own")
    for service in overlay.of("Service"):
        if len(overlay.selected({"matchLabels": service["spec"]["selector"]})) != 1:
            overlay.fault(service, "it does not select the pods of one workload")
    for budget in overlay.of("PodDisruptionBudget"):
        if len(overlay.selected(budget["spec"]["selector"])) != 1:
            overlay.fault(budget, "it does not select the pods of one workload")
    for policy in overlay.of("NetworkPolicy"):
        spec = policy["spec"]
        if not overlay.selected(spec["podSelector"]):
            overlay.fault(policy, "it selects no pod")
        for rule in spec.get("ingress", []):
            for peer in rule.get("from", []):
                if "podSelector" in peer and not overlay.selected(peer["podSelector"]):
                    overlay.fault(policy, "it lets in pods that are not there")
    for workload, pod in overlay.pods():
        policies = [each for each in overlay.of("NetworkPolicy") if selects(each["spec"]["podSelector"], pod["metadata"]["labels"])]
        limited = {kind for policy in policies for kind in policy["spec"]["policyTypes"]}
        if limited != {"Ingress", "Egress"}:
            overlay.fault(workload, f"network policies limit only {sorted(limited)}")


def references(overlay):
    used = set()

    def wants(workload, kind, name, optional=False):
        used.add((kind, name))
        if not optional and not overlay.named(kind, name):
            overlay.fault(workload, f"there is no {kind} {name}")

    for workload, pod in overlay.pods():
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", [])}
        for volume in volumes.values():
            if "configMap" in volume:
                wants(workload, "ConfigMap", volume["configMap"]["name"])
            if "secret" in volume:
                wants(workload, "Secret", volume["secret"]["secretName"], volume["secret"].get("optional"))
        claims = {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
        mounted = set()
        for container in containers(pod):
            for origin in container.get("envFrom", []):
                wants(workload, "ConfigMap", origin["configMapRef"]["name"])
            mounted |= {mount["name"] for mount in container.get("volumeMounts", [])}
        for name in sorted(mounted ^ (set(volumes) | claims)):
            overlay.fault(workload, f"volume {name} is mounted and not there, or there and not mounted")
    for document in overlay.of("ConfigMap", "Secret"):
        if (document["kind"], document["metadata"]["name"]) not in used:
            overlay.fault(document, "nobody uses it")
    if len(overlay.of("ServiceAccount")):
        overlay.faults.append("no pod needs an account of the cluster")


def ports(overlay):
    def has(workload, port):
        pod = workload["spec"]["template"]
        return any(port in (each["name"], each["containerPort"]) for one in containers(pod) for each in one.get("ports", []))

    for service in overlay.of("Service"):
        for workload in overlay.selected({"matchLabels": service["spec"]["selector"]}):
            for port in service["spec"]["ports"]:
                if not has(workload, port["targetPort"]):
                    overlay.fault(service, f"{workload['metadata']['name']} has no port {port['targetPort']}")
    for policy in overlay.of("NetworkPolicy"):
        for workload in overlay.selected(policy["spec"]["podSelector"]):
            for rule in policy["spec"].get("ingress", []):
                for port in rule["ports"]:
                    if not has(workload, port["port"]):
                        overlay.fault(policy, f"{workload['metadata']['name']} has no port {port['port']}")


def bounds(overlay):
    for workload, pod in overlay.pods():
        for container in containers(pod):
            resources = container.get("resources", {})
            if not {"cpu", "memory"} <= set(resources.get("requests", {})) or "memory" not in resources.get("limits", {}):
                overlay.fault(workload, "a container says not what it needs of processor and memory, and has no limit of memory")
            if not re.search(r":(?!latest$)[\w.-]+$", container["image"]):
                overlay.fault(workload, f"which {container['image']}?")
    for budget in overlay.of("PodDisruptionBudget"):
        if budget["spec"].get("maxUnavailable") != 1:
            overlay.fault(budget, "it should let one pod go")


def probes(overlay):
    for workload, pod in overlay.pods():
        if workload["kind"] != "Deployment":
            continue
        for container in containers(pod):
            open_ports = {port["name"] for port in container.get("ports", [])}
            for kind, path in (("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
                asked = container.get(kind, {}).get("httpGet", {})
                if asked.get("path") != path or asked.get("port") not in open_ports:
                    overlay.fault(workload, f"its {kind} does not ask {path} at a port of its own")


def security(overlay):
    for workload, pod in overlay.pods():
        spec = pod["spec"]
        whole = spec.get("securityContext", {})
        if not (whole.get("runAsNonRoot") and whole.get("runAsUser") and whole.get("seccompProfile", {}).get("type") == "RuntimeDefault"):
            overlay.fault(workload, "its pod may run as root, or make any system call")
        if spec.get("automountServiceAccountToken") is not False:
            overlay.fault(workload, "its pod gets a token of the cluster")
        for container in containers(pod):
            own = container.get("securityContext", {})
            held = own.get("readOnlyRootFilesystem") and own.get("allowPrivilegeEscalation") is False
            if not held or own.get("capabilities", {}).get("drop") != ["ALL"]:
                overlay.fault(workload, "a container may write its image's files, gain rights or keep capabilities")
            for variable in container.get("env", []):
                if "PASSWORD" in variable["name"] and not variable["name"].endswith("_FILE") and variable["value"] != "yes":
                    overlay.fault(workload, f"a secret in the variable {variable['name']}")
    hidden = [base64.b64decode(value).decode() for secret in overlay.of("Secret") for value in secret["data"].values()]
    for document in overlay.of("ConfigMap"):
        for value in document["data"].values():
            if any(secret in value for secret in hidden) or re.search(r"://[^/\s:]+:(?!\$\{)[^@/\s]+@", value):
                overlay.fault(document, "a secret is in it")


def settings(overlay):
    """What the roles are told, by file and by variable, and whether the files of secrets are where these say."""
    for workload, pod in overlay.pods():
        role = workload["metadata"]["labels"]["app.kubernetes.io/component"]
        if role == "database":
            continue
        container = pod["spec"]["containers"][0]
        variables, files = {each["name"]: each["value"] for each in container.get("env", [])}, {}
        for origin in container["envFrom"]:
            variables |= (overlay.named("ConfigMap", origin["configMapRef"]["name"]) or {"data": {}})["data"]
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        for mount in container["volumeMounts"]:
            files |= files_of(overlay, volumes.get(mount["name"], {}), mount["mountPath"])
        named = container["args"][container["args"].index("--settings") + 1]
        if named not in files:
            overlay.fault(workload, f"there is no {named}")
            continue
        told = tomllib.loads(files[named])
        wanted = [variables.get("CATCHMENT__DATABASE__URL", "")]
        if role == "api":
            wanted.append(told["api"]["cursor_secret"])
        for path in re.findall(r"\$\{file:([^}]+)\}", " ".join(wanted)):
            if path not in files:
                overlay.fault(workload, f"there is no secret {path}")
        if not wanted[0].startswith("mysql://"):
            overlay.fault(workload, "no database is named")
        if variables.get("MALLOC_ARENA_MAX") != "1":
            overlay.fault(workload, "MALLOC_ARENA_MAX is not 1")
        if role in ("api", "syncer"):
            listens(overlay, workload, container, told[role]["listen"])
            pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            grace = int(told["stop"]["grace"].removesuffix("s"))
            if pod["spec"].get("terminationGracePeriodSeconds", 30) < pause + grace + 2:
                overlay.fault(workload, "it is killed before its grace is over")


def files_of(overlay, volume, folder):
    if "configMap" in volume:
        found = overlay.named("ConfigMap", volume["configMap"]["name"])
    elif "secret" in volume:
        found = overlay.named("Secret", volume["secret"]["secretName"])
    else:
        found = None
    return {f"{folder}/{key}": value for key, value in found["data"].items()} if found else {}


def listens(overlay, workload, container, listen):
    address, _, port = listen.rpartition(":")
    if address != "0.0.0.0" or [int(port)] != [each["containerPort"] for each in container["ports"]]:
        overlay.fault(workload, f"it listens at {listen}, which is not its port")


def ingress(overlay):
    environment = [each for each in overlay.of("ConfigMap") if "CATCHMENT__DATABASE__URL" in each["data"]]
    for document in overlay.of("Ingress"):
        spec, notes = document["spec"], document["metadata"]["annotations"]
        for rule in spec["rules"]:
            for path in rule["http"]["paths"]:
                aim = path["backend"]["service"]
                service = overlay.named("Service", aim["name"])
                if not service or aim["port"]["name"] not in [port["name"] for port in service["spec"]["ports"]]:
                    overlay.fault(document, f"there is no {aim['name']} with a port {aim['port']}")
                if path["pathType"] != "Exact" and path["path"] == "/":
                    overlay.fault(document, "it shows everything, metrics too")
        public = urlsplit(environment[0]["data"].get("CATCHMENT__API__PUBLIC_URL", "")) if environment else None
        hosts = [rule["host"] for rule in spec["rules"]]
        covered = [host for tls in spec.get("tls", []) for host in tls["hosts"]]
        if not public or [public.hostname] != hosts or (public.scheme == "https") != (covered == hosts):
            overlay.fault(document, f"the api says that it is at {public.geturl() if public else None}, this {hosts} with certificates for {covered}")
        for tls in spec.get("tls", []):
            if not overlay.named("Secret", tls["secretName"]) and "cert-manager.io/cluster-issuer" not in notes:
                overlay.fault(document, f"nobody makes {tls['secretName']}")
        if int(notes.get("nginx.ingress.kubernetes.io/proxy-read-timeout", 60)) <= LONGEST_WAIT:
            overlay.fault(document, "it cuts off who waits for changes")


def scaling(overlay):
    for scaler in overlay.of("HorizontalPodAutoscaler"):
        aim = scaler["spec"]["scaleTargetRef"]
        target = overlay.named(aim["kind"], aim["name"])
        if not target:
            overlay.fault(scaler, f"there is no {aim['kind']} {aim['name']}")
        elif "replicas" in target["spec"]:
            overlay.fault(scaler, "applying its target again undoes what it decided")
        if scaler["spec"]["minReplicas"] > scaler["spec"]["maxReplicas"]:
            overlay.fault(scaler, "its least is more than its most")


def monitoring(overlay):
    monitors = overlay.of("ServiceMonitor")
    if not monitors:
        return
    jobs = set()
    for monitor in monitors:
        shown = [endpoint["port"] for endpoint in monitor["spec"]["endpoints"]]
        for service in overlay.of("Service"):
            if selects(monitor["spec"]["selector"], service["metadata"]["labels"]):
                jobs.add(service["metadata"]["name"])
                if len([port for port in service["spec"]["ports"] if port["name"] in shown]) != 1:
                    overlay.fault(monitor, f"it does not scrape one port of {service['metadata']['name']}")
    if jobs != {"catchment-api", "catchment-syncer"}:
        overlay.faults.append(f"Prometheus scrapes {sorted(jobs)}")
    groups = {group["name"]: group for rule in overlay.of("PrometheusRule") for group in rule["spec"]["groups"]}
    if groups != {name: group for name, group in overlay.groups.items() if name not in LEFT_OUT}:
        overlay.faults.append("the rules are not those of infra/prometheus: run infra/kubernetes/prepare")
    if not LEFT_OUT <= set(overlay.groups):
        overlay.faults.append(f"of {sorted(LEFT_OUT)} some are not in infra/prometheus")
    for job in re.findall(r'job="([^"]+)"', yaml.safe_dump(list(groups.values()))):
        if job not in jobs:
            overlay.faults.append(f"a rule asks for the job {job}, which is none of {sorted(jobs)}")


def tried(documents, groups):
    """Breaks one thing after another; what is not told is a fault of this program."""
    missed = []
    for name, change in breakages().items():
        broken = Overlay(copy.deepcopy(documents), groups)
        change(broken)
        if not broken.check():
            missed.append(name)
    return [f"not told: {name}" for name in missed]


def breakages():
    def spec(kind, name):
        return lambda overlay: overlay.named(kind, name)["spec"]

    api = spec("Deployment", "catchment-api")
    syncer = spec("Deployment", "catchment-syncer")
    service = spec("Service", "catchment-api")

    def pod(overlay):
        return api(overlay)["template"]["spec"]

    def first(overlay):
        return pod(overlay)["containers"][0]

    def config(overlay, key):
        return next(each["data"] for each in overlay.of("ConfigMap") if key in each["data"])

    def replace(key, old, new):
        def change(overlay):
            data = config(overlay, key)
            assert old in data[key], f"{old} is not in {key}"
            data[key] = data[key].replace(old, new)

        return change

    def monitor(overlay):
        return (overlay.of("ServiceMonitor") or [{"spec": {"endpoints": [{}, {}]}}])[0]["spec"]

    url = "CATCHMENT__DATABASE__URL"
    return {
        "a Service that selects nothing": lambda o: service(o)["selector"].update({"app.kubernetes.io/component": "apy"}),
        "a Service of two workloads": lambda o: service(o)["selector"].pop("app.kubernetes.io/component"),
        "a Deployment that selects other pods": lambda o: syncer(o)["selector"]["matchLabels"].pop("app.kubernetes.io/component"),
        "a budget of nothing": lambda o: spec("PodDisruptionBudget", "catchment-api")(o)["selector"]["matchLabels"].update(x="y"),
        "a budget that lets nobody go": lambda o: spec("PodDisruptionBudget", "catchment-api")(o).update(maxUnavailable=0),
        "a policy of nothing": lambda o: spec("NetworkPolicy", "catchment-api")(o)["podSelector"]["matchLabels"].update(x="y"),
        "a policy that is gone": lambda o: o.documents.remove(o.named("NetworkPolicy", "catchment-database")),
        "a spread of nothing": lambda o: pod(o)["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"].update(x="y"),
        "a ConfigMap that is gone": lambda o: o.documents.remove(next(iter(o.of("ConfigMap")))),
        "a Secret that is gone": lambda o: o.documents.remove(next(iter(o.of("Secret")))),
        "a Secret that nobody uses": lambda o: pod(o)["volumes"].pop(),
        "a volume that is not mounted": lambda o: first(o)["volumeMounts"].pop(),
        "a secret without its key": lambda o: next(iter(o.of("Secret")))["data"].clear(),
        "a target port that is none": lambda o: service(o)["ports"][0].update(targetPort="web"),
        "a policy's port that is none": lambda o: spec("NetworkPolicy", "catchment-api")(o)["ingress"][0]["ports"][0].update(port="web"),
        "no memory limit": lambda o: first(o)["resources"].pop("limits"),
        "an image without a tag": lambda o: first(o).update(image="catchment"),
        "the latest image": lambda o: first(o).update(image="catchment:latest"),
        "a liveness probe of readiness": lambda o: first(o)["livenessProbe"]["httpGet"].update(path="/readyz"),
        "a probe of a port that is none": lambda o: first(o)["readinessProbe"]["httpGet"].update(port="web"),
        "no readiness probe": lambda o: first(o).pop("readinessProbe"),
        "root": lambda o: pod(o)["securityContext"].update(runAsUser=0),
        "a file system to write": lambda o: first(o)["securityContext"].pop("readOnlyRootFilesystem"),
        "capabilities": lambda o: first(o)["securityContext"].pop("capabilities"),
        "a token of the cluster": lambda o: pod(o).pop("automountServiceAccountToken"),
        "a password in a ConfigMap": replace(url, "${file:/run/secrets/catchment/database/password}", "hunter2"),
        "a secret's file elsewhere": replace(url, "/database/password", "/database/pasword"),
        "another port": replace("catchment.toml", "0.0.0.0:8000", "0.0.0.0:8080"),
        "only for itself": replace("catchment.toml", "0.0.0.0:8001", "127.0.0.1:8001"),
        "a longer grace": replace("catchment.toml", 'grace = "20s"', 'grace = "40s"'),
        "more arenas": replace("MALLOC_ARENA_MAX", "1", "8"),
        "another settings file": lambda o: first(o)["args"].__setitem__(-1, "/etc/catchment.toml"),
        "another host": lambda o: spec("Ingress", "catchment")(o)["rules"][0].update(host="other.example.org"),
        "an ingress to nothing": lambda o: spec("Ingress", "catchment")(o)["rules"][0]["http"]["paths"][1]["backend"]["service"].update(name="x"),
        "an ingress to everything": lambda o: spec("Ingress", "catchment")(o)["rules"][0]["http"]["paths"][0].update(pathType="Prefix"),
        "an ingress that cuts off": lambda o: o.of("Ingress")[0]["metadata"]["annotations"].update({"nginx.ingress.kubernetes.io/proxy-read-timeout": "30"}),
        "replicas that the scaler loses": lambda o: api(o).update(replicas=2),
        "a scaler of nothing": lambda o: spec("HorizontalPodAutoscaler", "catchment-api")(o)["scaleTargetRef"].update(name="x"),
        "something twice": lambda o: o.documents.append(o.documents[-1]),
        "another namespace": lambda o: o.named("Service", "catchment-api")["metadata"].update(namespace="default"),
    } | monitoring_breakages(monitor)


def monitoring_breakages(monitor):
    def only_with(change):
        # An overlay without Prometheus has nothing of this to break.
        return lambda o: change(o) if o.of("ServiceMonitor") else o.documents.append(o.documents[-1])

    return {
        "a port that is not scraped": only_with(lambda o: monitor(o)["endpoints"][0].update(port="web")),
        "a monitor of nothing": only_with(lambda o: monitor(o)["selector"]["matchLabels"].update(x="y")),
        "rules that are not whole": only_with(lambda o: o.of("PrometheusRule")[0]["spec"]["groups"].pop()),
        "a Service by another name": only_with(lambda o: o.named("Service", "catchment-api")["metadata"].update(name="api")),
    }


def main(path, rules, *options):
    with open(path, encoding="utf-8") as file:
        documents = [document for document in yaml.safe_load_all(file) if document]
    groups = {}
    for name in glob.glob(f"{rules}/*.yml"):
        with open(name, encoding="utf-8") as file:
            groups |= {group["name"]: group for group in yaml.safe_load(file)["groups"]}
    faults = Overlay(documents, groups).check()
    if not faults and "--tried" in options:
        faults = tried(documents, groups)
    for fault in faults:
        print(f"{path}: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
