"""What nobody should send: bad documents, credentials that are none, and bytes that are no HTTP or never end."""

import base64
import contextlib
import hashlib
import hmac
import re
import secrets
import socket
import threading
import time

from report import same, within
from world import read_answer

JSON = {"Content-Type": "application/json"}


def refused(answer, status, code, field):
    answer = answer()
    answer.expect(status, code)
    same("the media type", "application/problem+json", answer.headers["Content-Type"])
    if field:
        same("the field", field, answer.json().get("field"))
    assert "invoice" not in answer.json() and "invoice" not in (answer.headers["WWW-Authenticate"] or ""), "an invoice"


def bad_requests(world):
    def rent(document, **more):
        return lambda: world.ask("POST", "/v1/leases", document, **more)

    def send(body, headers=JSON, path="/v1/leases", method="POST"):
        return lambda: world.ask(method, path, headers=headers, body=body)

    yield "JSON that stops", send(b'{"offer":"day-disk"'), 400, "malformed-json", None
    yield "JSON with something behind it", send(b'{"offer":"day-disk"} x'), 400, "malformed-json", None
    yield "bytes that are no text", send(b'{"offer":"\xff\xfe"}'), 400, "malformed-json", None
    yield "deep nesting", send(b'{"offer":' + b"[" * 30_000 + b"]" * 30_000 + b"}"), 400, "malformed-json", None
    yield "no body", lambda: world.ask("POST", "/v1/leases"), 400, "malformed-json", None
    yield "an array", rent([]), 422, "invalid-field", None
    yield "an unknown field", rent({"offer": "day-disk", "discount": 100}), 422, "invalid-field", "discount"
    yield "an unknown offer", rent({"offer": "nothing-of-ours"}), 404, "unknown-offer", "offer"
    yield "an offer that is no name", rent({"offer": "../../etc/passwd"}), 404, "unknown-offer", "offer"
    for periods in (0, -1, 31, 10**9, 2**63, 10**40, 1.5, "1", True):
        yield f"periods {periods!r:.20}", rent({"offer": "day-disk", "periods": periods}), 422, "invalid-field", "periods"
    yield "a disk with a command", rent({"offer": "day-disk", "command": ["x"]}), 422, "invalid-field", "offer"
    yield "an unknown image", rent({"offer": "day-box", "image": "../busybox"}), 422, "invalid-field", "image"
    yield "a NUL in a command", rent(
        {"offer": "day-box", "image": "busybox", "command": ["a\0b"]}), 422, "invalid-field", None
    yield "a body of 100 kB", send(b'{"offer":"' + b"x" * 100_000 + b'"}'), 413, "too-large", None
    yield "text/plain", send(b'{"offer":"day-disk"}', {"Content-Type": "text/plain"}), 415, "unsupported-media-type", None
    yield "no media type", send(b'{"offer":"day-disk"}', {}), 415, "unsupported-media-type", None
    yield "a long Idempotency-Key", rent(
        {"offer": "day-disk"}, headers={"Idempotency-Key": "k" * 300}), 400, "bad-header", None
    yield "an invoice of nobody", lambda: world.ask(
        "POST", "/dev/pay", {"invoice": "lnbcrt1nonsense"}), 404, "unknown-invoice", None
    yield "a place that is none", lambda: world.ask("GET", "/v2/leases"), 404, "not-found", None
    yield "a method that is none", lambda: world.ask("PATCH", "/v1/leases"), 405, "method-not-allowed", None


# ---- credentials ----------------------------------------------------------------------------------------------------


def bad_credentials(world, victim):
    macaroon, preimage = victim.credential.removeprefix("L402 ").split(":")
    raw = base64.b64decode(macaroon)
    show = lambda raw, preimage=preimage: f"L402 {base64.b64encode(raw).decode()}:{preimage}"
    yield "no credential", None, 401, "credential-required"
    yield "another scheme", "Digest username=leasehold", 401, "credential-required"
    yield "an empty one", "L402 ", 401, "bad-header"
    yield "no preimage", f"L402 {macaroon}:", 401, "bad-header"
    yield "half a preimage", f"L402 {macaroon}:{preimage[:32]}", 401, "bad-header"
    yield "something behind it", f"L402 {macaroon}:{preimage} x", 401, "bad-header"
    yield "another's preimage", show(raw, secrets.token_hex(32)), 401, "wrong-preimage"
    yield "a macaroon that stops", show(raw[:-5]), 401, "credential-malformed"
    yield "a macaroon that goes on", show(raw + b"\0"), 401, "credential-malformed"
    yield "one bit of its signature", show(raw[:-1] + bytes([raw[-1] ^ 1])), 401, "credential-forged"
    yield "more time than was bought", show(re.sub(rb"valid_until=\d", b"valid_until=9", raw)), 401, "credential-forged"
    yield "minted by somebody else", foreign(victim, raw), 401, "credential-forged"
    yield "of another lease", world.rent("day-disk")[1], 403, "wrong-lease"


def foreign(victim, raw):
    """A macaroon with everything as ours has it, under a root key that is not ours."""
    length = raw.index(b"\x02\x42") + 2
    identifier = raw[length:length + 66]
    signature = hmac.new(secrets.token_bytes(32), identifier, hashlib.sha256).digest()
    out = b"\x02\x01\x09leasehold\x02\x42" + identifier + b"\0"
    for caveat in (b"services=leasehold:0", b"leasehold_capabilities=read,write,exec,control,pay,refund",
                   b"leasehold_lease=" + victim.lease.encode(), b"leasehold_valid_until=9999999999"):
        signature = hmac.new(signature, caveat, hashlib.sha256).digest()
        out += b"\x02" + bytes([len(caveat)]) + caveat + b"\0"
    out += b"\0\x06\x20" + signature
    return f"L402 {base64.b64encode(out).decode()}:{victim.credential.rpartition(':')[2]}"


def no_way_in(world, victim, credential, status, code):
    for method, path in [("GET", victim.path), ("PUT", victim.path), ("DELETE", f"/v1/leases/{victim.lease}"),
                         ("GET", f"/v1/leases/{victim.lease}/ledger"),
                         ("POST", f"/v1/leases/{victim.lease}/credential")]:
        answer = world.ask(method, path, credential=credential, body=b"x" if method == "PUT" else None)
        answer.expect(status, code)
        assert "invoice" not in answer.json() and "invoice" not in (answer.headers["WWW-Authenticate"] or ""), method
        for secret in re.findall(r"[A-Za-z0-9+/=]{32,}", credential or ""):
            assert secret.encode() not in answer.body, f"the answer to {method} repeats what was shown"


def two_credentials(world, victim):
    other = f"{victim.credential[:-1]}{'0' if victim.credential[-1] != '0' else '1'}"
    status, _ = world.raw(
        f"GET {victim.path} HTTP/1.1\r\nHost: x\r\nAuthorization: {victim.credential}\r\n"
        f"Authorization: {other}\r\nConnection: close\r\n\r\n".encode())
    same("the answer", 401, status)
    # The same one twice, with another scheme beside it, is one credential.
    status, _ = world.raw(
        f"GET {victim.path} HTTP/1.1\r\nHost: x\r\nAuthorization: {victim.credential}\r\nAuthorization: Bearer x\r\n"
        f"Authorization: {victim.credential}\r\nConnection: close\r\n\r\n".encode())
    same("the answer", 200, status)


# ---- the wire -------------------------------------------------------------------------------------------------------


def doubled_headers(world, victim):
    body = b'{"offer":"day-disk"}'
    for name, value in [("Host", "x"), ("Content-Type", "application/json"), ("Content-Length", "20"),
                        ("Content-Length", "21"), ("Idempotency-Key", "k" * 30)]:
        lines = {"Host": "x", "Content-Type": "application/json", "Content-Length": "20", "Idempotency-Key": "k" * 30}
        head = "".join(f"{key}: {text}\r\n" for key, text in lines.items())
        status, said = world.raw(f"POST /v1/leases HTTP/1.1\r\n{head}{name}: {value}\r\n\r\n".encode() + body)
        same(f"{name} twice", 400, status)
        assert b"lnbcrt" not in said, f"{name} twice was answered with an invoice"


def flood(world, victim):
    head = b"POST /v1/leases HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", world.port), timeout=30) as connection:
        connection.sendall(head)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(1000):
                connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        # It may hang up before all of its answer is read; not having been served is what counts.
        status, _ = read_answer(connection)
    within("the answer", {413, None}, status)


def endless_body(world, victim):
    head = b"POST /v1/leases HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", world.port), timeout=40) as connection:
        connection.sendall(head)
        ended = threading.Event()

        def drip():
            # A byte now and then, so that the connection is never idle.
            with contextlib.suppress(OSError):
                while not ended.wait(0.2):
                    connection.sendall(b" ")

        dripping = threading.Thread(target=drip)
        dripping.start()
        status, said = read_answer(connection)
        ended.set()
        dripping.join()
    same("the answer", (408, True), (status, b"body-timeout" in said))
    assert time.monotonic() - began < 30, "it took too long"


def endless_headers(world, victim):
    with socket.create_connection(("127.0.0.1", world.port), timeout=10) as connection:
        connection.sendall(b"GET /v1/offers HTTP/1.1\r\nHost: x\r\n")
        sent = 0
        # It answers, reads no more and hangs up later: what is sent then is lost, or stuck.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            for number in range(20_000):
                connection.sendall(f"X-{number}: {'x' * 1000}\r\n".encode())
                sent += 1
        status, _ = read_answer(connection)
    within("the answer", {400, 413, 431, None}, status)
    assert sent < 20_000, "it took 20 MB of headers"


class Idlers:
    """Connections that come to no end by themselves: a daemon that waited for them could be used up by anybody."""

    def __init__(self, world):
        self.opened = time.monotonic()
        self.connections = {}
        for what, said in [("says nothing", b""), ("stops in its headers", b"GET /v1/offers HTTP/1.1\r\nHost: x\r\nX-"),
                           ("was answered and stays", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")]:
            self.connections[what] = socket.create_connection(("127.0.0.1", world.port), timeout=10)
            self.connections[what].sendall(said)

    def ended(self):
        for what, connection in self.connections.items():
            connection.settimeout(max(1, self.opened + 90 - time.monotonic()))
            with connection, contextlib.suppress(ConnectionResetError):
                try:
                    while connection.recv(65536):
                        pass
                except TimeoutError:
                    raise AssertionError(f"one that {what} is still open after 90 s") from None


def no_http(world, victim):
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + secrets.token_bytes(400), b"\r\n" * 1000 + b"x\r\n\r\n",
                    b"GET /v1/offers\r\n\r\n", b"GET /v1/offers HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
                    b"POST /v1/leases HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"):
        status, said = world.raw(garbage)
        within("the answer", {400, None}, status)
