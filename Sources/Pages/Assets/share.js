// Lending: a credential of a friend's own, narrower than the holder's, as a link and as a picture.

import { picture } from "./net.js";
import { element, moment, say, toast } from "./words.js";

let lease;

export function attach(context) {
  lease = context;
  const form = document.getElementById("lend");
  form.onsubmit = (event) => {
    event.preventDefault();
    lend(form).catch(sorry);
  };
  document.getElementById("lend-copy").onclick = async () => {
    await navigator.clipboard.writeText(document.getElementById("lend-link").value);
    toast(say("js_copied"));
  };
  list().catch(sorry);
}

const sorry = (error) => toast(`${say("js_sorry")} ${error.message}`);

async function lend(form) {
  const { what, path, hours } = form.elements;
  const caveats = [`leasehold_capabilities=${what.value}`];
  if (path?.value.trim()) caveats.push(`leasehold_path=/${path.value.trim().replace(/^\/+/, "")}`);
  if (Number(hours.value)) caveats.push(`leasehold_valid_until=${Math.floor(Date.now() / 1000) + 3600 * Number(hours.value)}`);
  const minted = await (await lease.ask("POST", `/v1/leases/${lease.id}/credentials`, { body: { caveats } })).json();
  const preimage = lease.credential().split(":").pop();
  const part = lease.lease.kind === "disk" && what.value !== "pay" ? "/files" : "";
  const where = path?.value.trim() ? `&path=${encodeURIComponent(path.value.trim())}` : "";
  const link = `${location.origin}/lease/${lease.id}${part}#credential=${encodeURIComponent(`${minted.macaroon}:${preimage}`)}${where}`;
  document.getElementById("lend-link").value = link;
  document.getElementById("lent").hidden = false;
  const code = await picture(link);
  if (code) document.getElementById("lend-qr").replaceChildren(code);
  document.getElementById("lent").scrollIntoView({ block: "nearest" });
  await list();
}

async function list() {
  const { items } = await (await lease.ask("GET", `/v1/leases/${lease.id}/credentials?limit=1000`)).json();
  const lent = items.filter((item) => item.parent && !item.revoked_at);
  document.getElementById("lent-list").replaceChildren(...lent.map((item) =>
    element("li", {}, `${item.capabilities} · ${moment(item.created_at)} `,
      element("button", { class: "danger", type: "button", onclick: () => revoke(item) }, say("js_revoke")))));
  document.getElementById("lent-none").hidden = lent.length > 0;
}

async function revoke(item) {
  try {
    await lease.ask("DELETE", `/v1/leases/${lease.id}/credentials/${item.token}`);
    await list();
  } catch (error) {
    sorry(error);
  }
}
