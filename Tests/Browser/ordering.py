"""From the shop window to a lease: by every way of paying, and whatever breaks in between."""

import json
from pathlib import Path

from playwright.sync_api import expect

from shop import visiting


def by_wallet_elsewhere(browser, shop):
    """An invoice that another device pays is a lease within a second or two."""
    with visiting(browser, shop) as visitor:
        invoice = visitor.order("day-disk")
        assert visitor.page.locator("#open").get_attribute("href") == f"lightning:{invoice}"
        # No wallet is in this browser.
        expect(visitor.page.locator("#pay-webln")).to_be_hidden()
        expect(visitor.page.locator("#pay-left")).to_contain_text("Can be paid for 9 min")
        visitor.accessible()
        visitor.fits()
        shop.pay(invoice)
        lease = visitor.leased()
        kept = visitor.storage()[f"leasehold.lease.{lease}"]
        assert kept["title"] == "Some disk for a day" and kept["kind"] == "disk", kept
        shop.lease(lease, kept["credential"])
        assert "L402" not in visitor.page.url and not visitor.page.url.count("?")
        assert not any(key.startswith("leasehold.order") for key in visitor.storage())
        assert visitor.context.cookies() == []
        visitor.accessible()
        visitor.fits()


def by_browser_wallet(browser, shop):
    """A wallet in the browser pays; a container runs what was asked for."""
    with visiting(browser, shop, width=1280) as visitor:
        visitor.with_wallet()
        visitor.order("day-box", command="sh -c 'echo \"<img src=x onerror=alert(1)>\"; sleep 3600'")
        visitor.page.locator("#pay-webln").click()
        lease = visitor.leased()
        credential = visitor.storage()[f"leasehold.lease.{lease}"]["credential"]
        logs = shop.ask("GET", f"/v1/leases/{lease}/logs", credential=credential).expect(200).body
        assert b"<img src=x" in logs, logs
        visitor.accessible()


def by_keyboard(browser, shop):
    """Without a mouse: Tab, Enter and the browser's own keys are enough."""
    with visiting(browser, shop, width=1280) as visitor:
        page = visitor.page
        page.goto("/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        reach(page, 'a[href="/rent/day-disk"]')
        page.keyboard.press("Enter")
        page.wait_for_url("**/rent/day-disk")
        reach(page, "#periods")
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("2")
        expect(page.locator("#total")).to_have_text("40")
        reach(page, "#rent button[type=submit]")
        page.keyboard.press("Enter")
        visitor.invoice()
        expect(page.locator("#sat")).to_have_text("40")
        reach(page, "#pay-play")
        page.keyboard.press("Enter")
        visitor.leased()


def reach(page, selector, most=40):
    """Presses Tab until it has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by {most} tabs")


def reloaded(browser, shop):
    """Reloading, closing, going back and a second tab are the same order."""
    with visiting(browser, shop) as visitor:
        page = visitor.page
        invoice = visitor.order("day-disk")
        address = page.url
        page.reload()
        assert visitor.invoice() == invoice
        page.go_back()
        expect(page.locator("#pending")).to_be_visible()
        page.locator("#rent button[type=submit]").click()
        assert visitor.invoice() == invoice, "the same wish is another order"
        second = visitor.context.new_page()
        second.goto(address)
        expect(second.locator("#text")).to_have_value(invoice)
        page.close()
        visitor.page = visitor.context.new_page()
        shop.pay(invoice)
        second.wait_for_url("**/lease/*")
        visitor.page.goto("/leases")
        expect(visitor.page.locator("#leases li")).to_have_count(1)
        visitor.page.get_by_role("link", name="Open", exact=True).click()
        visitor.leased()


def quicker_than_scripts(browser, shop):
    """Who sends the form before the scripts are there has the same order as with them."""
    with visiting(browser, shop) as visitor:
        page, context = visitor.page, visitor.context
        context.route("**/rent.js", lambda route: route.abort())
        page.goto("/rent/day-disk")
        page.fill("#periods", "2")
        page.locator("#rent button[type=submit]").click(no_wait_after=True)
        expect(page.locator("#qr svg")).to_be_visible()
        first = page.locator("#text").input_value()
        context.unroute("**/rent.js")
        visitor.troubles.clear()
        page.reload()
        page.wait_for_url("**/order#*")
        assert visitor.invoice() == first
        shop.pay(first)
        visitor.leased()


def network_dies(browser, shop):
    """A network that dies at any step only waits for it to come back."""
    with visiting(browser, shop) as visitor:
        page, context = visitor.page, visitor.context
        page.goto("/rent/day-disk")
        context.route("**/v1/leases", lambda route: route.abort())
        page.locator("#rent button[type=submit]").click()
        expect(page.locator("#order-words")).to_contain_text("No connection")
        context.unroute("**/v1/leases")
        invoice = visitor.invoice()
        context.set_offline(True)
        expect(page.locator("#pay-status")).to_contain_text("No connection")
        shop.pay(invoice)
        context.set_offline(False)
        visitor.leased()


def paid_while_closed(browser, shop):
    """What was paid while nobody looked is found when somebody does."""
    with visiting(browser, shop) as visitor:
        invoice = visitor.order("day-disk")
        visitor.page.goto("about:blank")
        shop.pay(invoice)
        visitor.page.goto("/leases")
        visitor.page.get_by_role("link", name="Go on").click()
        visitor.leased()


def server_restarts(browser, shop):
    """A daemon that is killed under an order goes on with it when it is back."""
    with visiting(browser, shop) as visitor:
        invoice = visitor.order("day-disk")
        shop.kill()
        expect(visitor.page.locator("#pay-status")).to_contain_text("No connection")
        shop.serve()
        expect(visitor.page.locator("#pay-status")).to_contain_text("Waiting")
        shop.pay(invoice)
        lease = visitor.leased()
        shop.kill()
        shop.serve()
        visitor.page.reload()
        assert visitor.leased() == lease


def runs_out(browser, shop):
    """An invoice that ran out says so, and another is to be had."""
    with visiting(browser, shop) as visitor:
        first = visitor.order("quick-disk")
        expect(visitor.page.locator("#order-words")).to_contain_text("can no longer be paid", timeout=90_000)
        visitor.page.locator("#again").click()
        second = visitor.invoice()
        assert first != second
        shop.pay(second)
        visitor.leased()


def cannot_be_made(browser, shop):
    """What cannot be made says why, and that the payment went back."""
    with visiting(browser, shop) as visitor:
        page = visitor.page
        page.goto("/rent/day-box")
        page.fill("#command", "/no/such/program")
        page.locator("#rent button[type=submit]").click()
        visitor.invoice()
        page.locator("#pay-play").click()
        expect(page.locator("#order-words")).to_contain_text("the payment went back", timeout=90_000)


def without_scripts(browser, shop):
    """Without scripts: offers, a form, a picture of the invoice, a look whether it was paid, the lease."""
    with visiting(browser, shop, scripts=False) as visitor:
        page = visitor.page
        page.goto("/")
        page.locator('a[href="/rent/day-box"]').click()
        page.fill("#command", "sh -c 'echo hello; sleep 3600'")
        page.locator("#rent button[type=submit]").click()
        expect(page.locator("#qr svg")).to_be_visible()
        invoice = page.locator("#text").input_value()
        page.get_by_role("button", name="I have paid: look").click()
        expect(page.locator("#pay-status")).to_contain_text("Waiting")
        assert page.locator("#text").input_value() == invoice
        shop.pay(invoice)
        page.get_by_role("button", name="I have paid: look").click()
        expect(page.locator("h2", has_text="It is yours")).to_be_visible(timeout=60_000)
        credential = page.locator("textarea").first.input_value()
        lease = page.locator("#lease").get_attribute("data-lease")
        shop.remember(lease)
        logs = shop.ask("GET", f"/v1/leases/{lease}/logs", credential=credential).expect(200).body
        assert logs == b"hello\n", logs
        page.goto("/leases")
        page.fill("#noscript-credential", credential)
        page.get_by_role("button", name="Look at the lease").click()
        expect(page.locator("#state-title")).to_contain_text("In service")
        assert visitor.context.cookies() == []


def in_german(browser, shop):
    """A browser that wants German gets all of it in German."""
    with visiting(browser, shop, language="de-DE") as visitor:
        visitor.order("day-disk")
        expect(visitor.page.locator("h1")).to_have_text("Bezahlen")
        expect(visitor.page.locator("#pay-status")).to_have_text("Warte auf die Zahlung…")
        visitor.page.locator("#pay-play").click()
        visitor.leased("In Betrieb")
        assert visitor.page.locator("html").get_attribute("lang") == "de"


def exported(browser, shop):
    """A file takes a lease to another browser; so does its credential, pasted."""
    with visiting(browser, shop) as one, visiting(browser, shop, width=1280) as other:
        one.order("day-disk")
        one.page.locator("#pay-play").click()
        lease = one.leased()
        one.page.goto("/leases")
        with one.page.expect_download() as download:
            one.page.locator("#export").click()
        one.accessible()
        other.page.goto(f"/lease/{lease}")
        expect(other.page.locator("#locked-words")).to_contain_text("no credential")
        other.page.goto("/leases")
        other.page.set_input_files("#import", download.value.path())
        other.page.get_by_role("link", name="Open", exact=True).click()
        assert other.leased() == lease
        credential = json.loads(Path(download.value.path()).read_text())["leases"][0]["credential"]
    with visiting(browser, shop) as third:
        third.page.goto("/leases")
        third.page.fill("#credential", credential)
        third.page.locator("#paste button").click()
        third.page.get_by_role("link", name="Open", exact=True).click()
        assert third.leased() == lease


def renewed(browser, shop):
    """One tap renews a lease, and what it is paid by then opens it."""
    with visiting(browser, shop) as visitor:
        visitor.with_wallet()
        visitor.order("day-disk")
        visitor.page.locator("#pay-webln").click()
        lease = visitor.leased()
        before = shop.lease(lease, visitor.storage()[f"leasehold.lease.{lease}"]["credential"])["paid_until"]
        visitor.page.get_by_role("button", name="Renew").click()
        visitor.invoice()
        expect(visitor.page.locator("#sat")).to_have_text("20")
        visitor.page.locator("#pay-webln").click()
        assert visitor.leased() == lease
        after = shop.lease(lease, visitor.storage()[f"leasehold.lease.{lease}"]["credential"])["paid_until"]
        assert after > before, (before, after)


def refused(browser, shop):
    """What cannot be is said on a page, in words."""
    with visiting(browser, shop) as visitor:
        page = visitor.page
        assert page.goto("/rent/nothing").status == 404
        expect(page.locator("main")).to_contain_text("There is no such offer")
        visitor.accessible()
        answer = page.request.post("/rent/day-disk", form={"key": "x"})
        assert answer.status == 422, answer.status
        foreign = page.request.post(
            "/rent/day-disk", form={"key": "k" * 30, "periods": "1"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status == 403, foreign.status


def shut_in(browser, shop):
    """Pages run nothing from elsewhere and nothing inline, stand in no frame, and name nobody's secret."""
    with visiting(browser, shop) as visitor:
        for path in ["/", "/rent/day-disk", "/order", "/leases", "/lease/00000000000000000000000000"]:
            headers = visitor.page.goto(path).all_headers()
            policy = headers["content-security-policy"]
            assert "unsafe" not in policy and "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
            assert headers["referrer-policy"] == "no-referrer"
            assert "set-cookie" not in headers
            visitor.accessible()
            visitor.fits()
        assert visitor.page.locator("b", has_text="Sons").count() == 0
        visitor.page.goto("/")
        size = visitor.page.evaluate(
            "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
            ".reduce((sum, one) => sum + one.transferSize, 0)")
        assert size < 150_000, size


WALKS = {walk.__name__: walk for walk in [
    shut_in, refused, by_wallet_elsewhere, by_browser_wallet, by_keyboard, reloaded, quicker_than_scripts, network_dies, paid_while_closed,
    server_restarts, runs_out, cannot_be_made, without_scripts, in_german, exported, renewed]}
