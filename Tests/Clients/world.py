"""The daemon under trial and how one speaks with it: plain HTTP, so that every byte is ours."""

import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# What the wallet in between asks of its clients.
WALLET_KEY = "0201036c6e64"

CONFIGURATION = """\
# As behind a proxy on this machine, so that one can be put in front.
http:
  address: "127.0.0.1:{port}"
  tls_ended_by_proxy: true
  trusted_proxies: [127.0.0.1/32]
  public_url: "http://127.0.0.1:{port}"
log: {{clients: true}}
state_directory: "{work}/provider/state"
database: {{url: "postgresql:///leasehold"}}
# Ordinary invoices: what fails here gives credit, and the tour pays on success.
lightning: {{node: embedded, hold: false}}
hosts:
  - name: trial
    disk: {{pool: "{work}/provider/pool", size: 2147483648}}
    compute: {{runtime: runc}}
    subid_base: 3000000
images:
  - {{name: busybox, path: "{work}/provider/images/busybox"}}
  - {{name: broken, path: "{work}/provider/images/broken"}}
# A relay on this machine.
wallets: {{allow: [127.0.0.0/8]}}
notices: {{nostr_allow: [127.0.0.0/8]}}
limits: {{mints_per_minute: 1000000, mints_per_minute_per_client: 1000000, unpaid_holds_per_client: 1000}}
offers:
  - id: spell-disk
    kind: disk
    title: A little disk for a little while
    period_seconds: 12
    price_msat: 3000
    resources: {{disk_bytes: 16777216}}
    policy: {{lead_seconds: 3, grace_seconds: 1, retention_seconds: 1200}}
    max_periods: 10
  # What autopay keeps: with a lead that a busy machine does not sleep through.
  - id: kept-disk
    kind: disk
    title: A little disk for a little longer
    period_seconds: 40
    price_msat: 3000
    resources: {{disk_bytes: 16777216}}
    policy: {{lead_seconds: 15, grace_seconds: 1, retention_seconds: 1200}}
    max_periods: 10
  # What a wallet is asked for, whatever kills the daemon meanwhile.
  - id: pulled-disk
    kind: disk
    title: A little disk that a wallet pays for
    period_seconds: 24
    price_msat: 3000
    resources: {{disk_bytes: 16777216}}
    policy: {{lead_seconds: 12, grace_seconds: 1, retention_seconds: 1200}}
    max_periods: 10
  - id: spell-box
    kind: compute
    title: A container for a little while
    period_seconds: 12
    price_msat: 4000
    resources: {{cpu_millis: 250, memory_bytes: 33554432, pids: 32, disk_bytes: 16777216}}
    policy: {{lead_seconds: 3, grace_seconds: 1, retention_seconds: 1200}}
    images: [busybox]
    max_periods: 10
  - id: day-disk
    kind: disk
    title: Some disk for a day
    period_seconds: 86400
    price_msat: 20000
    resources: {{disk_bytes: 50331648}}
    max_periods: 30
  - id: day-box
    kind: compute
    title: A container for a day
    period_seconds: 86400
    price_msat: 50000
    resources: {{cpu_millis: 250, memory_bytes: 33554432, pids: 32, disk_bytes: 16777216}}
    images: [busybox, broken]
    max_periods: 30
"""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The problem's stable code."""
        return self.json()["type"].rsplit(":", 1)[-1]

    def expect(self, status, code=None):
        found = f"{self.status} {self.body[:300].decode(errors='replace')}"
        assert self.status == status, f"expected {status}, found {found}"
        assert code is None or self.code == code, f"expected {code}, found {found}"
        return self


class World:
    def __init__(self):
        self.work = Path(os.environ["LEASEHOLD_CLIENTS_WORK"])
        self.programs = Path(os.environ["LEASEHOLD_CLIENTS_PROGRAMS"])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.server = f"http://127.0.0.1:{self.port}"
        self.configuration = self.work / "provider/leasehold.yaml"
        self.configuration.write_text(CONFIGURATION.format(port=self.port, work=self.work))
        self.log_file = self.work / "daemon.log"
        self.record = self.work / "paid"
        self.record.touch()
        self.daemon = self.wallet_process = None

    # ---- the daemon ------------------------------------------------------------------------------------------------

    def start(self):
        migrated = subprocess.run(
            [self.programs / "leaseholdd", "migrate", "--config", self.configuration], capture_output=True, text=True)
        assert migrated.returncode == 0, migrated.stderr
        self.serve()
        self.wallet_process = subprocess.Popen(
            [sys.executable, HERE / "wallet.py", self.server, WALLET_KEY, self.record], stdout=subprocess.PIPE,
            text=True)
        self.wallet = f"http://127.0.0.1:{int(self.wallet_process.stdout.readline())}"

    def serve(self):
        """Starts the daemon, again where one was killed."""
        # Everything it could say, so that what must not be said would be.
        begun = self.log_file.stat().st_size if self.log_file.exists() else 0
        with open(self.log_file, "ab") as log:
            self.daemon = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", self.programs / "leaseholdd", "serve", "--config",
                 self.configuration],
                stdout=log, stderr=log, env={**os.environ, "LEASEHOLD_LOG_LEVEL": "trace"})
        follower = subprocess.Popen(
            ["tail", "-c", f"+{begun + 1}", "-f", f"--pid={self.daemon.pid}", self.log_file], stdout=subprocess.PIPE, text=True)
        try:
            for line in lines_of(follower.stdout, 60):
                if "listening on" in line:
                    break
            else:
                raise AssertionError("the daemon did not begin to serve")
        finally:
            follower.kill()
            follower.wait()
        self.ask("GET", "/readyz").expect(200)

    def stop(self):
        for process in (self.daemon, self.wallet_process):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    @property
    def is_up(self):
        return self.daemon.poll() is None

    # ---- HTTP ------------------------------------------------------------------------------------------------------

    def ask(self, method, path, document=None, credential=None, headers=(), body=None, timeout=60):
        """One request on a connection of its own. `document` is sent as JSON, `body` as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = dict(headers)
            if document is not None:
                body = json.dumps(document).encode()
                headers.setdefault("Content-Type", "application/json")
            if credential:
                headers["Authorization"] = credential
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def raw(self, request, timeout=30):
        """Sends bytes, and reads one answer or none: (status or None, everything that came)."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(request)
            return read_answer(connection)

    def pay(self, invoice):
        preimage = self.ask("POST", "/dev/pay", {"invoice": invoice}).expect(200).json()["preimage"]
        with open(self.record, "a") as record:
            record.write(preimage + "\n")
        return preimage

    def buy(self, method, path, document=None, credential=None):
        """What any L402 client does. Request, 402, pay, the same request again: the answer, and the credential."""
        challenge = challenge_of(self.ask(method, path, document, credential).expect(402).headers["WWW-Authenticate"])
        credential = f"L402 {challenge['macaroon']}:{self.pay(challenge['invoice'])}"
        return self.ask(method, path, document, credential), credential

    def rent(self, offer, **more):
        answer, credential = self.buy("POST", "/v1/leases", {"offer": offer, **more})
        lease = answer.expect(201).json()["id"]
        self.remember(lease)
        return lease, credential

    def remember(self, lease):
        """Whatever happens to us, the script that started us ends what runs in its control groups."""
        with open(self.work / "leases", "a") as leases:
            leases.write(lease + "\n")

    # ---- looking ---------------------------------------------------------------------------------------------------

    def lease(self, lease, credential):
        return self.ask("GET", f"/v1/leases/{lease}", credential=credential).expect(200).json()

    def payments(self, lease, credential):
        """What the ledger says came in for a lease, in msat, a number for each payment."""
        items = self.ask("GET", f"/v1/leases/{lease}/ledger?limit=1000", credential=credential).expect(200).json()
        return [item["msat"] for item in items["items"] if item["debit"] == "node"]

    def operator(self, lease):
        token = (self.work / "provider/state/admin.token").read_text().strip()
        return self.ask("GET", f"/admin/v1/leases/{lease}", credential=f"Bearer {token}").expect(200).json()["lease"]

    def explain(self, lease, credential):
        path = f"/v1/leases/{lease}/explain?limit=1000"
        return self.ask("GET", path, credential=credential).expect(200).json()["items"]

    def available(self, offer):
        return self.ask("GET", f"/v1/offers/{offer}").expect(200).json()["available"]

    def await_event(self, lease, credential, wanted, seconds=90, after=0):
        """Follows the lease's events, from the one after `after`, until `wanted` comes. Returns its number."""
        deadline = time.monotonic() + seconds
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(
                "GET", f"/v1/leases/{lease}/events",
                headers={"Authorization": credential, "Last-Event-ID": str(after)})
            answer = connection.getresponse()
            assert answer.status == 200, f"events: {answer.status} {answer.read()[:200]}"
            number = name = None
            while time.monotonic() < deadline and (line := answer.readline()):
                field, _, value = line.decode().rstrip("\r\n").partition(": ")
                if field == "id":
                    number = int(value)
                elif field == "event":
                    name = value
                elif field == "data" and name == wanted:
                    return number
        except TimeoutError:
            pass
        finally:
            connection.close()
        raise AssertionError(f"no event '{wanted}' of {lease} in {seconds} s")

    def audit(self):
        said = subprocess.run(
            [self.programs / "leasehold", "admin", "audit", "--token-file", self.work / "provider/state/admin.token"],
            capture_output=True, text=True, env={**os.environ, "LEASEHOLD_SERVER": self.server})
        assert said.returncode == 0, said.stdout + said.stderr

    # ---- the database ----------------------------------------------------------------------------------------------

    def postgres(self, verb):
        subprocess.run(
            [ROOT / "scripts/postgres", verb, self.work / "provider/postgres"], check=True, capture_output=True)


def challenge_of(line):
    """The fields of a `WWW-Authenticate` line, read as loosely as the clients do."""
    assert line and line.startswith("L402 "), f"no challenge: {line}"
    return dict(re.findall(r'(\w+)="([^"]*)"', line))


def lines_of(stream, seconds):
    """Lines as they come, for so long and no longer."""
    deadline = time.monotonic() + seconds
    rest = ""
    while (left := deadline - time.monotonic()) > 0 and select.select([stream], [], [], left)[0]:
        if not (part := os.read(stream.fileno(), 65536).decode(errors="replace")):
            return
        *whole, rest = (rest + part).split("\n")
        yield from whole


def read_answer(connection):
    """Reads until the headers and the body they announce are there, or the other side has hung up."""
    said = b""
    try:
        while True:
            head, blank, body = said.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            if blank and length and len(body) >= int(length[1]):
                break
            if not (part := connection.recv(65536)):
                break
            said += part
    except ConnectionResetError:
        pass
    status = re.match(rb"HTTP/1\.1 (\d{3})", said)
    return (int(status[1]) if status else None), said
