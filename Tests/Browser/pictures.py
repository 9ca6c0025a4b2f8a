"""Pictures of every page: all of them at both widths, light and dark, for whoever designs; or a few small ones for the
documentation."""

from pathlib import Path

from playwright.sync_api import expect

from leasing import credential_of
from shop import Visitor

WAYS = {"phone-light": dict(width=390), "phone-dark": dict(width=390, dark=True), "desk-light": dict(width=1280),
        "desk-dark": dict(width=1280, dark=True)}
# What documentation shows, and nothing hostile in it.
SHOWN = ["shop", "order", "lease", "files"]
PLAIN = {"& <b>Sons</b>": "& Sons", "A <i>container</i>": "A small container",
         "A little disk that can be paid for a few seconds": "A little disk for an hour"}


def for_documentation(browser, shop, folder):
    text = shop.configuration.read_text()
    for hostile, plain in PLAIN.items():
        text = text.replace(hostile, plain)
    shop.kill()
    shop.configuration.write_text(text)
    shop.serve()
    Path(folder).mkdir(parents=True, exist_ok=True)
    walk(Visitor(browser, shop, width=390), shop, lambda page, name: name in SHOWN and page.screenshot(path=f"{folder}/{name}.png"))


def for_designers(browser, shop, folder):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for way, how in WAYS.items():
        walk(Visitor(browser, shop, **how), shop,
             lambda page, name: page.screenshot(path=f"{folder}/{name}-{way}.png", full_page=True))


def walk(visitor, shop, shoot):
    page = visitor.page
    page.goto("/")
    shoot(page, "shop")
    page.goto("/rent/day-box")
    page.locator("summary").click()
    shoot(page, "rent")
    visitor.order("day-disk")
    shoot(page, "order")
    page.locator("#pay-play").click()
    lease = visitor.leased()
    shoot(page, "lease")
    credential = credential_of(visitor, lease)
    shop.ask("PUT", f"/dav/{lease}/holiday.jpg", credential=credential, body=bytes(3_456_789)).expect(201)
    shop.ask("MKCOL", f"/dav/{lease}/photos", credential=credential).expect(201)
    for part in ["files", "keep", "usage", "history", "share"]:
        page.goto(f"/lease/{lease}/{part}")
        page.locator("#lease .card").first.wait_for()
        if part == "files":
            page.locator("#files tr").first.wait_for()
        shoot(page, part)
    visitor.order("day-box", command="sh -c 'while sleep 1; do echo tick; date; done'")
    page.locator("#pay-play").click()
    box = visitor.leased()
    page.goto(f"/lease/{box}/container")
    expect(page.locator("#log")).to_contain_text("tick")
    shoot(page, "container")
    page.goto("/leases")
    page.locator("#leases li").first.wait_for()
    shoot(page, "leases")
    page.goto(f"/lease/{lease[::-1]}")
    shoot(page, "locked")
    visitor.end()
