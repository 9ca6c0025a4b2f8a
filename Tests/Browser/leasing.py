"""What a holder does with a lease: its files, its container, lending, its history, and leaving."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

from playwright.sync_api import expect

from shop import visiting

# Whatever is written into a page as HTML runs this.
HOSTILE = "<img src=x onerror='document.title=666'>"


def disk(visitor):
    visitor.order("day-disk")
    visitor.page.locator("#pay-play").click()
    return visitor.leased()


def credential_of(visitor, lease):
    return visitor.storage()[f"leasehold.lease.{lease}"]["credential"]


def tab(page, name):
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.locator("nav a[aria-current=page]").first).to_have_text(name)


def given_back(browser, shop):
    """Who gives a lease back is asked, told what is lost, and gets the rest of the money."""
    with visiting(browser, shop) as visitor:
        page = visitor.page
        lease = disk(visitor)
        page.get_by_role("button", name="Give it back…").click()
        dialog = page.locator("#release-dialog")
        expect(dialog).to_contain_text("Every file on it is destroyed")
        expect(dialog).to_contain_text(re.compile("(19|20) sat"))
        visitor.accessible()
        page.get_by_role("button", name="Keep it").click()
        expect(dialog).to_be_hidden()
        assert shop.lease(lease, credential_of(visitor, lease))["state"] == "active"
        page.get_by_role("button", name="Give it back…").click()
        page.get_by_role("button", name="Destroy and give back").click()
        expect(page.locator("#state-title")).to_have_text("Ended: you gave it back")
        expect(page.locator("#refund-title")).to_be_visible()
        credit = shop.lease(lease, credential_of(visitor, lease))["credit_msat"]
        invoice = shop.ask("POST", "/dev/invoice", {"amount_msat": credit // 1000 * 1000}).expect(200).json()["invoice"]
        page.fill("#refund-invoice", "lnbc1nonsense")
        page.get_by_role("button", name="Pay me back").click()
        expect(page.locator("#toast")).to_contain_text("That did not work")
        page.fill("#refund-invoice", invoice)
        page.get_by_role("button", name="Pay me back").click()
        expect(page.locator("#refund-words")).to_have_text("Paid out.")
        visitor.accessible()
        visitor.fits()


def files(browser, shop):
    """Files go up, into folders, are renamed, downloaded and deleted; their names are text."""
    with visiting(browser, shop) as visitor, tempfile.TemporaryDirectory() as folder:
        page = visitor.page
        page.on("dialog", lambda dialog: dialog.accept("renamed & <b>bold.txt" if dialog.type == "prompt" else ""))
        lease = disk(visitor)
        tab(page, "Files")
        expect(page.locator("#empty")).to_be_visible()
        expect(page.locator("#space")).to_contain_text("of 48 MiB used")
        name = f"{HOSTILE.replace('/', '')} ü #?%.html"
        (Path(folder) / name).write_text("<script>document.title = 666</script>")
        (Path(folder) / "plain.txt").write_text("plain")
        page.set_input_files("#upload", [Path(folder) / name, Path(folder) / "plain.txt"])
        expect(page.locator("#files tr")).to_have_count(2)
        expect(page.locator("#files tr").first).to_contain_text(name)
        visitor.accessible()
        visitor.fits()
        with page.expect_download() as download:
            page.locator("#files").get_by_role("button", name=name, exact=True).click()
        assert Path(download.value.path()).read_text().startswith("<script>")
        page.fill("#folder-name", "photos")
        page.locator("#new-folder button").click()
        page.get_by_role("link", name="photos/").click()
        expect(page.locator("#crumbs")).to_contain_text("Disk / photos")
        expect(page.locator("#empty")).to_be_visible()
        page.set_input_files("#upload", [Path(folder) / "plain.txt"])
        expect(page.locator("#files tr")).to_have_count(1)
        page.get_by_role("button", name="Rename: plain.txt").click()
        expect(page.locator("#files tr")).to_contain_text("renamed & <b>bold.txt")
        page.get_by_role("button", name="Delete: renamed").click()
        expect(page.locator("#empty")).to_be_visible()
        page.go_back()
        expect(page.locator("#files tr")).to_have_count(3)
        assert page.title() != "666"
        kept = shop.ask("GET", f"/dav/{lease}/plain.txt", credential=credential_of(visitor, lease)).expect(200).body
        assert kept == b"plain"


def large_file(browser, shop):
    """A large file comes whole through a network that is cut in the middle of it."""
    with visiting(browser, shop) as visitor, tempfile.TemporaryDirectory() as folder:
        page = visitor.page
        lease = disk(visitor)
        tab(page, "Files")
        expect(page.locator("#empty")).to_be_visible()
        content = os.urandom(30 << 20)
        (Path(folder) / "large").write_bytes(content)
        cut = []

        def middle(route):
            # The second part breaks off on its way, once.
            if "8388608-" in route.request.headers.get("content-range", "") and not cut:
                cut.append(route)
                route.abort()
            else:
                route.continue_()
        visitor.context.route("**/dav/**", middle)
        page.set_input_files("#upload", Path(folder) / "large")
        expect(page.locator("#uploads li")).to_contain_text("done", timeout=60_000)
        assert cut
        kept = shop.ask("GET", f"/dav/{lease}/large", credential=credential_of(visitor, lease)).expect(200).body
        assert hashlib.sha256(kept).digest() == hashlib.sha256(content).digest()
        # What does not fit says so.
        page.set_input_files("#upload", {"name": "more", "mimeType": "", "buffer": os.urandom(20 << 20)})
        expect(page.locator("#uploads li").last).to_contain_text("That did not work", timeout=60_000)


def container(browser, shop):
    """A container says what it says as it says it, is stopped and started, and tells how it ended."""
    with visiting(browser, shop, width=1280) as visitor:
        page = visitor.page
        page.goto("/rent/day-box")
        page.fill("#command", f'sh -c "echo \\"{HOSTILE}\\"; while read line </tmp/in; do echo $line; done; sleep 3600"')
        page.locator("summary").click()
        page.fill("#env", "SECRET=sesame42")
        page.locator("#rent button[type=submit]").click()
        visitor.invoice()
        page.locator("#pay-play").click()
        lease = visitor.leased()
        tab(page, "Container")
        expect(page.locator("#command-title")).to_have_text("Running")
        expect(page.locator("#log")).to_contain_text(HOSTILE)
        expect(page.locator("main")).to_contain_text("SECRET")
        assert "sesame42" not in page.content()
        assert page.title() != "666"
        visitor.accessible()
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#command-title")).to_have_text("Stopped")
        page.get_by_role("button", name="Start").click()
        expect(page.locator("#command-title")).to_have_text("Running")
        page.fill("#port-number", "8080")
        page.get_by_role("button", name="Open it").click()
        expect(page.locator("#passwords code").nth(1)).to_be_visible()
        shop.ask("POST", f"/v1/leases/{lease}/exec", {"command": ["sh", "-c", "kill -9 -1"]}, credential_of(visitor, lease))


def container_ends(browser, shop):
    """A command that ended says with which code."""
    with visiting(browser, shop) as visitor:
        visitor.order("day-box", command="sh -c 'echo bye; exit 7'")
        visitor.page.locator("#pay-play").click()
        visitor.leased()
        tab(visitor.page, "Container")
        expect(visitor.page.locator("#command-title")).to_have_text("Ended by itself, with code 7")
        expect(visitor.page.locator("#log")).to_have_text("bye\n")
        visitor.accessible()
        visitor.fits()


def lent(browser, shop):
    """What is lent reaches as far as was said, on another device, until it is revoked."""
    with visiting(browser, shop) as owner, visiting(browser, shop) as friend:
        page = owner.page
        lease = disk(owner)
        credential = credential_of(owner, lease)
        shop.ask("MKCOL", f"/dav/{lease}/photos", credential=credential).expect(201)
        shop.ask("PUT", f"/dav/{lease}/photos/one.txt", credential=credential, body=b"one").expect(201)
        tab(page, "Share")
        page.select_option("#lend-what", "read")
        page.fill("#lend-path", "photos")
        page.get_by_role("button", name="Make a link").click()
        expect(page.locator("#lend-qr svg")).to_be_visible()
        expect(page.locator("#lent-list li")).to_have_count(1)
        owner.accessible()
        owner.fits()
        friend.page.goto(page.locator("#lend-link").input_value())
        expect(friend.page.locator("#files")).to_contain_text("one.txt")
        assert "credential" not in friend.page.url, friend.page.url
        friend.page.set_input_files("#upload", {"name": "two.txt", "mimeType": "", "buffer": b"two"})
        expect(friend.page.locator("#uploads li")).to_contain_text("That did not work")
        tab(friend.page, "Overview")
        expect(friend.page.locator("#state-title")).to_have_text("In service")
        expect(friend.page.locator("main")).not_to_contain_text("Balance")
        page.get_by_role("button", name="Revoke").click()
        expect(page.locator("#lent-none")).to_be_visible()
        friend.page.goto("about:blank")
        friend.page.goto(f"/lease/{lease}/files")
        expect(friend.page.locator("#locked-words")).to_contain_text("cannot be opened")


def history(browser, shop):
    """What happened and where the money went, in words; what the meters said; a code to extend it."""
    with visiting(browser, shop) as visitor:
        page = visitor.page
        disk(visitor)
        with page.expect_request(
                lambda request: request.url.endswith("/events") and request.frame.url.endswith("/history")) as asked:
            tab(page, "History")
        expect(page.locator(".timeline")).to_contain_text("Made ready")
        # What is shown is not told again, with a load of the page for each.
        shown = page.locator("#lease").get_attribute("data-last")
        assert int(shown) > 0 and asked.value.headers["last-event-id"] == shown, asked.value.headers
        expect(page.locator("table.money")).to_contain_text("You paid")
        expect(page.locator("table.money")).to_contain_text("+20")
        visitor.accessible()
        visitor.fits()
        tab(page, "Usage")
        visitor.accessible()
        visitor.fits()
        tab(page, "Keep")
        expect(page.locator(".qr svg").first).to_be_visible()
        expect(page.locator("main")).to_contain_text("LNURL1")


def kept_alive(browser, shop):
    """Somebody is told until he is taken away; a wallet that does not answer is not taken."""
    with visiting(browser, shop) as visitor:
        page = visitor.page
        lease = disk(visitor)
        tab(page, "Keep")
        expect(page.locator("#wallet-now")).to_have_text("None is asked.")
        page.select_option("#tell-how", "webhook")
        page.fill("#tell-where", "https://hooks.example.com/me")
        page.locator("#tell button").click()
        expect(page.locator("#contact-words")).to_contain_text("whsec_")
        expect(page.locator("#contacts li")).to_have_count(1)
        visitor.accessible()
        visitor.fits()
        page.locator("#contacts button").click()
        expect(page.locator("#contacts li")).to_have_count(0)
        key = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        page.fill("#wallet-nwc", f"nostr+walletconnect://{key}?relay=wss%3A%2F%2Frelay.example.com&secret={'1' * 64}")
        page.locator("#wallet-set button").click()
        # Nobody is at that relay: a wallet that does not answer is not taken.
        expect(page.locator("#toast")).to_contain_text("That did not work", timeout=60_000)
        expect(page.locator("#wallet-now")).to_have_text("None is asked.")
        assert "1" * 64 not in page.content()
        assert shop.lease(lease, credential_of(visitor, lease))["state"] == "active"


def changed(browser, shop):
    """A lease is changed to a larger offer, for what is left of its money."""
    with visiting(browser, shop) as visitor:
        page = visitor.page
        visitor.order("quick-disk")
        page.locator("#pay-play").click()
        lease = visitor.leased()
        page.select_option("#change-to", "day-disk")
        page.get_by_role("button", name="Change…").click()
        expect(page.locator("#change-dialog")).to_contain_text("Some disk for a day: 20 sat per day")
        visitor.accessible()
        page.get_by_role("button", name="Change", exact=True).click()
        assert visitor.leased() == lease
        expect(page.locator("h1")).to_have_text("Some disk for a day")
        assert shop.lease(lease, credential_of(visitor, lease))["offer"] == "day-disk"


def disk_in_container(browser, shop):
    """A disk of this browser is attached to a container that it rents."""
    with visiting(browser, shop) as visitor:
        page = visitor.page
        lease = disk(visitor)
        page.goto("/rent/day-box")
        page.select_option("#disk", lease)
        page.fill("#command", "sh -c 'echo from inside >/disk/said; sleep 3600'")
        page.locator("#rent button[type=submit]").click()
        visitor.invoice()
        page.locator("#pay-play").click()
        visitor.leased()
        expect(page.get_by_role("link", name=lease)).to_be_visible()
        said = shop.ask("GET", f"/dav/{lease}/said", credential=credential_of(visitor, lease)).expect(200).body
        assert said == b"from inside\n", said


WALKS = {walk.__name__: walk for walk in [
    given_back, files, large_file, container, container_ends, lent, history, kept_alive, changed, disk_in_container]}
