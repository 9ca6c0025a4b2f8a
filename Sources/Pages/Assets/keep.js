// What keeps a lease alive: somebody who is told, a wallet that is asked, a limit of what may be spent.

import { element, number, say, toast } from "./words.js";

let lease;
const pulls = { asked: "js_pull_asked", paid: "js_pull_paid", refused: "js_pull_refused" };
const at = (id) => document.getElementById(id);
const sorry = (error) => toast(`${say("js_sorry")} ${error.message}`);

export function attach(context) {
  lease = context;
  submit(at("tell"), tell);
  submit(at("wallet-set"), setWallet);
  submit(at("limit"), setLimit);
  at("wallet-end").onclick = () => endWallet().catch(sorry);
  contacts().catch(sorry);
  wallet().catch(sorry);
}

function submit(form, action) {
  if (form) form.onsubmit = async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    await action(form).catch(sorry);
    button.disabled = false;
  };
}

const here = (path) => `/v1/leases/${lease.id}/${path}`;
const told = async (method, path, body) => (await lease.ask(method, here(path), { body })).json();

async function contacts() {
  const { items } = await told("GET", "contacts");
  at("contacts").replaceChildren(...items.map((item) =>
    element("li", {}, `${item.channel} ${item.to ?? ""}${item.confirmed ? "" : ` · ${say("js_unconfirmed")}`}`,
      element("button", { class: "danger small-button", type: "button", onclick: () => forget(item).catch(sorry) }, say("js_delete")))));
}

async function tell(form) {
  const { how, where } = form.elements;
  const made = await told("POST", "contacts", { [how.value]: where.value.trim() });
  at("contact-words").textContent = made.secret ? say("js_webhook_secret", { secret: made.secret }) : made.confirmed ? "" : say("js_confirm");
  where.value = "";
  await contacts();
}

async function forget(item) {
  await lease.ask("DELETE", here(`contacts/${item.contact}`));
  await contacts();
}

async function wallet() {
  const grant = await told("GET", "wallet");
  const isSet = Boolean(grant.wallet);
  at("wallet-now").textContent = isSet
    ? say("js_wallet_set", { wallet: grant.wallet.slice(0, 12), sat: number(Math.floor(grant.budget_msat / 1000)) }) : say("js_wallet_none");
  at("wallet-last").textContent = grant.last ? `${say(pulls[grant.last.state] ?? "js_pull_asked")} ${grant.last.detail ?? ""}` : "";
  at("wallet-end").hidden = !isSet;
}

async function setWallet(form) {
  const { nwc, budget } = form.elements;
  await told("PUT", "wallet", { nwc: nwc.value.trim(), budget_msat: Number(budget.value) * 1000 });
  nwc.value = "";
  await wallet();
}

async function endWallet() {
  await lease.ask("DELETE", here("wallet"));
  await wallet();
}

async function setLimit(form) {
  const { value } = form.elements.sat;
  await told("PUT", "limits", { spend_sat_per_day: value ? Number(value) : null });
  toast(say("js_saved"));
}
