"""Runs the pods of a rendered overlay as processes of this machine: OVERLAY_YAML CATCHMENT MYSQL_SOCKET

Wants root, and a MySQL of which the overlay's user and database are its own. Each pod gets what its manifest says and
no more: its arguments and variables, its ConfigMaps and Secrets laid out as the kubelet does, a root file system that
cannot be written, its user without any capability, and a network in which there is nothing but the pods and MySQL, by
the name that the overlay calls it. Images are not tried: the program is the one that is given.
"""

import base64
import fcntl
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import yaml

PATIENCE = 60
# What a program of Debian's needs of the system; the image has its own. The syncer wants to know certificates.
SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/ssl")
UNITS = {"Mi": 2**20, "Gi": 2**30}


def main(overlay, program, mysql):
    with open(overlay, encoding="utf-8") as file:
        documents = [document for document in yaml.safe_load_all(file) if document]
    loopback_up()
    threading.Thread(target=relay, args=(3306, mysql), daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(documents, pathlib.Path(program).resolve(), pathlib.Path(folder))
        try:
            return story(cluster)
        except Wrong as wrong:
            print(f"{overlay}: {wrong}", file=sys.stderr)
            cluster.tell()
            return 1
        finally:
            cluster.clean_up()


def story(cluster):
    """What happens in a new cluster, in the worst order."""
    roles = [cluster.start("Deployment", name) for name in ("catchment-api", "catchment-syncer")]
    for role in roles:
        role.until("livenessProbe", 200)
        role.until("readinessProbe", 503)
    print("api and syncer: alive, and not ready without the schema")

    for _ in range(2):
        cluster.start("Job", "catchment-migrate").ended(0)
    print("migrate: done, and done again")

    for role in roles:
        role.until("readinessProbe", 200)
        role.expects_no_rights()
    print("api and syncer: ready; neither can write its files or gain rights")

    until("the rows of the overlay's definition are served", lambda: rows() == [["1", "Oslo"], ["2", "Æbelø"]])
    for role in roles:
        role.until_scraped()
        print(f"{role.name}: {role.memory() >> 20} MiB of {role.limit() >> 20}")
        if role.memory() > role.limit():
            raise Wrong(f"{role.name} would have been killed")
    for role in roles:
        os.kill(role.program(), signal.SIGTERM)
        role.ended(0)
    print("api and syncer: ended in time when they were told to")
    return 0


def rows():
    status, body = get(8000, "/api/v1/places/towns?sort=name&shape=array")
    return [[row["id"], row["name"]] for row in json.loads(body)] if status == 200 else None


class Wrong(Exception):
    pass


class Cluster:
    def __init__(self, documents, program, folder):
        self.documents, self.program, self.folder, self.pods = documents, program, folder, []

    def named(self, kind, name):
        found = [each for each in self.documents if each["kind"] == kind and each["metadata"]["name"] == name]
        return found[0] if found else None

    def start(self, kind, name):
        workload = self.named(kind, name)
        if not workload:
            raise Wrong(f"there is no {kind} {name}")
        self.pods.append(Pod(self, workload["spec"]["template"]["spec"], f"{name}-{len(self.pods)}"))
        return self.pods[-1]

    def database(self):
        environment = next(each["data"] for each in self.documents if each["kind"] == "ConfigMap" and "CATCHMENT__DATABASE__URL" in each["data"])
        return re.search(r"@([^:/]+):3306/", environment["CATCHMENT__DATABASE__URL"]).group(1)

    def tell(self):
        for pod in self.pods:
            print(f"-- {pod.name}", pod.log.read_text(encoding="utf-8")[-3000:], sep="\n", file=sys.stderr)

    def clean_up(self):
        for pod in self.pods:
            pod.process.kill()
            pod.process.wait()


class Pod:
    def __init__(self, cluster, spec, name):
        self.cluster, self.spec, self.name = cluster, spec, name
        self.container = spec["containers"][0]
        self.root, self.log = cluster.folder / name, cluster.folder / f"{name}.log"
        self.lay_out()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command(self.container["args"]), env=self.variables(), stdout=log, stderr=log)

    def lay_out(self):
        for place in ("dev", "etc", "proc", "app", *(path[1:] for path in SYSTEM)):
            (self.root / place).mkdir(parents=True)
        (self.root / "app/catchment").touch()
        (self.root / "dev/null").touch()
        (self.root / "etc/hosts").write_text(f"127.0.0.1 localhost {self.cluster.database()}\n", encoding="utf-8")
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        for mount in self.container["volumeMounts"]:
            self.lay_out_volume(volumes[mount["name"]], mount["mountPath"])

    def lay_out_volume(self, volume, path):
        """As the kubelet does: each file is a link into a folder of this version, which a link names."""
        if "emptyDir" in volume:
            (self.root / path[1:]).mkdir(parents=True)
            return
        if "configMap" in volume:
            found, mode = self.cluster.named("ConfigMap", volume["configMap"]["name"]), 0o644
            data = {key: value.encode() for key, value in found["data"].items()}
        else:
            found, mode = self.cluster.named("Secret", volume["secret"]["secretName"]), volume["secret"]["defaultMode"]
            data = {key: base64.b64decode(value) for key, value in found["data"].items()} if found else {}
        folder = self.root / path[1:]
        version = folder / "..2026_01_01_00_00_00.1"
        version.mkdir(parents=True)
        (folder / "..data").symlink_to(version.name)
        for key, value in data.items():
            (version / key).write_bytes(value)
            os.chown(version / key, 0, self.spec["securityContext"]["fsGroup"])
            (version / key).chmod(mode)
            (folder / key).symlink_to(f"..data/{key}")

    def command(self, arguments, program="/app/catchment"):
        user = self.spec["securityContext"]
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        empty = [mount["mountPath"] for mount in self.container["volumeMounts"] if "emptyDir" in volumes[mount["name"]]]
        binds = "".join(f"mount --bind {path} {self.root}{path}; " for path in ("/dev/null", *(path for path in SYSTEM if os.path.isdir(path))))
        binds += "".join(f"mount -t tmpfs -o mode=1777 tmpfs {self.root}{path}; " for path in empty)
        return [
            "unshare", "--mount", "--kill-child", "--fork", "sh", "-ec",
            f"mount --bind {self.root} {self.root}; {binds} mount --bind {self.cluster.program} {self.root}/app/catchment; "
            f"mount -t proc proc {self.root}/proc; mount -o remount,bind,ro {self.root}; exec chroot {self.root} setpriv --reuid {user['runAsUser']} "
            f"--regid {user['runAsGroup']} --groups {user['fsGroup']} --no-new-privs --bounding-set=-all \"$@\"",
            "sh", program, *arguments,
        ]  # fmt: skip

    def variables(self):
        given = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        for origin in self.container["envFrom"]:
            given |= self.cluster.named("ConfigMap", origin["configMapRef"]["name"])["data"]
        return given | {each["name"]: each["value"] for each in self.container.get("env", [])}

    def until(self, probe, wanted):
        asked = self.container[probe]["httpGet"]
        port = next(port["containerPort"] for port in self.container["ports"] if port["name"] == asked["port"])
        until(f"{self.name}: {asked['path']} at {port} is {wanted}", lambda: self.is_up() and get(port, asked["path"])[0] == wanted)

    def until_scraped(self):
        port = self.container["ports"][0]["containerPort"]
        until(f"{self.name}: metrics at {port}", lambda: b"catchment_build_info" in get(port, "/metrics")[1] or b"catchment_run_total" in get(port, "/metrics")[1])

    def is_up(self):
        if self.process.poll() is not None:
            raise Wrong(f"{self.name} ended with {self.process.returncode}")
        return True

    def expects_no_rights(self):
        tried = subprocess.run(self.command(["-c", "touch /x /app/x /etc/catchment/x; cat /proc/self/status"], "/bin/sh"), env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, capture_output=True, text=True, check=False)
        if tried.stderr.count("Read-only file system") != 3:
            raise Wrong(f"{self.name} can write: {tried.stderr}")
        rights = dict(re.findall(r"^(Cap\w+|Uid|NoNewPrivs):\s+(\w+)", tried.stdout, re.MULTILINE))
        if rights["Uid"] == "0" or rights["NoNewPrivs"] != "1" or any(int(rights[each], 16) for each in ("CapEff", "CapPrm", "CapBnd")):
            raise Wrong(f"{self.name} has rights: {rights}")

    def ended(self, wanted):
        patience = self.spec.get("terminationGracePeriodSeconds", PATIENCE)
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise Wrong(f"{self.name} has not ended after {patience} s") from None
        if code != wanted:
            raise Wrong(f"{self.name} ended with {code}")

    def program(self):
        """The process id of the last child: the others wait for it."""
        family = [self.process.pid]
        while children := pathlib.Path(f"/proc/{family[-1]}/task/{family[-1]}/children").read_text(encoding="ascii").split():
            family.append(int(children[0]))
        return family[-1]

    def memory(self):
        """What it holds of its own, without the files that it reads."""
        status = pathlib.Path(f"/proc/{self.program()}/status").read_text(encoding="ascii")
        return int(re.search(r"RssAnon:\s+(\d+)", status).group(1)) * 1024

    def limit(self):
        amount, unit = re.fullmatch(r"(\d+)(Mi|Gi)", self.container["resources"]["limits"]["memory"]).groups()
        return int(amount) * UNITS[unit]


def until(what, holds):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if holds():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise Wrong(f"not within {PATIENCE} s: {what}")


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def loopback_up():
    """A new network has nothing, and that is down."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14s", b"lo", 0x1 | 0x40, b""))


def relay(port, path):
    """MySQL's socket as a server at that port."""
    os.chdir(os.path.dirname(path))  # A path of a socket has at most 107 characters.
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            client, _ = server.accept()
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(os.path.basename(path))
            for origin, aim in ((client, upstream), (upstream, client)):
                threading.Thread(target=pump, args=(origin, aim), daemon=True).start()


def pump(origin, aim):
    try:
        while data := origin.recv(65536):
            aim.sendall(data)
    except OSError:
        pass
    finally:
        # Whoever waits for the other side has to learn that this one is gone.
        for end in (origin, aim):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
