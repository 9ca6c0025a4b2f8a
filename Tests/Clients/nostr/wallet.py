#!/usr/bin/env python3
"""A wallet behind a relay (Nostr Wallet Connect, NIP-47), made with PyPI's nostr-sdk: for tests, with play money.

  wallet.py RELAY PAYER [MANNER]

PAYER is where invoices are paid: POST {"invoice": …} answers {"preimage": …}, as the embedded node's /dev/pay does.
MANNER is one of honest (the default), nip04 (says that it speaks nothing newer), refuses, silent (pays and says nothing),
lies (says that it has paid, and has not), mischief (others answer first). It prints the URI to be handed over, then a
line for each request: "pay_invoice <payment hash>".
"""
import asyncio
import hashlib
import json
import os
import sys
import urllib.request
from datetime import timedelta

from nostr_sdk import (
    ClientBuilder, EventBuilder, Filter, Keys, Kind, Nip44Version, RelayUrl, ReqTarget, Tag, nip44_decrypt, nip44_encrypt)

relay, payer = sys.argv[1:3]
manner = sys.argv[3] if len(sys.argv) > 3 else "honest"
wallet, renter = Keys.generate(), Keys.generate()
paid = {}


def payment_hash(invoice):
    """Of a BOLT11 invoice: its field p, tag 1 of 52 groups of five bits."""
    charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    groups = [charset.index(letter) for letter in invoice.lower().rsplit("1", 1)[1]][7:-110]
    while len(groups) > 3:
        tag, length = groups[0], groups[1] * 32 + groups[2]
        if tag == 1 and length == 52:
            number = 0
            for group in groups[3:55]:
                number = number << 5 | group
            return (number >> 4).to_bytes(32, "big").hex()
        groups = groups[3 + length:]
    raise ValueError("no payment hash")


def pay(invoice):
    request = urllib.request.Request(
        payer, json.dumps({"invoice": invoice}).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        preimage = json.load(answer)["preimage"]
    paid[hashlib.sha256(bytes.fromhex(preimage)).hexdigest()] = preimage
    return preimage


def answer(request):
    method, params = request["method"], request["params"]
    if method == "pay_invoice":
        print(method, payment_hash(params["invoice"]), flush=True)
        if manner == "refuses":
            return {"result_type": method, "error": {"code": "QUOTA_EXCEEDED", "message": "not so much"}}
        if manner == "lies":
            return {"result_type": method, "result": {"preimage": "00" * 32}}
        try:
            preimage = pay(params["invoice"])
        except Exception as error:
            return {"result_type": method, "error": {"code": "PAYMENT_FAILED", "message": str(error)[:100]}}
        return None if manner == "silent" else {"result_type": method, "result": {"preimage": preimage}}
    if method == "lookup_invoice":
        print(method, params["payment_hash"], flush=True)
        preimage = paid.get(params["payment_hash"])
        if preimage is None and manner != "lies":
            return {"result_type": method, "error": {"code": "NOT_FOUND", "message": "no such invoice"}}
        return {"result_type": method, "result": {
            "type": "outgoing", "state": "settled", "preimage": preimage, "payment_hash": params["payment_hash"],
            "amount": 1, "fees_paid": 0, "created_at": 1}}
    return {"result_type": method, "error": {"code": "NOT_IMPLEMENTED", "message": method}}


def event(kind, content, tags, keys):
    return EventBuilder(Kind(kind), content).tags([Tag.parse(tag) for tag in tags]).finalize(keys)


async def serve(client, request, secret, seen):
    """One request; whatever is not one of the renter's is passed over."""
    identifier = request.id().to_hex()
    if request.kind().as_u16() != 23194 or request.author() != renter.public_key() or identifier in seen:
        return
    seen.add(identifier)
    try:
        asked = json.loads(nip44_decrypt(secret, renter.public_key(), request.content()))
    except Exception:
        return
    tags = [["p", renter.public_key().to_hex()], ["e", identifier]]

    async def say(document, keys):
        sealed = nip44_encrypt(keys.secret_key(), renter.public_key(), json.dumps(document), Nip44Version.V2)
        await client.send_event(event(23195, sealed, tags, keys))

    if manner == "mischief":
        await say({"result_type": asked["method"], "result": {"preimage": "11" * 32}}, Keys.generate())
    document = await asyncio.to_thread(answer, asked)
    if document is not None:
        await say(document, wallet)


async def main():
    client = ClientBuilder().build()
    await client.add_relay(RelayUrl.parse(relay))
    await client.try_connect(timedelta(seconds=10))
    notifications = client.notifications()
    await client.subscribe(ReqTarget.auto([Filter().kind(Kind(23194)).pubkey(wallet.public_key())]))
    encryption = [] if manner == "nip04" else [["encryption", "nip44_v2 nip04"]]
    await client.send_event(event(13194, "pay_invoice lookup_invoice get_info", encryption, wallet))
    secret = renter.secret_key().to_hex()
    print(f"nostr+walletconnect://{wallet.public_key().to_hex()}?relay={relay}&secret={secret}", flush=True)
    seen, tasks = set(), set()
    asyncio.get_running_loop().run_in_executor(None, wait_for_end)
    while (heard := await notifications.next()) is not None:
        if heard.is_new_event():
            task = asyncio.create_task(serve(client, heard.event, wallet.secret_key(), seen))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


def wait_for_end():
    """It ends with its standard input."""
    sys.stdin.read()
    os._exit(0)


asyncio.run(main())
