"""The shop whose pages are walked: a daemon of its own, with offers to look at, and a browser in front of it."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "Clients"))

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import expect  # noqa: E402
from world import World  # noqa: E402

# A slow machine is no failure; whatever is waited for comes at once on a quick one.
expect.set_options(timeout=20_000)

CONFIGURATION = """\
http: {{address: "127.0.0.1:{port}", title: "Harbour & <b>Sons</b>"}}
state_directory: "{work}/provider/state"
database: {{url: "postgresql:///leasehold"}}
# Paid on success: what cannot be made sends its payment back.
lightning: {{node: embedded, hold: true}}
hosts:
  - name: trial
    disk: {{pool: "{work}/provider/pool", size: 2147483648}}
    compute: {{runtime: runc}}
    subid_base: 3000000
images:
  - {{name: busybox, path: "{work}/provider/images/busybox"}}
  - {{name: broken, path: "{work}/provider/images/broken"}}
limits: {{mints_per_minute: 1000000, mints_per_minute_per_client: 1000000, unpaid_holds_per_client: 1000}}
offers:
  - id: day-disk
    kind: disk
    title: Some disk for a day
    period_seconds: 86400
    price_msat: 20000
    resources: {{disk_bytes: 50331648}}
    max_periods: 30
  - id: day-box
    kind: compute
    title: A <i>container</i> for a day
    period_seconds: 86400
    price_msat: 50000
    resources: {{cpu_millis: 250, memory_bytes: 33554432, pids: 32, disk_bytes: 16777216}}
    images: [busybox, broken]
    max_periods: 30
  - id: quick-disk
    kind: disk
    title: A little disk that can be paid for a few seconds
    period_seconds: 3600
    price_msat: 3000
    resources: {{disk_bytes: 16777216}}
    policy: {{quote_seconds: 10}}
    max_periods: 10
"""


class Shop(World):
    """A daemon, as scripts/clients has it, under another configuration."""

    def __init__(self):
        super().__init__()
        self.configuration.write_text(CONFIGURATION.format(port=self.port, work=self.work))

    def kill(self):
        self.daemon.kill()
        self.daemon.wait()


class Visitor:
    """Somebody in front of a browser: what went wrong on any page is kept, and is a failure."""

    def __init__(self, browser, shop, width=390, scripts=True, language="en-GB", dark=False):
        self.shop = shop
        self.context = browser.new_context(
            base_url=shop.server, viewport={"width": width, "height": 844 if width < 600 else 900}, locale=language,
            java_script_enabled=scripts, color_scheme="dark" if dark else "light", has_touch=width < 600,
            timezone_id="Europe/Berlin", accept_downloads=True)
        self.context.set_default_timeout(20_000)
        self.troubles = []
        self.context.on("page", self.listen)
        self.page = self.context.new_page()

    def listen(self, page):
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))

        def said(message):
            if message.type == "error" and "Failed to load resource" not in message.text:
                self.troubles.append(f"{page.url}: {message.text}")
        page.on("console", said)

    def with_wallet(self):
        """A WebLN wallet in the browser that pays at the embedded node."""
        self.context.expose_function("payElsewhere", lambda invoice: self.shop.pay(invoice))
        self.context.add_init_script(
            "window.webln = {enable: async () => {}, sendPayment: async (invoice) => ({preimage: await payElsewhere(invoice)})};")
        return self

    def storage(self):
        """What the browser has kept of the shop."""
        return self.page.evaluate("Object.fromEntries(Object.entries(localStorage).map(([k, v]) => [k, JSON.parse(v)]))")

    def order(self, offer, **fields):
        """From the shop window to the invoice; returns the invoice."""
        page = self.page
        page.goto("/")
        page.locator(f'a[href="/rent/{offer}"]').click()
        for name, value in fields.items():
            page.fill(f"#{name}", value)
        page.locator("#rent button[type=submit]").click()
        return self.invoice()

    def invoice(self):
        expect(self.page.locator("#invoice")).to_be_visible()
        expect(self.page.locator("#qr svg")).to_be_visible()
        return self.page.locator("#text").input_value()

    def leased(self, state="In service"):
        """The lease's page, once it says so; returns its id."""
        self.page.wait_for_url("**/lease/*")
        expect(self.page.locator("#state-title")).to_contain_text(state)
        lease = self.page.url.rsplit("/", 1)[1]
        self.shop.remember(lease)
        return lease

    def accessible(self):
        """Nothing that axe finds on the page as it is."""
        found = Axe().run(self.page).response["violations"]
        words = [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]
        assert not words, f"{self.page.url}: {words}"

    def fits(self):
        """Nothing stands out at the side, and whatever is pressed can be hit with a thumb."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px too wide"

    def end(self):
        self.context.close()
        assert not self.troubles, self.troubles


@contextmanager
def visiting(browser, shop, **how):
    visitor = Visitor(browser, shop, **how)
    try:
        yield visitor
    except BaseException:
        folder = os.environ.get("LEASEHOLD_PAGES_FAILURES")
        if folder:
            visitor.page.screenshot(path=f"{folder}/failure.png")
        visitor.context.close()
        if visitor.troubles:
            print(f"  the browser said: {visitor.troubles}")
        raise
    visitor.end()
