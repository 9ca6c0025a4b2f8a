"""`leasehold notify --nostr`: private messages (NIP-17) as somebody with nostr-sdk reads them, at the relay of nostr-relay. Its
reader is asked first, follows the link, is told before time runs out, and pays where the message says.
"""

import json
import os
import queue
import re
import subprocess
import threading

from report import same
from world import HERE, challenge_of


def try_messages(world, report):
    python = os.environ.get("LEASEHOLD_TEST_NOSTR")
    if not python:
        report.skip("nostr", "a key is told what happens to a lease", "nostr-relay and nostr-sdk could not be installed")
        return
    told = Told(world, python)
    try:
        if report.step("nostr: a relay and a reader are there, and a disk is rented", told.begin):
            report.step("nostr: the reader is asked, by the key that the manifest names", told.is_asked)
            report.step("nostr: once the link was followed, a message says what happens when", told.is_told)
            report.step("nostr: who pays where it says has more time", told.pays)
            report.step("nostr: ended, nothing more comes, and neither key nor relay is in log or table", told.ends)
    finally:
        told.end()


class Told:
    OFFER, PRICE = "pulled-disk", 3000

    def __init__(self, world, python):
        self.world, self.python = world, python
        self.state = world.work / "told"
        self.children = []
        self.messages = queue.Queue()
        self.lease = self.credential = self.relay = self.npub = self.settings = self.notice = None

    def child(self, program, *arguments):
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", self.python, HERE / program, *map(str, arguments)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.children.append(process)
        return process

    def end(self):
        for process in reversed(self.children):
            process.kill()
            process.wait()

    def leasehold(self, *arguments):
        said = subprocess.run(
            [self.world.programs / "leasehold", *arguments, "--server", self.world.server, "--state-directory",
             self.state], capture_output=True, text=True, timeout=120)
        same(f"leasehold {arguments[0]}: {said.stderr[-300:]}: its status", 0, said.returncode)
        return said.stdout

    def begin(self):
        folder = self.world.work / "nostr-messages"
        folder.mkdir()
        self.relay = self.child("nostr/relay.py", folder).stdout.readline().strip()
        assert self.relay.startswith("ws://"), self.relay
        reader = self.child("nostr/reader.py", self.relay)
        self.npub = reader.stdout.readline().strip()
        assert self.npub.startswith("npub1"), self.npub

        def read():
            for line in reader.stdout:
                self.messages.put(json.loads(line))

        threading.Thread(target=read, daemon=True).start()
        out = self.leasehold("rent", self.OFFER, "--yes", "--json")
        self.lease = json.JSONDecoder().raw_decode(out[out.index("{"):])[0]["id"]
        self.world.remember(self.lease)

    def next(self, seconds):
        try:
            return self.messages.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"no message in {seconds} s") from None

    def is_asked(self):
        out = self.leasehold("notify", self.lease, "--nostr", self.npub, "--relay", self.relay)
        assert "link in the message" in out, out
        question = self.next(30)
        same("the kind", 14, question.get("kind"))
        manifest = self.world.ask("GET", "/.well-known/l402.json").expect(200).json()
        assert manifest["nostr"].startswith("npub1"), manifest
        self.sender = question["sender"]
        assert question["wrapped_by"] != self.sender, "the wrap names its sender"
        same("whose key it is", manifest["nostr"], self.npub_of(self.sender))
        self.settings = re.search(r"(/n/[0-9a-z]{26})", question["content"])[1]

    def npub_of(self, key):
        said = subprocess.run(
            [self.python, "-c", "import sys, nostr_sdk; print(nostr_sdk.PublicKey.parse(sys.argv[1]).to_bech32())", key],
            capture_output=True, text=True, check=True)
        return said.stdout.strip()

    def is_told(self):
        self.world.ask("POST", f"{self.settings}/confirm").expect(200)
        self.notice = self.next(60)
        same("the kind", 14, self.notice.get("kind"))
        same("its sender", self.sender, self.notice["sender"])
        assert self.lease in self.notice["content"] and "time runs out" in self.notice["content"], self.notice
        assert self.settings in self.notice["content"], "it does not say how to end it"

    def pays(self):
        address = re.search(r"(/d/[0-9a-z]{26}/)", self.notice["content"])[1]
        line = self.world.ask("GET", address).expect(402).headers["WWW-Authenticate"]
        self.world.pay(challenge_of(line)["invoice"])
        out = self.leasehold("ledger", self.lease, "--json")
        items = json.JSONDecoder().raw_decode(out[out.index("{"):])[0]["items"]
        same("what came in", [self.PRICE] * 2, [item["msat"] for item in items if item["debit"] == "node"])

    def ends(self):
        self.world.ask("POST", f"{self.settings}/end").expect(200)
        log = self.world.log_file.read_text(errors="replace")
        dump = subprocess.run(
            ["pg_dump", "--data-only", os.environ["LEASEHOLD_DATABASE_URL"]], capture_output=True, text=True)
        key = dict(tag[:2] for tag in self.notice["tags"])["p"]
        for secret in (self.npub, key, self.relay.removeprefix("ws://")):
            assert secret not in log, f"the log has {secret}"
            assert secret not in dump.stdout, f"the database has {secret}"
