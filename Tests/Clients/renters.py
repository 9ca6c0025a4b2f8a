"""The L402 clients that people run, each used as its documentation says. Each rents, uses what it rented, renews, and
comes back after its time has run out: then the very request that used to work pays the renewal by itself.

A client class has `name`, `notes`, and the four steps; `lease` and `credential` are how the trial looks behind it.
"""

import asyncio
import json
import os
import re
import subprocess

import bolt402
import bolthub
import l402
from l402_requests import BudgetController, CredentialCache, L402Client as RequestsClient, LndWallet
from l402kit import AlbyWallet, L402Client as KitClient
from lightning_toll.client.fetch import auto_pay
from pyl402.client.l402 import L402Client as PyClient
from pyl402.token_store import MemoryTokenStore
from pyl402.wallet.wallet import PaymentResult, Wallet

from faults import until
from report import same
from world import HERE, WALLET_KEY, challenge_of

PERIODS = json.dumps({"periods": 1})


class Renter:
    def __init__(self, world):
        self.world = world
        self.lease = self.credential = None

    def url(self, path):
        return self.world.server + path

    @property
    def note(self):
        return self.url(f"/dav/{self.lease}/note.txt")

    def rented(self, document, sent):
        """Keeps the lease; `sent` is the Authorization that bought it."""
        self.lease, self.credential = document["id"], sent
        self.world.remember(self.lease)


class Curl(Renter):
    name = "curl"
    notes = "a shell script with sed; any WebDAV method"

    def curl(self, *arguments):
        said = subprocess.run(["curl", "-sS", "-i", *arguments], capture_output=True, check=True).stdout.decode()
        head, _, body = said.rpartition("\r\n\r\n")
        return int(re.findall(r"^HTTP/1.1 (\d+)", head, re.M)[-1]), head, body

    def buy(self, *arguments, credential=None):
        shown = ["-H", f"Authorization: {credential}"] if credential else []
        status, head, _ = self.curl(*shown, *arguments)
        same("the first answer", 402, status)
        challenge = challenge_of(re.search(r"(?mi)^www-authenticate: (.*?)\r?$", head)[1])
        paid = self.curl(self.url("/dev/pay"), "-H", "Content-Type: application/json", "-d",
                         json.dumps({"invoice": challenge["invoice"]}))
        credential = f"L402 {challenge['macaroon']}:{json.loads(paid[2])['preimage']}"
        with open(self.world.record, "a") as record:
            record.write(json.loads(paid[2])["preimage"] + "\n")
        return self.curl("-H", f"Authorization: {credential}", *arguments), credential

    def rent(self):
        (status, _, body), credential = self.buy(
            self.url("/v1/leases"), "-H", "Content-Type: application/json", "-d", '{"offer":"spell-disk"}')
        same("the lease", 201, status)
        self.rented(json.loads(body), credential)

    def use(self):
        shown = ("-H", f"Authorization: {self.credential}")
        same("a file goes in", 201, self.curl(*shown, "-X", "PUT", "--data-binary", "kept", self.note)[0])
        same("and comes out", "kept", self.curl(*shown, self.note)[2])

    def renew(self):
        (status, _, _), self.credential = self.buy(
            self.url(f"/v1/leases/{self.lease}/renewals"), "-H", "Content-Type: application/json", "-d", PERIODS,
            credential=self.credential)
        same("the renewal", 200, status)

    def come_back(self):
        (status, _, body), self.credential = self.buy(self.note, credential=self.credential)
        same("the file", (200, "kept"), (status, body))


class L402Requests(Renter):
    name = "l402-requests"
    notes = "PUT too; put the credential into its cache for /dav/<lease>. Its LND wallet wants base64, LND says hex"

    def __init__(self, world):
        super().__init__(world)
        self.cache = CredentialCache()
        # An empty cache is false, and the client would take one of its own instead.
        self.cache.put("example.org", "/", "none", "none")
        self.client = RequestsClient(
            wallet=LndWallet(world.wallet + "/base64", WALLET_KEY), credential_cache=self.cache,
            budget=BudgetController(max_sats_per_request=100))

    def rent(self):
        answer = self.client.post(self.url("/v1/leases"), json={"offer": "spell-disk"})
        same("the lease", 201, answer.status_code)
        bought = self.cache.get("127.0.0.1", "/v1/leases")
        self.rented(answer.json(), bought.authorization_header)
        # It keeps credentials by the first two segments of a path: this one is for the disk as well.
        self.cache.put("127.0.0.1", f"/dav/{self.lease}", bought.macaroon, bought.preimage)

    def use(self):
        same("a file goes in", 201, self.client.put(self.note, content=b"kept").status_code)
        same("and comes out", b"kept", self.client.get(self.note).content)

    def renew(self):
        answer = self.client.post(self.url(f"/v1/leases/{self.lease}/renewals"), json={"periods": 1})
        same("the renewal", 200, answer.status_code)

    def come_back(self):
        answer = self.client.get(self.note)
        same("the file", (200, b"kept"), (answer.status_code, answer.content))
        # What it bought is in its cache now, and goes on serving.
        same("once more", b"kept", self.client.get(self.note).content)


class L402Kit(Renter):
    name = "l402kit"
    notes = "GET and POST only, so a container; give the credential as a header, its cache is by URL"

    def __init__(self, world):
        super().__init__(world)
        self.client = KitClient(wallet=AlbyWallet(WALLET_KEY, world.wallet + "/alby"), budget_sats=1000)

    def say(self, word):
        answer = self.client.post(
            self.url(f"/v1/leases/{self.lease}/exec"), json={"command": ["echo", word]},
            headers={"Authorization": self.credential})
        same("exec", 200, answer.status_code)
        last = json.loads(answer.text.splitlines()[-1])
        same("its exit code", {"exit_code": 0}, last)

    def rent(self):
        answer = self.client.post(self.url("/v1/leases"), json={"offer": "spell-box", "image": "busybox"})
        same("the lease", 201, answer.status_code)
        self.rented(answer.json(), answer.request.headers["Authorization"])

    def use(self):
        self.say("in use")

    def renew(self):
        answer = self.client.post(
            self.url(f"/v1/leases/{self.lease}/renewals"), json={"periods": 1},
            headers={"Authorization": self.credential})
        same("the renewal", 200, answer.status_code)

    def come_back(self):
        before = self.client.spending_report().total
        self.say("back again")
        assert self.client.spending_report().total > before, "it paid nothing"
        self.say("and again")


class PyL402(Renter):
    name = "pyl402"
    notes = "says `L402 L402 …` when it uses a token again, which is read; its store is by URL, copy the token there"

    class Purse(Wallet):
        def __init__(self, world):
            self.world = world

        def pay_invoice(self, invoice):
            return PaymentResult(preimage=self.world.pay(invoice), success=True)

    def __init__(self, world):
        super().__init__(world)
        self.store = MemoryTokenStore()
        self.client = PyClient(self.Purse(world), self.store)

    def rent(self):
        answer = self.client.post(self.url("/v1/leases"), json={"offer": "spell-disk"})
        same("the lease", 201, answer.status_code)
        self.rented(answer.json(), answer.request.headers["Authorization"])
        bought = self.store.get(self.url("/v1/leases"))
        self.store.put(self.note, bought)
        self.store.put(self.url(f"/v1/leases/{self.lease}/renewals"), bought)

    def use(self):
        answer = self.client.put(self.note, content=b"kept")
        same("a file goes in", 201, answer.status_code)
        assert answer.request.headers["Authorization"].startswith("L402 L402 "), "the scheme is no longer doubled"
        same("and comes out", b"kept", self.client.get(self.note).content)

    def renew(self):
        answer = self.client.post(self.url(f"/v1/leases/{self.lease}/renewals"), json={"periods": 1})
        same("the renewal", 200, answer.status_code)

    def come_back(self):
        answer = self.client.get(self.note)
        same("the file", (200, b"kept"), (answer.status_code, answer.content))
        same("once more", b"kept", self.client.get(self.note).content)


class Bolt402(Renter):
    name = "bolt402"
    notes = "takes no headers and keeps credentials to itself, one a URL: rents and renews; for a door, its wallet alone"
    module = bolt402

    def __init__(self, world):
        super().__init__(world)
        self.node = world.wallet + "/hex"
        self.client = self.module.L402Client.with_lnd_rest(
            self.node, WALLET_KEY, budget=self.module.Budget(per_request_max=100))

    def rent(self):
        answer = self.client.post(self.url("/v1/leases"), json.dumps({"offer": "spell-disk"}))
        same("the lease", (201, True), (answer.status, answer.paid))
        self.rented(answer.json(), None)
        again = self.client.post(self.url("/v1/leases"), json.dumps({"offer": "spell-disk"}))
        same("asked again, it is the same lease", (201, False, self.lease),
             (again.status, again.paid, again.json()["id"]))

    def use(self):
        # Its client has no way to show at a door what it bought at another URL, and a stranger is sold nothing there.
        answer = self.client.get(self.note)
        same("the door for a stranger", (401, False), (answer.status, answer.paid))
        # So its backend pays, and the request is made by hand.
        world = self.world
        asked = world.ask("POST", "/v1/leases", {"offer": "spell-disk"}).expect(402)
        challenge = challenge_of(asked.headers["WWW-Authenticate"])
        paid = self.module.LndRestBackend(self.node, WALLET_KEY).pay_invoice(challenge["invoice"], 10)
        credential = f"L402 {challenge['macaroon']}:{paid.preimage}"
        lease = world.ask("POST", "/v1/leases", {"offer": "spell-disk"}, credential).expect(201).json()["id"]
        world.remember(lease)
        world.ask("PUT", f"/dav/{lease}/note.txt", credential=credential, body=b"kept").expect(201)
        same("the file", b"kept", world.ask("GET", f"/dav/{lease}/note.txt", credential=credential).body)

    def renew(self):
        answer = self.client.post(self.url(f"/v1/leases/{self.lease}/renewals"), PERIODS)
        same("the renewal", (200, True), (answer.status, answer.paid))

    def come_back(self):
        answer = self.client.post(self.url(f"/v1/leases/{self.lease}/renewals"), PERIODS)
        same("the renewal", (200, True), (answer.status, answer.paid))
        world = self.world
        # What it cannot do at the door anybody can who holds a credential of the lease; here it is the operator who looks.
        same("the lease", "active", world.operator(self.lease)["state"])


class L402SDK(Bolt402):
    name = "l402sdk"
    notes = "as bolt402"
    module = l402


class LightningToll(Renter):
    name = "lightning-toll"
    notes = "reads the JSON body alone; give the credential as a header, its cache is by URL"

    class Purse:
        def __init__(self, world):
            self.world = world

        async def pay_invoice(self, invoice):
            return PaymentResult(preimage=self.world.pay(invoice), success=True)

    def __init__(self, world):
        super().__init__(world)
        self.cache = {}

    def fetch(self, url, method="GET", body=None):
        shown = {"Authorization": self.credential} if self.credential else {}
        return asyncio.run(auto_pay(
            url, self.Purse(self.world), method=method, headers=shown, body=body, max_sats=100,
            credential_cache=self.cache))

    def rent(self):
        answer = self.fetch(self.url("/v1/leases"), "POST", {"offer": "spell-disk"})
        same("the lease", (201, True), (answer.status_code, answer.paid))
        bought = self.cache[self.url("/v1/leases")]
        self.rented(answer.body, f"L402 {bought.macaroon}:{bought.preimage}")

    def use(self):
        same("a file goes in", 201, self.fetch(self.note, "PUT", b"kept").status_code)
        same("and comes out", "kept", self.fetch(self.note).body)

    def renew(self):
        answer = self.fetch(self.url(f"/v1/leases/{self.lease}/renewals"), "POST", {"periods": 1})
        same("the renewal", (200, True), (answer.status_code, answer.paid))

    def come_back(self):
        answer = self.fetch(self.note)
        same("the file", (200, True, "kept"), (answer.status_code, answer.paid, answer.body))
        answer = self.fetch(self.note)
        same("once more", (200, False, "kept"), (answer.status_code, answer.paid, answer.body))


class Bolthub(Renter):
    """It keeps no credential beyond the request that paid for it: at the lease's own URLs it would be a stranger."""

    name = "bolthub"
    notes = "every method. Keeps no credential: rent with \"address\": true, and give the credential as a header"

    class Purse:
        def __init__(self, world):
            self.world = world

        def pay_invoice(self, invoice):
            return self.world.pay(invoice)

    def __init__(self, world):
        super().__init__(world)
        self.client = bolthub.L402Client(self.Purse(world), max_per_request_sats=100)
        self.address = None

    @property
    def note(self):
        return self.address + "note.txt"

    def rent(self):
        answer = self.client.post(self.url("/v1/leases"), json={"offer": "spell-disk", "address": True})
        same("the lease", 201, answer.status_code)
        # The answer repeats what paid for it, since the client hides that.
        self.rented(answer.json(), answer.json()["credential"])
        self.address = answer.json()["address"]

    def use(self):
        shown = {"Authorization": self.credential}
        same("a file goes in", 201, self.client.request("PUT", self.note, content=b"kept", headers=shown).status_code)
        same("and comes out", b"kept", self.client.get(self.note, headers=shown).content)
        same("paid for the lease alone", 3, self.client.total_spent)

    def renew(self):
        # Without the credential it is asked for more time, and the file comes with it.
        same("the file", b"kept", self.client.get(self.note).content)
        same("paid twice", 6, self.client.total_spent)

    def come_back(self):
        answer = self.client.get(self.note, headers={"Authorization": self.credential})
        same("the file", (200, b"kept"), (answer.status_code, answer.content))
        bought = answer.request.headers["Authorization"]
        assert bought != self.credential, "it came through with the old one"
        same("once more", b"kept", self.client.get(self.note, headers={"Authorization": bought}).content)
        # The third asks for what the grace has cost as well.
        spent = self.client.total_spent
        assert 9 <= spent <= 10, f"paid three times: expected 9 or 10, found {spent}"


class Lnget(Renter):
    """Does what Lightning Labs' lnget does: a credential for each URL; at a 402 it drops that one, asks again as a stranger,
    and pays what a stranger is asked for."""

    name = "like lnget"
    notes = "drops its credential at a 402 and asks as a stranger: rent with \"address\": true"

    def __init__(self, world):
        super().__init__(world)
        self.kept = {}
        self.address = None

    def fetch(self, method, url, document=None, body=None):
        path = url.removeprefix(self.world.server)
        if path in self.kept:
            answer = self.world.ask(method, path, document, self.kept[path], body=body)
            if answer.status != 402:
                return answer
            del self.kept[path]
        answer = self.world.ask(method, path, document, body=body)
        if answer.status != 402:
            return answer
        challenge = challenge_of(answer.headers["WWW-Authenticate"])
        self.kept[path] = f"L402 {challenge['macaroon']}:{self.world.pay(challenge['invoice'])}"
        return self.world.ask(method, path, document, self.kept[path], body=body)

    @property
    def note(self):
        return self.address + "note.txt"

    def rent(self):
        answer = self.fetch("POST", self.url("/v1/leases"), {"offer": "spell-disk", "address": True}).expect(201)
        self.rented(answer.json(), answer.json()["credential"])
        self.address = answer.json()["address"]
        # The same request shows the same lease, and the same address.
        again = self.fetch("POST", self.url("/v1/leases"), {"offer": "spell-disk", "address": True}).expect(201).json()
        same("the lease and its address", (self.lease, self.address), (again["id"], again["address"]))

    def use(self):
        self.kept[self.note.removeprefix(self.world.server)] = self.credential
        self.fetch("PUT", self.note, body=b"kept").expect(201)
        same("and comes out", b"kept", self.fetch("GET", self.note).expect(200).body)

    def renew(self):
        self.kept.clear()
        same("the file", b"kept", self.fetch("GET", self.note).expect(200).body)

    def come_back(self):
        same("the file", b"kept", self.fetch("GET", self.note).expect(200).body)
        same("once more", b"kept", self.fetch("GET", self.note).expect(200).body)


class OnlyGets(Renter):
    """A client that can do nothing but GET buys by looking."""

    name = "only GET"
    notes = "rents by GET /v1/offers/{offer}/lease; renews at an address, which its lease is asked for by another client"

    def get(self, path, credential=None):
        answer = self.world.ask("GET", path, credential=credential)
        if answer.status != 402:
            return answer
        challenge = challenge_of(answer.headers["WWW-Authenticate"])
        self.credential = f"L402 {challenge['macaroon']}:{self.world.pay(challenge['invoice'])}"
        return self.world.ask("GET", path, credential=self.credential)

    def rent(self):
        lease = self.get("/v1/offers/spell-box/lease").expect(200).json()
        self.rented(lease, lease["credential"])
        again = self.get("/v1/offers/spell-box/lease", self.credential).expect(200).json()
        same("asked again, it is the same lease", lease["id"], again["id"])

    def use(self):
        self.get(f"/v1/leases/{self.lease}/logs", self.credential).expect(200)

    def renew(self):
        made = self.world.ask(
            "POST", f"/v1/leases/{self.lease}/addresses", {}, self.credential).expect(201).json()["address"]
        self.address = made.removeprefix(self.world.server)
        owner = self.credential
        self.get(self.address + "logs").expect(200)
        self.bought, self.credential = self.credential, owner

    def come_back(self):
        owner = self.credential
        self.get(self.address + "logs", self.bought).expect(200)
        self.credential = owner


class Guest(Renter):
    """A client in a Python of its own; see guests/guest.py."""

    python = "LEASEHOLD_CLIENTS_AGENTS"
    program = None

    def __init__(self, world):
        super().__init__(world)
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", os.environ[self.python], HERE / "guests" / self.program, world.server,
             world.record],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(world.work / self.program, "wb"), text=True)

    def do(self, **wish):
        self.process.stdin.write(json.dumps(wish) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        assert "failed" not in said, said["failed"]
        return said

    @classmethod
    def is_there(cls):
        return bool(os.environ.get(cls.python))


class RouteWeiler(Guest):
    name = "routeweiler"
    notes = "any method; hides the credential that it bought: take `credential` from the lease's document"
    program = "routeweiler_guest.py"

    def ask(self, method, url, status, **more):
        said = self.do(method=method, url=url, **more)
        same(f"{method} {url}: {said['text'][:200]}", status, said["status"])
        return said["text"]

    def rent(self):
        lease = json.loads(self.ask("POST", self.url("/v1/leases"), 201, document={"offer": "spell-disk"}))
        self.rented(lease, lease["credential"])

    def use(self):
        self.ask("PUT", self.note, 201, body="kept", credential=self.credential)
        same("and comes out", "kept", self.ask("GET", self.note, 200, credential=self.credential))

    def renew(self):
        self.ask("POST", self.url(f"/v1/leases/{self.lease}/renewals"), 200, document={"periods": 1},
                 credential=self.credential)

    def come_back(self):
        same("the file", "kept", self.ask("GET", self.note, 200, credential=self.credential))


class LNChurch(Guest):
    name = "ln-church-agent"
    notes = "JSON alone, so a container; hides the credential: take `credential` from the lease's document"
    program = "ln_church_guest.py"

    def ask(self, method, path, document=None):
        return self.do(method=method, url=self.url(path), document=document, credential=self.credential)["document"]

    def rent(self):
        lease = self.ask("POST", "/v1/leases", {"offer": "spell-box", "image": "busybox"})
        self.rented(lease, lease["credential"])

    def use(self):
        same("its state", "active", self.ask("GET", f"/v1/leases/{self.lease}")["state"])
        said = self.ask("POST", f"/v1/leases/{self.lease}/exec", {"command": ["true"]})
        same("exec", {"exit_code": 0}, said)

    def renew(self):
        same("the lease", self.lease, self.ask("POST", f"/v1/leases/{self.lease}/renewals", {"periods": 1})["id"])

    def come_back(self):
        same("exec", {"exit_code": 0}, self.ask("POST", f"/v1/leases/{self.lease}/exec", {"command": ["true"]}))


class LightningEnable(Guest):
    name = "lightning-enable-mcp"
    notes = "only GETs: rents by GET /v1/offers/{offer}/lease, and renews at an address that another client asks for"
    python = "LEASEHOLD_CLIENTS_MCP1"
    program = "lightning_enable_guest.py"

    def get(self, path, paid, credential=None):
        said = self.do(url=path if "://" in path else self.url(path), credential=credential)
        assert (said["paid"] is not None) == paid, f"{path}: paid {said['paid']}"
        return said["text"]

    def rent(self):
        lease = json.loads(self.get("/v1/offers/spell-disk/lease", True))
        self.rented(lease, lease["credential"])
        self.world.ask("PUT", f"/dav/{self.lease}/note.txt", credential=self.credential, body=b"kept").expect(201)

    def use(self):
        same("the file", "kept", self.get(self.note, False, self.credential))

    def renew(self):
        self.address = self.world.ask(
            "POST", f"/v1/leases/{self.lease}/addresses", {}, self.credential).expect(201).json()["address"]
        same("the file", "kept", self.get(self.address + "note.txt", True))

    def come_back(self):
        same("the file", "kept", self.get(self.address + "note.txt", True))


GUESTS = [RouteWeiler, LNChurch, LightningEnable]
CLIENTS = [Curl, L402Requests, L402Kit, PyL402, Bolt402, L402SDK, LightningToll, Bolthub, Lnget, OnlyGets]


def try_clients(world, report):
    """All of them rent, use and renew; then their time runs out; then all of them come back."""
    for guest in GUESTS:
        if not guest.is_there():
            report.skip("clients", f"{guest.name} rents and comes back", "it could not be installed from PyPI")
    renters = [client(world) for client in CLIENTS + [guest for guest in GUESTS if guest.is_there()]]
    for renter in renters:
        report.cell(renter.name, "rent", "rents", renter.rent)
        report.cell(renter.name, "use", "uses what it rented", renter.use)
        report.cell(renter.name, "renew", "renews", renter.renew)
        report.cell(renter.name, "paid", "was charged for two periods", charged, renter, 2)
    # Those who cannot follow events come last: what was rented later has run out by then.
    for renter in sorted(renters, key=lambda renter: renter.credential is None):
        report.step(f"{renter.name}: its time runs out", runs_out, renter)
    for renter in renters:
        report.cell(renter.name, "return", "comes back, and pays by itself", renter.come_back)
        report.cell(renter.name, "paid", "was charged for three", charged, renter, 3)
        report.note(renter.name, renter.notes)


def charged(renter, times):
    """Each payment once: behind each client the ledger says so, or its own receipts where it shows nobody its credential."""
    if renter.credential:
        # A door lets in who has paid, and the payment is booked a moment later.
        until(lambda: len(renter.world.payments(renter.lease, renter.credential)) >= times)
        same("payments", times, len(renter.world.payments(renter.lease, renter.credential)))
    else:
        same("receipts", times, len(renter.client.receipts()))


def runs_out(renter):
    if renter.credential:
        renter.world.await_event(renter.lease, renter.credential, "suspended")
    same("the lease", "suspended", renter.world.operator(renter.lease)["state"])
