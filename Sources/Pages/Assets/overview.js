// What a holder does with a lease: renew it, keep its credential, give it back, fetch what is left.

import { mayPass, pause, picture } from "./net.js";
import { download, exported, leases, orders, secret } from "./store.js";
import { say, toast } from "./words.js";

let lease;
const outcomes = { paid: "js_payout_paid", failed: "js_payout_failed" };

export function attach(context) {
  lease = context;
  const actions = { renew, change, save, device, release, refund };
  for (const node of document.querySelectorAll("[data-do]")) {
    const action = actions[node.dataset.do];
    if (node.tagName === "FORM") node.onsubmit = (event) => {
      event.preventDefault();
      busy(node.querySelector("button"), () => action(node));
    };
    else node.onclick = () => busy(node, () => action(node));
  }
}

/** Presses once, and says what went wrong. */
async function busy(button, work) {
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    toast(`${say("js_sorry")} ${error.message}`);
  }
  button.disabled = false;
}

function renew() {
  // A renewal that waits for its payment is the one that is shown again.
  const open = orders.all().find((order) => order.kind === "renew" && order.lease === lease.id
    && (order.credential || !order.expires || Date.parse(order.expires) > Date.now() + 30_000));
  const order = open ?? orders.put(secret(), {
    kind: "renew", path: `/v1/leases/${lease.id}/renewals`, title: lease.lease.title, lease: lease.id, body: { periods: 1 }, at: Date.now(),
  });
  location.assign(`/order#${order.id}`);
}

/** What it costs is said by the invoice; what costs nothing happens at once, and so is asked about first. */
function change(form) {
  const dialog = document.getElementById("change-dialog");
  const { offer } = form.elements;
  document.getElementById("change-words").textContent = offer.selectedOptions[0].textContent;
  dialog.onclose = () => {
    if (dialog.returnValue !== "yes") return;
    const order = orders.put(secret(), {
      kind: "change", path: `/v1/leases/${lease.id}/changes`, title: lease.lease.title, lease: lease.id, body: { offer: offer.value }, at: Date.now(),
    });
    location.assign(`/order#${order.id}`);
  };
  dialog.returnValue = "";
  dialog.showModal();
}

function save() {
  download(`lease-${lease.id.slice(-8)}.json`, exported([leases.get(lease.id)]));
}

async function device(button) {
  const box = document.getElementById("device");
  if (box.hidden) {
    const code = await picture(lease.credential());
    if (code) box.replaceChildren(code);
  }
  box.hidden = !box.hidden;
  button.setAttribute("aria-expanded", String(!box.hidden));
}

/** Asks what is lost, in a dialogue of the page's own. */
function release() {
  const dialog = document.getElementById("release-dialog");
  dialog.onclose = async () => {
    if (dialog.returnValue !== "yes") return;
    await busy(document.querySelector('[data-do="release"]'), async () => {
      await lease.ask("DELETE", `/v1/leases/${lease.id}`);
      await lease.reload();
    });
  };
  dialog.returnValue = "";
  dialog.showModal();
}

/** The same invoice again is the same payout, so that a lost answer is asked for again. */
async function refund(form) {
  const invoice = form.elements.invoice.value.trim();
  const words = document.getElementById("refund-words");
  for (;;) {
    try {
      const payout = await (await lease.ask("POST", `/v1/leases/${lease.id}/refund`, { body: { invoice } })).json();
      words.textContent = say(outcomes[payout.state] ?? "js_payout_pending", { words: payout.reason ?? "" });
      if (outcomes[payout.state]) break;
    } catch (error) {
      if (!mayPass(error)) throw error;
      words.textContent = say("js_offline");
    }
    await pause(1500);
  }
  form.elements.invoice.value = "";
}
