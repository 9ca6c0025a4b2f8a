"""The API held against its own document: the document is valid OpenAPI 3.1, and what it leads a machine to ask is
answered as it says, never with a failure of ours. Bounded, and the same each time.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from report import same

TOOLS = Path(sys.executable).parent
# The document cannot say everything that the door holds to (`1.0` is an integer to JSON Schema), one template
# (`/credentials/{token}`) covers another's path (`/credentials/rotate`), and a request wrong in two ways may be told
# either: that its cursor is none or that its credential is missing.
LEFT_OUT = "positive_data_acceptance,allow_header_conformance,missing_required_header"


def try_contract(world, report):
    document = world.work / "openapi.json"
    document.write_bytes(world.ask("GET", "/openapi.json").expect(200).body)
    report.step("the OpenAPI document is valid", valid, document)
    report.step("a stranger's requests, made from the document", schemathesis, world, {})
    lease, credential = world.rent("day-box", image="busybox")
    report.step("the same with a lease and its credential", schemathesis, world, {"lease": lease}, credential)
    same("the lease", "active", world.lease(lease, credential)["state"])
    token = (world.work / "provider/state/admin.token").read_text().strip()
    report.step("the same as the operator", schemathesis, world, {}, f"Bearer {token}", "--include-path-regex", "^/admin")


def valid(document):
    same("its version", "3.1", json.loads(document.read_text())["openapi"][:3])
    said = subprocess.run([TOOLS / "openapi-spec-validator", document], capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stdout + said.stderr


def schemathesis(world, parameters, credential=None, *more):
    folder = world.work / "schemathesis"
    folder.mkdir(exist_ok=True)
    settings = "".join(f"\"path.{name}\" = \"{value}\"\n" for name, value in parameters.items())
    (folder / "schemathesis.toml").write_text(f"[parameters]\n{settings}")
    shown = ["--header", f"Authorization: {credential}"] if credential else []
    # Streams that stay open are for others to try, and what would end the lease or its credential is too; LNURL refuses
    # with status 200, as it must, and takes parameters that nobody knows.
    left_out = ["--exclude-path-regex", "/(events|logs)$|lnurlp"]
    if parameters:
        left_out = ["--exclude-path-regex", "/(events|logs|rotate|stop)$|^/admin|lnurlp", "--exclude-method", "DELETE"]
    said = subprocess.run(
        [TOOLS / "schemathesis", "run", f"{world.server}/openapi.json", "--phases", "coverage,fuzzing",
         "--max-examples", "3", "--generation-deterministic", "--checks", "all", "--exclude-checks", LEFT_OUT,
         "--no-color", "--warnings", "off", "--request-timeout", "30", *left_out, *shown, *more],
        capture_output=True, text=True, cwd=folder, timeout=400, env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": "x"})
    (folder / f"said-{len(list(folder.glob('said-*')))}").write_text(said.stdout + said.stderr)
    assert said.returncode == 0, said.stdout[-3000:] + said.stderr[-500:]
