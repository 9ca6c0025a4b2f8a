"""Bad input and faults, through the public doors of the running daemon: a clear problem each time, nothing charged,
nothing kept, nothing told to the log, and the same process goes on.
"""

import base64
import json
import subprocess
import sys
import threading
import time

from bad_input import (
    bad_credentials, bad_requests, doubled_headers, endless_body, endless_headers, flood, no_http, no_way_in, refused,
    two_credentials)
from report import same
from world import HERE, challenge_of


def try_faults(world, report):
    victim = Victim(world)
    if not report.step("a lease stands by while things are done to others", victim.rent):
        return
    for title, answer, status, code, field in bad_requests(world):
        report.step(f"{title}: {status} {code}", victim.unharmed, refused, answer, status, code, field)
    for title, credential, status, code in bad_credentials(world, victim):
        report.step(f"{title}: {status} {code}", victim.unharmed, no_way_in, world, victim, credential, status, code)
    for title, work in [
        ("headers that may stand once stand twice: 400", doubled_headers), ("a body that is a flood: 413", flood),
        ("a body that never ends: 408", endless_body), ("headers that never end: an end", endless_headers),
        ("what is no HTTP: an end", no_http), ("two credentials that differ: 401", two_credentials),
    ]:
        report.step(title, victim.unharmed, work, world, victim)
    report.step("two processes pay the same invoice: one payment", paid_twice, world)
    report.step("two processes pay the same renewal: one payment", renewed_twice, world)
    report.step("what cannot be made: money back as credit, room free, and a reason", cannot_be_made, world)
    report.step("the database restarts under load: clean answers, and back by itself", database_restarts, world)
    report.step("the lease that stood by still has its file and its money", victim.unharmed, lambda: None)


class Victim:
    """A lease whose money, state and file must be the same after each attempt, and the room left for others too."""

    def __init__(self, world):
        self.world = world

    def rent(self):
        self.lease, self.credential = self.world.rent("day-disk")
        self.path = f"/dav/{self.lease}/kept"
        self.world.ask("PUT", self.path, credential=self.credential, body=b"kept").expect(201)
        self.before = self.look()

    def look(self):
        lease = self.world.lease(self.lease, self.credential)
        return (self.world.payments(self.lease, self.credential), lease["state"], lease["paid_until"], lease["version"],
                self.world.ask("GET", self.path, credential=self.credential).body)

    def room(self):
        return [self.world.available(offer) for offer in ("day-disk", "day-box")]

    def unharmed(self, work, *arguments):
        before, room = self.look(), self.room()
        work(*arguments)
        same("the lease beside it", before, self.look())
        # It may grow: what somebody asked for before and never paid lapses when it will.
        left = self.room()
        assert all(now >= then for now, then in zip(left, room)), f"room for others: {left} of {room}"
        assert self.world.is_up, "the daemon has ended"


# ---- money ----------------------------------------------------------------------------------------------------------


def race(world, asked):
    """Eight processes do the same at the same moment. Returns what each of them was answered, as JSON."""
    processes = [
        subprocess.Popen([sys.executable, HERE / "payer.py", world.server, json.dumps(asked)], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True) for _ in range(8)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    with open(world.record, "a") as record:
        record.writelines(answer["preimage"] + "\n" for answer in answers if answer.get("preimage"))
    return answers


def paid_twice(world):
    answer = world.ask("POST", "/v1/leases", {"offer": "day-disk"}).expect(402)
    free = world.available("day-disk")
    challenge = challenge_of(answer.headers["WWW-Authenticate"])
    answers = race(world, {"challenge": challenge, "method": "POST", "path": "/v1/leases", "body": {"offer": "day-disk"}})
    same("answers", {201}, {answer["status"] for answer in answers})
    same("leases", 1, len({answer["body"]["id"] for answer in answers}))
    same("preimages", 1, len({answer["preimage"] for answer in answers}))
    lease, credential = answers[0]["body"]["id"], f"L402 {challenge['macaroon']}:{answers[0]['preimage']}"
    world.remember(lease)
    same("payments", [20000], world.payments(lease, credential))
    same("places left", free, world.available("day-disk"))


def renewed_twice(world):
    lease, credential = world.rent("day-disk")
    path = f"/v1/leases/{lease}/renewals"
    answer = world.ask("POST", path, {"periods": 1}, credential).expect(402)
    challenge = challenge_of(answer.headers["WWW-Authenticate"])
    answers = race(world, {"challenge": challenge, "method": "POST", "path": path, "body": {"periods": 1}})
    # They asked for the same with the same payment at the same moment: all are told that it is done.
    same("answers", [200] * 8, sorted(answer["status"] for answer in answers))
    same("payments", [20000, 20000], world.payments(lease, credential))


def cannot_be_made(world):
    free = world.available("day-box")
    image = world.work / "provider/images/broken/rootfs"
    aside = image.with_name("rootfs.aside")
    image.rename(aside)
    try:
        wanted = {"offer": "day-box", "image": "broken"}
        challenge = challenge_of(world.ask("POST", "/v1/leases", wanted).expect(402).headers["WWW-Authenticate"])
        credential = f"L402 {challenge['macaroon']}:{world.pay(challenge['invoice'])}"
        answer = world.ask("POST", "/v1/leases", wanted, credential)
        lease = answer.json().get("id") or answer.json()["lease"]
        world.remember(lease)
        world.await_event(lease, credential, "closed")
    finally:
        aside.rename(image)
    document = world.lease(lease, credential)
    same("the lease", "closed", document["state"])
    same("credit", (50000, 0), (document["credit_msat"], document["balance_msat"]))
    same("payments", [50000], world.payments(lease, credential))
    same("room", free, world.available("day-box"))
    told = [item for item in world.explain(lease, credential) if item["from"] == "provisioning"]
    assert told, "explain has nothing on it"
    reason = json.dumps(told[0])
    # The container's root is empty without its image: its command is what is missed.
    same("the event", "provision_failed", told[0]["event"])
    assert "no such file" in told[0]["evidence"]["reason"].lower(), f"explain does not say why: {reason}"


# ---- the database ---------------------------------------------------------------------------------------------------


def database_restarts(world):
    lease, credential = world.rent("day-disk")
    world.ask("PUT", f"/dav/{lease}/kept", credential=credential, body=b"kept").expect(201)
    pid = world.daemon.pid
    ended = threading.Event()
    seen, odd = {}, []

    def load(method, path, document, shown, good):
        while not ended.is_set():
            try:
                answer = world.ask(method, path, document, shown, timeout=40)
            except OSError as error:
                odd.append(f"{method} {path}: {error!r}")
                continue
            seen.setdefault((method, path), []).append(answer.status)
            if answer.status not in (good, 503):
                odd.append(f"{method} {path}: {answer.status} {answer.body[:200]}")
            elif answer.status == 503 and not (answer.headers["Retry-After"] or "").isdigit():
                odd.append(f"{method} {path}: 503 without Retry-After")

    work = [("GET", f"/v1/leases/{lease}", None, credential, 200), ("GET", f"/dav/{lease}/kept", None, credential, 200),
            ("POST", "/v1/leases", {"offer": "day-disk", "periods": 2}, None, 402), ("GET", "/v1/offers", None, None, 200)]
    threads = [threading.Thread(target=load, args=each) for each in work]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            until(lambda: all(len(answers) > 3 for answers in list(seen.values())) and len(seen) == len(work))
            world.postgres("stop")
            until(lambda: world.ask("GET", "/readyz").status == 503)
            world.postgres("start")
            until(lambda: world.ask("GET", "/readyz").status == 200)
            marks = {key: len(answers) for key, answers in seen.items()}
            # Each of them has a success again.
            until(lambda: all(
                any(status != 503 for status in seen[key][mark:]) for key, mark in marks.items()))
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert not odd, f"{len(odd)} odd answers: " + "; ".join(odd[:5])
    same("the daemon", (True, pid), (world.is_up, world.daemon.pid))
    same("payments", [20000], world.payments(lease, credential))


def until(so, seconds=60):
    """Asks again until it is so; each asking takes the time of a request."""
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, "it is not so in time"
        time.sleep(0.01)


# ---- the log --------------------------------------------------------------------------------------------------------


def try_secrets(world):
    """Every preimage that was paid for, the operator's token, and whatever begins as our macaroons and invoices do."""
    log = world.log_file.read_bytes()
    assert len(log.splitlines()) > 100, "the log is empty: this would find nothing"
    state = world.work / "provider/state"
    hidden = [line for line in world.record.read_text().split() if line]
    assert hidden, "nobody has paid: this would find nothing"
    hidden += [(state / "admin.token").read_text().strip()]
    for begin in (b"\x02\x01\x09leasehold", b"\x02\x01\tleasehold\x02\x42"):
        hidden += [base64.b64encode(begin)[:12].decode(), base64.urlsafe_b64encode(begin)[:12].decode(), begin.hex()]
    hidden += ["lnbcrt", "L402 Ag", "Bearer "]
    found = [each for each in hidden if each.lower().encode() in log.lower()]
    assert not found, f"{len(found)} of {len(hidden)}, the first begins {found[0][:8]}"
