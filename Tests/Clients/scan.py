"""A wallet that scans: PyPI's `lnurl` reads the code that `leasehold scan` shows, asks for an invoice, and the lease lasts
longer. It knows nothing of L402."""

import asyncio
import hashlib
import json
from datetime import datetime

import bolt11
import lnurl

from keeper import Keeper
from report import same


def try_scan(world, report):
    scanner = Scanner(world)
    report.step("scan: a disk is rented, and its code is shown", scanner.shows)
    report.step("scan: lnurl reads it, and what it says of the lease", scanner.reads)
    report.step("scan: what is sent buys time to the second, and no credential", scanner.pays)
    report.step("scan: too little and too much are refused in words that it understands", scanner.refuses)


class Scanner(Keeper):
    OFFER, PRICE = "day-disk", 20_000

    def __init__(self, world):
        super().__init__(world)
        self.state = world.work / "scanner"
        self.code = self.request = None

    def shows(self):
        self.rent()
        self.code = json.loads(self.run("scan", self.lease, "--json"))
        text = self.run("scan", self.lease)
        assert "\u2588" in text and text.rstrip().endswith(self.code["lnurl"]), text[-200:]

    def reads(self):
        read = lnurl.decode(self.code["lnurl"])
        same("the URL", self.code["url"], str(read.url))
        self.request = asyncio.run(lnurl.handle(self.code["lnurl"]))
        assert isinstance(self.request, lnurl.LnurlPayResponse), self.request
        same("one period at the least", self.PRICE, int(self.request.minSendable))
        assert self.lease[-10:] in str(self.request.metadata) and self.lease not in str(self.request.metadata)

    def paid_until(self):
        return datetime.fromisoformat(self.document()["paid_until"])

    def pays(self):
        before = self.paid_until()
        # Two days and a half.
        answer = asyncio.run(lnurl.execute_pay_request(self.request, 50_000, comment="for the disk"))
        invoice = bolt11.decode(answer.pr)
        same("the hash", hashlib.sha256(str(self.request.metadata).encode()).hexdigest(), invoice.description_hash)
        known = len(json.loads(self.run("credential", "list", self.lease, "--json"))["items"])
        credential = self.run("credential", "export", self.lease).strip()
        bought = self.world.await_event(self.lease, credential, "paid")
        self.world.pay(str(answer.pr))
        self.world.await_event(self.lease, credential, "paid", after=bought)
        same("payments", [20_000, 50_000], sorted(self.world.payments(self.lease, credential)))
        same("seconds bought", 216_000, round((self.paid_until() - before).total_seconds()))
        same("credentials", known, len(json.loads(self.run("credential", "list", self.lease, "--json"))["items"]))

    def refuses(self):
        for amount in (19_000, 50_001, int(self.request.maxSendable) + 1_000_000):
            path = str(self.request.callback).removeprefix(self.world.server)
            answer = self.world.ask("GET", f"{path}?amount={amount}").expect(200).json()
            same(f"{amount} msat", "ERROR", answer["status"])
            assert isinstance(lnurl.LnurlResponse.from_dict(answer), lnurl.LnurlErrorResponse)
