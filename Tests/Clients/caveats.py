"""Credentials narrowed by other hands: bolthub's `attenuate`, which writes the caveats of its own gateway, and pymacaroons."""

import base64
import time

import bolthub
import pymacaroons
from pymacaroons.serializers import BinarySerializer

from report import same


def try_caveats(world, report):
    holder = Holder(world)
    report.step("caveats: a disk is rented, and has two folders", holder.rent)
    for title, work in [
        ("bolthub's method", holder.method), ("bolthub's valid_until, in milliseconds", holder.valid_until),
        ("bolthub's max_sats, of one invoice", holder.max_sats),
        ("bolthub's path_prefix, inside the disk", holder.path_prefix),
        ("all of them at once, and none can be widened", holder.together),
        ("bolthub's n_uses is refused", holder.n_uses), ("pymacaroons writes the same", holder.by_hand),
    ]:
        report.step(f"caveats: {title}", work)


class Holder:
    def __init__(self, world):
        self.world = world
        self.lease = self.macaroon = self.preimage = None

    def rent(self):
        self.lease, credential = self.world.rent("day-disk")
        self.macaroon, self.preimage = credential.removeprefix("L402 ").rsplit(":", 1)
        for folder in ("photos", "letters"):
            self.world.ask("MKCOL", f"/dav/{self.lease}/{folder}", credential=credential).expect(201)
            self.ask("PUT", f"{folder}/a", self.macaroon, b"kept").expect(201)

    def ask(self, method, path, macaroon, body=None):
        return self.world.ask(
            method, f"/dav/{self.lease}/{path}", credential=f"L402 {macaroon}:{self.preimage}", body=body)

    def renewal(self, macaroon):
        return self.world.ask("POST", f"/v1/leases/{self.lease}/renewals", {"periods": 1},
                              credential=f"L402 {macaroon}:{self.preimage}")

    def narrowed(self, **bounds):
        return bolthub.attenuate(self.macaroon, **bounds)

    def method(self):
        reads = self.narrowed(method="GET")
        same("the file", b"kept", self.ask("GET", "photos/a", reads).expect(200).body)
        self.ask("PUT", "photos/a", reads, b"changed").expect(403, "narrowed-method")

    def valid_until(self):
        soon = int((time.time() + 600) * 1000)
        self.ask("GET", "photos/a", self.narrowed(valid_until=soon)).expect(200)
        over = self.narrowed(valid_until=int(time.time() * 1000) - 1000)
        self.ask("GET", "photos/a", over).expect(403, "narrowed-expired")
        # Paying would not help, so that nothing is asked for.
        self.renewal(over).expect(403, "narrowed-expired")

    def max_sats(self):
        # A day is 20 sat.
        self.renewal(self.narrowed(max_sats=19)).expect(403, "narrowed-amount")
        self.renewal(self.narrowed(max_sats=20)).expect(402)

    def path_prefix(self):
        folder = self.narrowed(path_prefix="/photos")
        self.ask("GET", "photos/a", folder).expect(200)
        self.ask("GET", "letters/a", folder).expect(403, "narrowed-path")
        self.ask("PUT", "photosynthesis", folder, b"").expect(403, "narrowed-path")
        # On its gateway it is the path of the URL. That is a folder of this name here, and there is none.
        self.ask("GET", "photos/a", self.narrowed(path_prefix=f"/dav/{self.lease}/photos")).expect(403, "narrowed-path")

    def together(self):
        narrow = self.narrowed(method="GET", path_prefix="/photos", max_sats=5)
        self.ask("GET", "photos/a", narrow).expect(200)
        for wider in ("method=PUT", "path_prefix=/", "max_sats=6"):
            self.ask("GET", "photos/a", added(narrow, wider)).expect(401, "caveat-widened")
        self.ask("GET", "photos/a", added(narrow, "path_prefix=/photos/a")).expect(200)

    def n_uses(self):
        self.ask("GET", "photos/a", self.narrowed(n_uses=3)).expect(401, "unknown-caveat")

    def by_hand(self):
        later = int(time.time()) + 600
        narrow = added(self.macaroon, f"valid_until={later}", "method=GET,HEAD", "path_prefix=/letters", "max_sats=1")
        self.ask("GET", "letters/a", narrow).expect(200)
        self.ask("GET", "photos/a", narrow).expect(403, "narrowed-path")
        self.ask("DELETE", "letters/a", narrow).expect(403, "narrowed-method")
        self.ask("GET", "letters/a", added(self.macaroon, "valid_until=1")).expect(403, "narrowed-expired")
        self.ask("GET", "letters/a", added(self.macaroon, "colour=red")).expect(401, "unknown-caveat")


def added(macaroon, *caveats):
    """The same with more caveats, by pymacaroons: libmacaroons' binary, which it writes in the URL's base64."""
    text = base64.urlsafe_b64encode(base64.b64decode(macaroon)).decode().rstrip("=")
    read = pymacaroons.Macaroon.deserialize(text, serializer=BinarySerializer())
    for caveat in caveats:
        read.add_first_party_caveat(caveat)
    written = read.serialize(serializer=BinarySerializer())
    return base64.b64encode(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))).decode()
