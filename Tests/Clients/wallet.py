"""A wallet of others' shapes in front of the daemon's own node, as a process of its own: some clients hold the
interpreter's lock while they wait for it.

    python wallet.py SERVER MACAROON RECORD

Prints its port. Every payment goes through the daemon's `POST /dev/pay`; the preimage is appended to the file RECORD.

    POST /hex/v2/router/send     as LND answers: one update a line, preimage and hash in hex
    POST /base64/v2/router/send  the same with both in base64, as one client expects them
    POST /alby/payments/bolt11   as Alby answers
"""

import base64
import hashlib
import http.server
import json
import re
import sys
import urllib.error
import urllib.request

SERVER, MACAROON, RECORD = sys.argv[1:4]


class Wallet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, document):
        body = json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/alby/payments/bolt11":
            if self.headers["Authorization"] != f"Bearer {MACAROON}":
                return self.answer(401, {"error": "unauthorized"})
            preimage, problem = pay(asked["invoice"])
            return self.answer(*((200, {"payment_preimage": preimage}) if preimage else (400, {"error": problem})))
        style = self.path.removesuffix("/v2/router/send").strip("/")
        if style not in ("hex", "base64"):
            return self.answer(404, {"code": 5, "message": "Not Found"})
        if self.headers["Grpc-Metadata-macaroon"] != MACAROON:
            return self.answer(500, {"code": 2, "message": "verification failed: signature mismatch"})
        preimage, problem = pay(asked["payment_request"])
        if not preimage:
            failed = {"status": "FAILED", "failure_reason": "FAILURE_REASON_INCORRECT_PAYMENT_DETAILS"}
            return self.answer(200, {"result": failed})
        secret, amount = bytes.fromhex(preimage), amount_of(asked["payment_request"])
        shown = (lambda b: b.hex()) if style == "hex" else (lambda b: base64.b64encode(b).decode())
        self.answer(200, {"result": {
            "payment_hash": shown(hashlib.sha256(secret).digest()), "payment_preimage": shown(secret),
            "payment_request": asked["payment_request"], "status": "SUCCEEDED", "failure_reason": "FAILURE_REASON_NONE",
            "value_sat": str(amount // 1000), "value_msat": str(amount), "fee_sat": "0", "fee_msat": "0",
        }})


def amount_of(invoice):
    """In msat, from the part of an invoice that people can read (BOLT 11)."""
    digits, unit = re.match(r"lnbcrt(\d+)([munp])1", invoice).groups()
    return int(digits) * {"m": 100_000_000, "u": 100_000, "n": 100}[unit]


def pay(invoice):
    request = urllib.request.Request(
        f"{SERVER}/dev/pay", json.dumps({"invoice": invoice}).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            preimage = json.load(answer)["preimage"]
    except urllib.error.HTTPError as error:
        return None, error.read().decode()
    with open(RECORD, "a") as record:
        record.write(preimage + "\n")
    return preimage, None


wallet = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Wallet)
print(wallet.server_port, flush=True)
wallet.serve_forever()
