"""One of several processes that pay the same invoice at the same moment and then ask for what it bought.

    python payer.py SERVER '{"challenge": {"macaroon", "invoice"}, "method", "path", "body"}'

Prints `ready`, waits for a line, and prints `{"status", "preimage", "body"}`.
"""

import json
import sys
import urllib.error
import urllib.request

server, asked = sys.argv[1], json.loads(sys.argv[2])


def ask(method, path, document, headers=()):
    request = urllib.request.Request(
        server + path, json.dumps(document).encode(), {"Content-Type": "application/json", **dict(headers)},
        method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


print("ready", flush=True)
sys.stdin.readline()
preimage = ask("POST", "/dev/pay", {"invoice": asked["challenge"]["invoice"]})[1].get("preimage")
status, body = ask(asked["method"], asked["path"], asked["body"], {
    "Authorization": f"L402 {asked['challenge']['macaroon']}:{preimage}"})
print(json.dumps({"status": status, "preimage": preimage, "body": body}))
