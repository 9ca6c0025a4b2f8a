// One order, from what was wished for to the lease. Every step is written down before the next is taken, so that a page
// that is loaded again, or in another tab, goes on where this one was.

import * as invoice from "./invoice.js";
import { ask, mayPass, pause } from "./net.js";
import { wish } from "./rent.js";
import { leases, orders, secret, works } from "./store.js";
import { say } from "./words.js";

const at = (id) => document.getElementById(id);

export default function start() {
  if (!at("order-state")) return takeOver();
  addEventListener("hashchange", () => location.reload());
  const order = orders.get(location.hash.slice(1));
  if (!order) return tell(say("js_unknown_order"), "", { elsewhere: true });
  const before = { renew: `${say("js_renewal_of")} `, change: `${say("js_change_of")} ` }[order.kind] ?? "";
  at("order-what").textContent = before + order.title;
  run(order).catch((error) => tell(`${say("js_sorry")} ${error.message}`, "", { again: order, elsewhere: true }));
}

/** Who was quicker than this script has sent the form to the server: the same wish under the same key is the same order. */
function takeOver() {
  const form = at("offline");
  if (!works || !form) return;
  const { kind, title } = form.dataset;
  const id = form.elements.key.value;
  if (!orders.get(id)) {
    orders.put(id, { kind: "rent", path: "/v1/leases", title, leaseKind: kind, body: wish(form, form.elements.offer.value, kind), at: Date.now() });
  }
  location.replace(`/order#${id}`);
}

async function run(order) {
  if (!order.invoice) order = await asked(order);
  if (!order) return;
  if (!order.credential) order = await paid(order);
  if (!order) return;
  await fetched(order);
}

/** Words in place of the invoice, and what may be done. */
function tell(words, detail = "", { again, elsewhere } = {}) {
  at("invoice").hidden = true;
  at("order-state").hidden = false;
  at("order-words").textContent = words;
  at("order-detail").textContent = detail;
  at("elsewhere").hidden = !elsewhere;
  at("again").hidden = !again;
  at("again").onclick = () => {
    // Another invoice is another order; the old one is watched no longer, and was not paid.
    const id = secret();
    orders.put(id, { kind: again.kind, title: again.title, path: again.path, body: again.body, lease: again.kind === "rent" ? undefined : again.lease, leaseKind: again.leaseKind, disk: again.disk, at: Date.now() });
    orders.remove(again.id);
    location.hash = id;
  };
}

/** The request of the order; the same each time. */
function send(order, credential) {
  const body = { ...order.body };
  if (order.disk && !order.invoice) body.disk_credential = leases.get(order.disk)?.credential;
  return ask("POST", order.path, { key: order.id, body, credential });
}

/** The order with its invoice. */
async function asked(order) {
  for (;;) {
    tell(say("js_asking"));
    try {
      const answer = await send(order, order.lease ? leases.get(order.lease)?.credential : undefined);
      const demand = await answer.json();
      if (answer.status !== 402) {
        // Nothing to pay: it was done already.
        orders.remove(order.id);
        location.replace(`/lease/${demand.id}`);
        return null;
      }
      const fiat = demand.price ? `${demand.price.amount} ${demand.price.currency}` : undefined;
      return orders.put(order.id, {
        macaroon: demand.macaroon, invoice: demand.invoice, hash: demand.paymentHash, sat: demand.amountSats,
        expires: demand.expires_at, lease: demand.lease, fiat: order.body.periods > 1 ? undefined : fiat,
      });
    } catch (error) {
      if (!mayPass(error)) throw error;
      tell(say("js_offline"), error.status ? error.message : "");
      await pause(2000);
    }
  }
}

/** The order with its credential, once the invoice is paid. */
async function paid(order) {
  at("order-state").hidden = true;
  invoice.status("js_waiting");
  invoice.show(order);
  const stop = invoice.countDown(order);
  const claim = await invoice.settled(order);
  stop();
  if (claim.state === "settled") return orders.put(order.id, { credential: `L402 ${order.macaroon}:${claim.preimage}` });
  const failure = claim.failure?.detail;
  tell(failure ? `${say("js_went_back")} ${failure}` : say("js_over"), "", { again: order, elsewhere: true });
  return null;
}

/** The lease that was paid for. */
async function fetched(order) {
  tell(say("js_paid"));
  // Kept before it is used: from here on the lease can be reached whatever becomes of this page.
  leases.put(order.lease, { credential: order.credential, title: order.title.trim(), kind: order.leaseKind ?? leases.get(order.lease)?.kind, at: leases.get(order.lease)?.at ?? Date.now() });
  for (;;) {
    try {
      await send(order, order.credential);
      break;
    } catch (error) {
      // The lease's own page says what has become of it.
      if (!mayPass(error)) break;
      tell(say(error.status ? "js_accepted" : "js_offline"));
      await pause(1000);
    }
  }
  orders.remove(order.id);
  location.replace(`/lease/${order.lease}`);
}
