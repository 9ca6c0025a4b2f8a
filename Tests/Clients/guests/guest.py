"""What the guests share: clients whose packages bear no others beside them live in a Python of their own, and are told what
to do by lines of JSON.

A guest is started with the server's address and the file in which preimages are written down.
"""

import asyncio
import json
import sys
import traceback
import urllib.request

SERVER, RECORD = sys.argv[1:3]


def pay(invoice):
    """The preimage, hex, from the embedded node's own wallet."""
    request = urllib.request.Request(
        SERVER + "/dev/pay", json.dumps({"invoice": invoice}).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        preimage = json.load(answer)["preimage"]
    with open(RECORD, "a") as record:
        record.write(preimage + "\n")
    return preimage


def serve(ask):
    """Until standard input ends: `ask` is called with each line's fields, and what it returns is said."""
    # What a library prints is no answer.
    caller, sys.stdout = sys.stdout, sys.stderr

    async def loop():
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                said = await ask(**json.loads(line))
            except Exception:
                said = {"failed": traceback.format_exc()[-1500:]}
            print(json.dumps(said), file=caller, flush=True)

    asyncio.run(loop())
