"""Pictures of every page, for the documentation and for whoever designs: at both widths, light and dark."""

from pathlib import Path

from playwright.sync_api import expect

from leasing import credential_of
from shop import Visitor

WAYS = {"phone-light": dict(width=390), "phone-dark": dict(width=390, dark=True), "desk-light": dict(width=1280),
        "desk-dark": dict(width=1280, dark=True)}


def take(browser, shop, folder):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for way, how in WAYS.items():
        visitor = Visitor(browser, shop, **how)
        page = visitor.page

        def shoot(name):
            page.screenshot(path=f"{folder}/{name}-{way}.png", full_page=True)

        page.goto("/")
        shoot("shop")
        page.goto("/rent/day-box")
        page.locator("summary").click()
        shoot("rent")
        visitor.order("day-disk")
        shoot("order")
        page.locator("#pay-play").click()
        lease = visitor.leased()
        shoot("lease")
        shop.ask("PUT", f"/dav/{lease}/holiday.jpg", credential=credential_of(visitor, lease), body=bytes(3_456_789)).expect(201)
        shop.ask("MKCOL", f"/dav/{lease}/photos", credential=credential_of(visitor, lease)).expect(201)
        for part in ["files", "usage", "history", "share"]:
            page.goto(f"/lease/{lease}/{part}")
            page.locator("#lease .card").first.wait_for()
            if part == "files":
                page.locator("#files tr").first.wait_for()
            shoot(part)
        visitor.order("day-box", command="sh -c 'while sleep 1; do echo tick; date; done'")
        page.locator("#pay-play").click()
        box = visitor.leased()
        page.goto(f"/lease/{box}/container")
        expect(page.locator("#log")).to_contain_text("tick")
        shoot("container")
        page.goto("/leases")
        page.locator("#leases li").first.wait_for()
        shoot("leases")
        page.goto(f"/lease/{lease[::-1]}")
        shoot("locked")
        visitor.end()
