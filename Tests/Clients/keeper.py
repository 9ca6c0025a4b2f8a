"""`leasehold autopay` against the running daemon: it keeps a lease alive, says what it did, pays no period twice whatever
kills it, and spends nothing above the budget. And the wallets of the command line: a person, from the QR code in the terminal, and an LNbits that is real.
"""

import hashlib
import json
import os
import re
import select
import signal
import subprocess
import time
import urllib.request
from datetime import datetime

from report import same
from world import lines_of


def try_keeper(world, report):
    keeper = Keeper(world)
    report.step("autopay: a disk is rented for it to keep", keeper.rent)
    report.step("autopay: two periods are bought, each inside its lead", keeper.keeps)
    report.step("autopay: killed in the middle of paying, again and again: each period once", keeper.is_killed)
    report.step("autopay: above the budget it refuses, says so, and ends with 3", keeper.refuses)
    report.step("autopay: with room in the budget it brings the lease back", keeper.brings_back)
    if said := os.environ.get("LEASEHOLD_CLIENTS_LNBITS"):
        server = LNbits(world, keeper, **json.loads(said))
        report.step("lnbits: a wallet of the command line pays, and never twice", server.pays)
        report.step("lnbits: above the budget it pays nothing", server.refuses)
    else:
        report.skip("lnbits", "a wallet of the command line pays", "no Python that LNbits takes")
    report.step("by hand: it shows a QR code, waits, and goes on once it is paid", keeper.by_hand)


class Keeper:
    OFFER = "kept-disk"
    PRICE = 3000
    PERIOD = 40
    LEAD = 15

    def __init__(self, world):
        self.world = world
        self.state = world.work / "keeper"
        self.lease = None
        # Every line that autopay said, over all its lives.
        self.said = []

    def leasehold(self, *arguments, **more):
        return subprocess.Popen(
            [self.world.programs / "leasehold", *arguments, "--server", self.world.server, "--state-directory",
             self.state],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, **more)

    def run(self, *arguments, status=0):
        with self.leasehold(*arguments) as process:
            out, err = process.communicate(timeout=60)
        same(f"leasehold {arguments[0]}: {err[-300:]}: its status", status, process.returncode)
        return out

    def document(self):
        return json.loads(self.run("show", self.lease, "--json"))

    def rent(self):
        self.lease = json.loads(self.run("rent", self.OFFER, "--yes", "--json"))["id"]
        self.world.remember(self.lease)
        same("spent", self.PRICE, self.spent())

    def spent(self):
        return json.loads(self.run("budget", "--json"))["spent_msat"]

    def keep(self, *arguments):
        return self.leasehold("autopay", self.lease, "--yes", "--json", *arguments)

    def listen(self, process, seconds, enough):
        """Reads what it says until there is enough of it, and gives that back."""
        heard = []
        for line in lines_of(process.stdout, seconds):
            heard.append(json.loads(line))
            self.said.append(heard[-1])
            if enough(heard):
                return heard
        raise AssertionError(f"autopay said no more than {[each['event'] for each in heard]}")

    def keeps(self):
        """Two renewals, each paid for after its lead began and before the time ran out, and the lease never suspended."""
        before = self.document()
        process = self.keep()
        try:
            heard = self.listen(
                process, 180, lambda heard: sum(each["event"] == "renewed" for each in heard) == 2)
        finally:
            end(process, signal.SIGTERM)
        ends = instant(before["paid_until"])
        for renewal in (each for each in heard if each["event"] == "renewed"):
            same("what it cost", self.PRICE, renewal["amount_msat"])
            assert ends - self.LEAD <= instant(renewal["at"]) < ends, f"renewed at {renewal['at']}, its time ended at {ends}"
            same("what it bought", self.PERIOD, round(instant(renewal["paid_until"]) - ends, 3))
            ends = instant(renewal["paid_until"])
        assert all(each["reason"] == "not-due" for each in heard if each["event"] == "waiting"), heard
        events = {item["to"] for item in self.explain()}
        assert "suspended" not in events, events
        same("spent", 3 * self.PRICE, self.spent())

    def explain(self):
        token = (self.world.work / "provider/state/admin.token").read_text().strip()
        path = f"/admin/v1/leases/{self.lease}/explain?limit=1000"
        return self.world.ask("GET", path, credential=f"Bearer {token}").expect(200).json()["items"]

    def is_killed(self):
        """Killed when it has set the money aside and asks for the payment, and when it has paid and told nobody: started
        again, it goes on, and each period that was bought was paid once."""
        moments = ("paying", "paid", "paying")
        for word in moments:
            started = self.document()
            # It begins up to half a lead late, and the lead is half a period: now it is due in any case.
            wait = instant(started["paid_until"]) - self.PERIOD / 4 - time.time()
            if wait > 0:
                time.sleep(wait)
            process = self.keep_once()
            seen = None
            for line in lines_of(process.stderr, 30):
                if line.startswith(word + " "):
                    end(process, signal.SIGKILL)
                    seen = line
                    break
            assert seen, f"it never said '{word}'"
            process = self.keep_once()
            out, err = process.communicate(timeout=60)
            same(f"its end, {err[-300:]}", 0, process.returncode)
            self.said += [json.loads(line) for line in out.splitlines()]
            gained = instant(self.document()["paid_until"]) - instant(started["paid_until"])
            same(f"periods gained, killed at '{seen}'", 1, round(gained / self.PERIOD))
        same("spent", (3 + len(moments)) * self.PRICE, self.spent())

    def keep_once(self):
        """With a lead of half a period, so that it is due well before the time is over."""
        return self.keep("--once", "--lead", str(self.PERIOD // 2))

    def until(self, state, seconds=180):
        deadline = time.monotonic() + seconds
        while (now := self.world.operator(self.lease)["state"]) != state:
            assert time.monotonic() < deadline, f"the lease is {now}, not {state}"
            time.sleep(0.05)

    def refuses(self):
        self.run("budget", "--per-day", str(self.spent() // 1000))
        before = self.spent()
        self.until("suspended")
        process = self.keep("--once")
        out, err = process.communicate(timeout=60)
        same(f"its end, {err[-300:]}", 3, process.returncode)
        said = [json.loads(line) for line in out.splitlines()]
        same("what it says", ["refused"], [each["event"] for each in said])
        assert "budget" in said[0]["detail"], said
        same("spent", before, self.spent())
        same("the lease", "suspended", self.world.operator(self.lease)["state"])

    def brings_back(self):
        self.run("budget", "--per-day", "1000000")
        process = self.keep("--max-periods", "1", "--start-over")
        try:
            heard = self.listen(process, 180, lambda heard: heard[-1]["event"] == "finished")
            same("its end", 0, process.wait(30))
        finally:
            end(process, signal.SIGKILL)
        same("renewals", 1, sum(each["event"] == "renewed" for each in heard))
        same("why it ended", "enough-periods", heard[-1]["reason"])
        self.run("release", "--yes", self.lease)

    def by_hand(self):
        process = self.leasehold("rent", "day-disk", "--json", "--wallet", "manual")
        try:
            shown, deadline, invoice = "", time.monotonic() + 30, None
            while invoice is None:
                assert time.monotonic() < deadline, f"no invoice is shown: {shown[-500:]}"
                if select.select([process.stderr], [], [], 1)[0]:
                    part = os.read(process.stderr.fileno(), 65536).decode(errors="replace")
                    assert part, f"it ended: {shown[-500:]}"
                    shown += part
                found = re.search(r"lightning:(lnbcrt[0-9a-z]{100,})\s", shown)
                invoice = found and found[1]
            assert re.search("[█▀▄]", shown), "no QR code is shown"
            assert process.poll() is None, "it did not wait"
            self.world.pay(invoice)
            out, _ = process.communicate(timeout=60)
        finally:
            end(process, signal.SIGKILL)
        same("its end", 0, process.returncode)
        lease = json.loads(out)["id"]
        self.world.remember(lease)
        same("the lease", "active", self.world.operator(lease)["state"])


class LNbits:
    """Two wallets on a real LNbits: one makes invoices, the other is the command line's."""

    def __init__(self, world, keeper, url, token):
        self.world, self.keeper, self.url, self.token = world, keeper, url, token
        self.payer = self.merchant = None

    def ask(self, method, path, document, **headers):
        headers = headers or {"Authorization": f"Bearer {self.token}"}
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            self.url + path, json.dumps(document).encode() if document else None,
            {"Content-Type": "application/json", **headers}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def wallet(self, name):
        made = self.ask("POST", "/api/v1/account", {"name": name})
        self.ask("PUT", "/users/api/v1/balance", {"id": made["id"], "amount": 10000})
        return made["adminkey"]

    def balance(self):
        return self.ask("GET", "/api/v1/wallet", None, X_Api_Key=self.payer)["balance"]

    def invoice(self, satoshis):
        made = self.ask(
            "POST", "/api/v1/payments", {"out": False, "amount": satoshis, "memo": "sold"}, X_Api_Key=self.merchant)
        return made["bolt11"], made["payment_hash"]

    def leasehold(self, *arguments, status=0):
        key = self.world.work / "lnbits.key"
        key.touch(0o600)
        key.write_text(self.payer)
        environment = {
            **os.environ, "LEASEHOLD_WALLET": "lnbits", "LEASEHOLD_WALLET_URL": self.url,
            "LEASEHOLD_WALLET_ADMIN_KEY_FILE": str(key)}
        with self.keeper.leasehold(*arguments, "--json", env=environment) as process:
            out, err = process.communicate(timeout=120)
        same(f"leasehold {arguments[0]}: {err[-300:]}: its status", status, process.returncode)
        assert self.payer not in out + err, "it says its key"
        return out

    def pays(self):
        self.payer, self.merchant = self.wallet("renter"), self.wallet("merchant")
        same("whether it answers", True, json.loads(self.leasehold("wallet"))["answers"])
        invoice, payment_hash = self.invoice(21)
        before = self.balance()
        for _ in range(2):
            preimage = json.loads(self.leasehold("pay", "--yes", invoice))["preimage"]
            same("the hash of the preimage", payment_hash, hashlib.sha256(bytes.fromhex(preimage)).hexdigest())
        same("what left the wallet, in msat", 21_000, before - self.balance())

    def refuses(self):
        before = self.balance()
        self.keeper.run("budget", "--per-payment", "20")
        self.leasehold("pay", "--yes", self.invoice(21)[0], status=3)
        same("what left the wallet", 0, before - self.balance())
        self.keeper.run("budget", "--per-payment", "none")


def end(process, number):
    """Ends a process if it still runs, and takes what it left."""
    if process.poll() is None:
        process.send_signal(number)
    process.wait(30)
    for stream in (process.stdout, process.stderr):
        stream.close()


def instant(text):
    """Seconds since 1970, with their fraction."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
