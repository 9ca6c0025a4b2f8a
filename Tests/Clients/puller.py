"""`leasehold autopull`: a wallet made with nostr-sdk, behind the relay of nostr-relay, is asked for renewals over Nostr Wallet
Connect, and a lease lives for ten periods without any client while the daemon is killed at random.
"""

import json
import os
import random
import signal
import subprocess
import time

from report import same
from world import HERE


def first(out):
    """The document at the beginning of what a command said; behind it stand its remarks."""
    return json.JSONDecoder().raw_decode(out[out.index("{"):])[0]


def try_puller(world, report):
    python = os.environ.get("LEASEHOLD_TEST_NOSTR")
    if not python:
        report.skip("autopull", "a wallet is asked for renewals", "nostr-relay and nostr-sdk could not be installed")
        return
    puller = Puller(world, python)
    try:
        if report.step("autopull: a relay and a wallet are there, and a disk is rented", puller.begin):
            report.step("autopull: a wallet that speaks only NIP-04 is refused", puller.refuses)
            report.step("autopull: ten periods without a client, the daemon killed at random", puller.lives)
            report.step("autopull: each period was asked for and paid once", puller.paid_once)
            report.step("autopull: a wallet that refuses is told of in the feed, once", puller.tells)
            report.step("autopull: what was handed over stands in no log and no table", puller.keeps_secrets)
    finally:
        puller.end()


class Puller:
    OFFER, PRICE, PERIOD = "pulled-disk", 3000, 24

    def __init__(self, world, python):
        self.world, self.python = world, python
        self.state = world.work / "puller"
        self.children = []
        self.lease = self.relay = self.uri = self.said = None
        self.kills = 0

    def child(self, program, *arguments, log=None):
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", self.python, HERE / program, *map(str, arguments)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if log is None else open(log, "wb"), stderr=subprocess.DEVNULL, text=True)
        self.children.append(process)
        return process

    def end(self):
        for process in reversed(self.children):
            process.kill()
            process.wait()

    def leasehold(self, *arguments, status=0, line=None):
        said = subprocess.run(
            [self.world.programs / "leasehold", *arguments, "--server", self.world.server, "--state-directory",
             self.state], capture_output=True, text=True, input=line, timeout=120)
        same(f"leasehold {arguments[0]}: {said.stderr[-300:]}: its status", status, said.returncode)
        return said.stdout + said.stderr

    def wallet(self, manner):
        """The URI of a new wallet, and the file of what it is asked."""
        log = self.world.work / f"nostr-wallet-{manner}"
        self.child("nostr/wallet.py", self.relay, self.world.server + "/dev/pay", manner, log=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            lines = log.read_text().splitlines()
            if lines:
                return lines[0], log
            time.sleep(0.1)
        raise AssertionError("the wallet does not begin")

    def begin(self):
        folder = self.world.work / "nostr"
        folder.mkdir()
        self.relay = self.child("nostr/relay.py", folder).stdout.readline().strip()
        assert self.relay.startswith("ws://"), self.relay
        self.uri, self.said = self.wallet("honest")
        out = self.leasehold("rent", self.OFFER, "--yes", "--json")
        self.lease = first(out)["id"]
        self.world.remember(self.lease)

    def refuses(self):
        uri, _ = self.wallet("nip04")
        said = self.leasehold("autopull", self.lease, "--nwc", "-", "--budget", "3", status=1, line=uri + "\n")
        assert "NIP-04" in said, said

    def document(self):
        out = self.leasehold("show", self.lease, "--json")
        return first(out)

    def payments(self):
        out = self.leasehold("ledger", self.lease, "--json")
        return [item["msat"] for item in first(out)["items"] if item["debit"] == "node"]

    def lives(self):
        # One renewal a period, and what a grace may cost besides.
        self.leasehold("autopull", self.lease, "--nwc", "-", "--budget", "4", line=self.uri + "\n")
        dice = random.Random(8)
        deadline = time.monotonic() + 16 * self.PERIOD
        while len(self.payments()) < 11:
            assert time.monotonic() < deadline, f"{len(self.payments())} payments: {self.said.read_text()[-600:]}"
            time.sleep(dice.uniform(1, 14))
            self.world.daemon.send_signal(signal.SIGKILL)
            self.world.daemon.wait()
            self.kills += 1
            self.world.serve()
        assert self.kills > 8, self.kills
        assert self.document()["state"] in ("active", "grace"), self.document()["state"]

    def paid_once(self):
        payments = self.payments()
        same("payments of other than a period", set(), set(payments) - {self.PRICE})
        asked = [line.split()[1] for line in self.said.read_text().splitlines() if line.startswith("pay_invoice")]
        # A request that a dying daemon may have made is looked up, and made again only where nothing came of it.
        assert len(set(asked)) >= len(payments) - 1, f"{len(set(asked))} invoices, {len(payments)} payments"
        self.world.audit()

    def tells(self):
        uri, said = self.wallet("refuses")
        self.leasehold("autopull", self.lease, "--nwc", "-", "--budget", "9", line=uri + "\n")
        deadline = time.monotonic() + 3 * self.PERIOD
        told = []
        while not told:
            assert time.monotonic() < deadline, "nothing is told"
            time.sleep(1)
            out = self.leasehold("explain", self.lease, "--json")
            items = first(out)["items"]
            told = [item for item in items if item["evidence"].get("kind") == "pull"]
        assert "QUOTA_EXCEEDED" in told[0]["evidence"]["reason"], told
        same("how often it is told", 1, len(told))
        assert "refused" in self.leasehold("autopull", "show", self.lease)
        self.leasehold("autopull", "end", self.lease)
        assert "no wallet is asked" in self.leasehold("autopull", "show", self.lease)

    def keeps_secrets(self):
        secret = self.uri.rpartition("secret=")[2]
        assert secret not in self.world.log_file.read_text(errors="replace"), "the log has the secret"
        dump = subprocess.run(
            ["pg_dump", "--data-only", os.environ["LEASEHOLD_DATABASE_URL"]], capture_output=True, text=True)
        if dump.returncode == 0:
            assert secret not in dump.stdout, "the database has the secret"
