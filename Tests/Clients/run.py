"""Runs everything against one daemon; `scripts/clients` makes what it needs and calls it.

    python run.py [clients] [tools] [caveats] [scan] [proxies] [keeper] [puller] [messages] [model] [faults] [contract]
"""

import os
import sys

from bad_input import Idlers
from caveats import try_caveats
from contract import try_contract
from faults import try_faults, try_secrets
from keeper import try_keeper
from messages import try_messages
from model import try_model
from proxies import try_proxies
from puller import try_puller
from renters import try_clients
from report import Report
from scan import try_scan
from tools import try_tools
from world import World

SUITES = {"clients": try_clients, "tools": try_tools, "caveats": try_caveats, "scan": try_scan, "proxies": try_proxies,
          "keeper": try_keeper, "puller": try_puller, "messages": try_messages, "model": try_model,
          "faults": try_faults, "contract": try_contract}


def main(wanted):
    unknown = set(wanted) - SUITES.keys()
    if unknown:
        sys.exit(f"no suite {', '.join(unknown)}; there are {', '.join(SUITES)}")
    report, world = Report(), World()
    try:
        if report.step("the daemon serves", world.start):
            idlers = Idlers(world)
            for name in wanted or SUITES:
                SUITES[name](world, report)
            report.step("connections that come to no end are ended", idlers.ended)
            report.step("it is still the same process, and ready", still_up, world)
            report.step("the whole ledger adds up", world.audit)
            report.step("no credential, preimage, invoice or key is in its log", try_secrets, world)
    finally:
        world.stop()
    if report.rows:
        report.table(["rent", "use", "renew", "paid", "return", "notes"])
    if report.failures:
        print("the daemon's log is kept: .leasehold/clients.log" if os.environ.get("LEASEHOLD_KEEP") else
              "LEASEHOLD_KEEP=1 keeps the daemon's log")
    return report.end()


def still_up(world):
    assert world.is_up, f"it ended with {world.daemon.returncode}"
    world.ask("GET", "/readyz").expect(200)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
