"""Runs every walk, or those that are named; `scripts/pages` makes what it needs and calls it.

    python run.py [--list] [--pictures FOLDER | --album FOLDER] [walk…]
"""

import os
import sys

from playwright.sync_api import sync_playwright

from shop import Shop
from report import Report
import leasing
import ordering
import pictures

WALKS = {**ordering.WALKS, **leasing.WALKS}


def main(arguments):
    if "--list" in arguments:
        print("\n".join(WALKS))
        return 0
    albums = []
    for option, take in {"--pictures": pictures.for_designers, "--album": pictures.for_documentation}.items():
        if option in arguments:
            at = arguments.index(option)
            albums.append((take, arguments[at + 1]))
            del arguments[at:at + 2]
    unknown = set(arguments) - WALKS.keys()
    if unknown:
        sys.exit(f"no walk {', '.join(unknown)}; there are {', '.join(WALKS)}")
    report, shop = Report(), Shop()
    try:
        if report.step("the daemon serves", shop.start):
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=os.environ.get("LEASEHOLD_CHROMIUM", "/usr/bin/chromium"),
                    args=["--no-sandbox", "--disable-dev-shm-usage"])
                for name in arguments or ([] if albums else WALKS):
                    report.step(WALKS[name].__doc__.strip().rstrip("."), WALKS[name], browser, shop)
                for take, folder in albums:
                    report.step("pictures", take, browser, shop, folder)
                browser.close()
    finally:
        shop.stop()
    return report.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
