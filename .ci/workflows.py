"""Holds the workflows to the rules that no linter knows: [--tried].

Each step is an action of one commit, or a call of a script of this repository, so that whatever a workflow does can be
done on any machine. With --tried each rule is then broken in a copy, and has to be found.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

ACTION = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
WORD = r"[\w./:@=-]+"
QUOTED = r'"[\w./:@-]*\$[A-Z_]+[\w./:@-]*"'
CALL = re.compile(rf"^(?P<script>(?:\.ci|infra)/[\w./-]+)(?P<rest>(?: (?:{WORD}|{QUOTED}))*)$")
EXACT_IMAGE = re.compile(r"^[\w./-]+:\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$")
# What runs for somebody who is not of the project.
STRANGERS = {"pull_request", "pull_request_target", "issue_comment", "fork", "issues"}


def main(options):
    root = pathlib.Path(__file__).resolve().parent.parent
    found = faults(root)
    for fault in found:
        print(fault)
    if found:
        return 1
    steps = [step for _, document in workflows(root) for _, step in steps_of(document)]
    calls = sum("run" in step for step in steps)
    print(f"{calls} steps call scripts that are there, {len(steps) - calls} are actions of one commit")
    return tried(root) if "--tried" in options else 0


def workflows(root):
    for path in sorted((root / ".github/workflows").glob("*.y*ml")):
        yield path, yaml.safe_load(path.read_text(encoding="utf-8"))


def steps_of(document):
    for name, job in document["jobs"].items():
        for step in job.get("steps", []):
            yield name, step


def faults(root):
    return [f"{path.name}: {fault}" for path, document in workflows(root) for fault in of_workflow(root, path, document)]


def of_workflow(root, path, document):
    # YAML reads `on` as a truth value.
    on = document.get("on", document.get(True))
    events = {on} if isinstance(on, str) else set(on)
    if document.get("permissions") != {}:
        yield "permissions: {} is missing: each job says what it needs"
    if "concurrency" not in document:
        yield "concurrency is missing"
    if "pull_request_target" in events:
        yield "pull_request_target runs with our rights what a stranger wrote"
    for name, job in document["jobs"].items():
        for fault in of_job(root, events, document, job):
            yield f"{name}: {fault}"
    for line in path.read_text(encoding="utf-8").splitlines():
        if "uses:" in line and "@" in line and not re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line):
            yield f"which version is that? {line.strip()}"


def of_job(root, events, document, job):
    if not isinstance(job.get("permissions"), dict):
        yield "permissions are missing"
    elif "write" in job["permissions"].values() and events & STRANGERS:
        yield "a job that strangers can start may write"
    if "uses" in job:
        if not job["uses"].startswith("./") or not (root / job["uses"]).is_file():
            yield f"there is no {job['uses']}"
        return
    if "timeout-minutes" not in job:
        yield "timeout-minutes is missing"
    container = job.get("container")
    image = container.get("image", "") if isinstance(container, dict) else container
    if image is not None and not EXACT_IMAGE.match(image):
        yield f"{image} is no exact version"
    elif image is not None and image.startswith("rust:") and not image.startswith(f"rust:{toolchain(root)}-"):
        yield f"{image} has another Rust than rust-toolchain.toml"
    if "secrets." in str({key: value for key, value in job.items() if key != "steps"}):
        yield "secrets are for the one step that needs them"
    known = set(document.get("env", {})) | set(job.get("env", {}))
    for step in job["steps"]:
        yield from of_step(root, events, known, step)


def toolchain(root):
    return re.search(r'^channel = "(.*)"$', (root / "rust-toolchain.toml").read_text(encoding="utf-8"), re.MULTILINE)[1]


def of_step(root, events, known, step):
    if "uses" in step:
        yield from of_action(events, step)
    else:
        yield from of_call(root, events, known, step)


def of_action(events, step):
    uses, options = step["uses"], step.get("with", {})
    if not ACTION.match(uses):
        yield f"{uses} is not pinned to a commit"
    if uses.startswith("actions/checkout@") and options.get("persist-credentials") is not False:
        yield "a checkout leaves its token behind: persist-credentials: false"
    if uses.startswith("actions/cache@") and not events & {"pull_request", "merge_group"}:
        yield "what a cache holds has no place in what others run"
    if "secrets." in str(step):
        yield f"{uses} is given a secret"


def of_call(root, events, known, step):
    line = step.get("run", "").strip()
    call = CALL.match(line)
    if not call:
        yield f"a step calls a script of .ci or infra and does nothing else: {line!r}"
        return
    if "shell" in step or "working-directory" in step:
        yield f"{line}: a script finds its own shell and folder"
    if "secrets." in str(step) and events & STRANGERS:
        yield f"{line}: strangers can start what has a secret"
    yield from of_script(root, call["script"])
    for name in re.findall(r"\$([A-Z_]+)", call["rest"]):
        if name not in known | set(step.get("env", {})) and not name.startswith("GITHUB_"):
            yield f"{line}: ${name} is not set"


def of_script(root, script):
    path = root / script
    if not path.is_file():
        yield f"there is no {script}"
    elif not path.stat().st_mode & 0o100 or not path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n"):
        yield f"{script} is not to be run by bash: it wants `#!/usr/bin/env bash` and mode 755"
    elif subprocess.run(["bash", "-n", path], check=False, capture_output=True).returncode:
        yield f"{script} is no bash"


# What is done to which file, and a word of the fault that has to be found.
WRONG = [
    ("ci.yml", "run: .ci/lint target", "run: .ci/lnit target", "there is no .ci/lnit"),
    ("ci.yml", "run: .ci/lint target", "run: cargo clippy && .ci/lint target", "does nothing else"),
    ("ci.yml", "run: .ci/test\n", "run: |\n          .ci/test\n          .ci/test\n", "does nothing else"),
    ("ci.yml", "run: .ci/test mysql", "run: .ci/test ${{ github.head_ref }}", "does nothing else"),
    ("ci.yml", "run: .ci/test mysql", "run: .ci/test $SERVERS", "does nothing else"),
    ("ci.yml", "run: .ci/test mysql", 'run: .ci/test "$SERVERS"', "$SERVERS is not set"),
    ("ci.yml", "run: .ci/image build", "shell: sh\n        run: .ci/image build", "its own shell"),
    ("ci.yml", "uses: actions/checkout@", "uses: actions/checkout@v5 # ", "not pinned"),
    ("ci.yml", " # v", " # ", "which version"),
    ("ci.yml", "persist-credentials: false", "fetch-depth: 1", "leaves its token"),
    ("ci.yml", "container: rust:", "container: rust:latest-", "no exact version"),
    ("ci.yml", "container: rust:", "container: rust:1.0.0-", "has another Rust"),
    ("ci.yml", "    timeout-minutes: 60\n", "", "timeout-minutes"),
    ("ci.yml", "    permissions:\n      contents: read\n", "", "permissions are missing"),
    ("ci.yml", "      contents: read\n", "      contents: write\n", "strangers can start may write"),
    ("ci.yml", "permissions: {}", "permissions: read-all", "permissions: {}"),
    ("ci.yml", "  pull_request:\n", "  pull_request_target:\n", "pull_request_target"),
    ("ci.yml", "- run: .ci/image build", "- run: .ci/image build\n        env: { A: '${{ secrets.A }}' }", "has a secret"),
    ("deploy.yml", "    environment: $", "    env: { A: '${{ secrets.A }}' }\n    environment: $", "the one step"),
    ("deploy.yml", "          IMAGE: ${{ inputs.image }}\n", "", "$IMAGE is not set"),
    ("deploy.yml", "concurrency:", "name_:", "concurrency is missing"),
    ("release.yml", "uses: ./.github/workflows/ci.yml", "uses: ./.github/workflows/checks.yml", "there is no ./.github"),
    ("release.yml", "uses: actions/download-artifact@", "uses: actions/cache@", "what a cache holds"),
    ("release.yml", "          pattern: archive-*\n", "          github-token: ${{ secrets.A }}\n", "is given a secret"),
    (".ci/lint", "#!/usr/bin/env bash\n", "#!/bin/sh\n", "not to be run by bash"),
    (".ci/lint", "main() {\n", "main( {\n", "is no bash"),
]


def tried(root):
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for name in (".ci", ".github"):
            shutil.copytree(root / name, copy / name)
        shutil.copy(root / "rust-toolchain.toml", copy)
        for name, was, becomes, word in WRONG:
            path = copy / name if "/" in name else copy / ".github/workflows" / name
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(was, becomes, 1), encoding="utf-8")
            if was not in text or not any(word in fault for fault in faults(copy)):
                print(f"not found: {becomes!r} in place of {was!r} in {name}")
                missed += 1
            path.write_text(text, encoding="utf-8")
        (copy / ".ci/lint").chmod(0o644)
        if not any("not to be run by bash" in fault for fault in faults(copy)):
            print("not found: a script that may not be run")
            missed += 1
    print(f"{len(WRONG) + 1 - missed} of {len(WRONG) + 1} ways to break them are found")
    return 1 if missed else 0


sys.exit(main(sys.argv[1:]))
