// An invoice on the page: its picture, the ways to pay it, and the watch for its payment.

import { ask, mayPass, pause, picture } from "./net.js";
import { number, say, span, toast } from "./words.js";

const at = (id) => document.getElementById(id);

/** Shows an order's invoice. */
export async function show(order) {
  at("sat").textContent = number(order.sat);
  at("fiat").textContent = order.fiat ?? "";
  at("text").value = order.invoice;
  for (const id of ["wallet", "open"]) at(id).href = `lightning:${order.invoice}`;
  const copy = at("copy");
  copy.hidden = !navigator.clipboard;
  copy.onclick = async () => {
    await navigator.clipboard.writeText(order.invoice);
    toast(say("js_copied"));
  };
  offerWallet(order);
  offerPlayMoney(order);
  at("invoice").hidden = false;
  try {
    const code = await picture("LIGHTNING:" + order.invoice.toUpperCase());
    if (code) at("qr").replaceChildren(code);
  } catch {
    // The text and the link are there.
  }
}

function offerWallet(order) {
  const button = at("pay-webln");
  button.hidden = !window.webln;
  button.onclick = async () => {
    button.disabled = true;
    try {
      await window.webln.enable();
      // What the wallet says is not what counts: the server is asked all the while.
      await window.webln.sendPayment(order.invoice);
    } catch (error) {
      toast(say("js_wallet_failed", { words: error?.message ?? "" }));
      button.disabled = false;
    }
  };
}

function offerPlayMoney(order) {
  const button = at("pay-play");
  if (!button) return;
  button.hidden = false;
  button.onclick = async () => {
    button.disabled = true;
    try {
      await ask("POST", "/dev/pay", { body: { invoice: order.invoice } });
    } catch (error) {
      toast(say("js_wallet_failed", { words: error.message }));
      button.disabled = false;
    }
  };
}

/** Counts down beside the invoice until it is told to stop. */
export function countDown(order) {
  const tick = () => {
    const left = Date.parse(order.expires) - Date.now();
    at("pay-left").textContent = left > 0 ? say("js_payable_for", { left: span(left) }) : "";
  };
  tick();
  const timer = setInterval(tick, 1000);
  return () => clearInterval(timer);
}

export function status(key) {
  const node = at("pay-status");
  const text = say(key);
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Asks each second whether it was paid, by whatever wallet on whatever device.
 * Returns the claim once it is decided: `settled`, `expired` or `canceled`.
 */
export async function settled(order) {
  for (;;) {
    try {
      const answer = await ask("GET", `/v1/payments/${order.hash}`, { credential: `L402 ${order.macaroon}:` });
      const claim = await answer.json();
      if (["settled", "expired", "canceled"].includes(claim.state)) return claim;
      status(claim.state === "accepted" ? "js_accepted" : "js_waiting");
      await pause(700);
    } catch (error) {
      if (!mayPass(error)) throw error;
      status("js_offline");
      await pause(1500);
    }
  }
}
