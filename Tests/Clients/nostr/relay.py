#!/usr/bin/env python3
"""A relay on a port that the system chooses: PyPI's nostr-relay, for tests. Usage: relay.py FOLDER

FOLDER is where its database lies. It prints ws://127.0.0.1:PORT once it serves, and ends with its standard input.
"""
import asyncio
import os
import socket
import subprocess
import sys

folder = sys.argv[1]
with open(f"{folder}/relay.yaml", "w") as file:
    file.write(f"""
relay_name: for tests
storage:
  sqlalchemy.url: sqlite+aiosqlite:///{folder}/relay.sqlite3
  num_concurrent_reqs: 10
  num_concurrent_adds: 2
  validators: [nostr_relay.validators.is_not_too_large, nostr_relay.validators.is_signed]
verification: {{nip05_verification: disabled}}
authentication: {{enabled: false}}
gunicorn: {{bind: "127.0.0.1:0"}}
subscription_limit: 32
max_limit: 6000
message_timeout: 1800
""")
os.chdir(folder)

# It logs to standard output, which is the caller's.
caller = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import uvicorn  # noqa: E402: its settings lie in the folder

from nostr_relay.web import create_app  # noqa: E402

tool = os.path.join(os.path.dirname(sys.executable), "nostr-relay")
subprocess.run([tool, "-c", f"{folder}/relay.yaml", "alembic", "upgrade", "head"], check=True, stdout=sys.stderr)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(create_app(f"{folder}/relay.yaml"), log_level="warning"))


async def main():
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.05)
    print(f"ws://127.0.0.1:{listener.getsockname()[1]}", file=caller, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)


asyncio.run(main())
