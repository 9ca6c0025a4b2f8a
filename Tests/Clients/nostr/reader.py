"""Somebody who reads private messages (NIP-17) at a relay, made with PyPI's nostr-sdk: for tests.

  reader.py RELAY

It prints his public key, then a JSON document for each message that opens. It ends with its standard input.
"""
import asyncio
import json
import os
import sys
from datetime import timedelta

from nostr_sdk import ClientBuilder, Filter, Keys, Kind, RelayUrl, ReqTarget, UnwrappedGift

relay = sys.argv[1]
keys = Keys.generate()


def read(event):
    gift = UnwrappedGift.from_gift_wrap(keys, event)
    rumor = json.loads(gift.rumor().as_json())
    return {"id": gift.rumor().id().to_hex(), "sender": gift.sender().to_hex(), "kind": rumor["kind"], "content": rumor["content"], "tags": rumor["tags"],
            "created_at": rumor["created_at"], "wrapped_by": event.author().to_hex(),
            "wrapped_at": event.created_at().as_secs()}


async def main():
    client = ClientBuilder().build()
    await client.add_relay(RelayUrl.parse(relay))
    await client.try_connect(timedelta(seconds=10))
    notifications = client.notifications()
    await client.subscribe(ReqTarget.auto([Filter().kind(Kind(1059)).pubkey(keys.public_key())]))
    print(keys.public_key().to_bech32(), flush=True)
    asyncio.get_running_loop().run_in_executor(None, wait_for_end)
    while (heard := await notifications.next()) is not None:
        if heard.is_new_event():
            try:
                print(json.dumps(read(heard.event)), flush=True)
            except Exception as error:
                print(json.dumps({"error": str(error)}), flush=True)


def wait_for_end():
    sys.stdin.read()
    os._exit(0)


asyncio.run(main())
