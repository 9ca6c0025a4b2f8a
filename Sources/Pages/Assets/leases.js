// The leases of this browser: what ends first at the top.

import { normal } from "./lease.js";
import { ask } from "./net.js";
import { download, exported, leases, orders, works } from "./store.js";
import { element, moment, say, toast } from "./words.js";

const at = (id) => document.getElementById(id);

export default function start() {
  if (!works) return;
  at("tools").hidden = false;
  draw();
  leases.watch(draw);
  orders.watch(draw);
  at("export").onclick = () => download("leases.json", exported(leases.all()));
  at("import").onchange = async (event) => {
    const file = event.target.files[0];
    if (file) take(await file.text());
    event.target.value = "";
  };
  at("paste").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = event.target.elements.credential;
    try {
      await add(normal(field.value));
      field.value = "";
      draw();
    } catch (error) {
      toast(`${say("js_sorry")} ${error.message}`);
    }
  });
}

/** Asks the server which lease a credential is of. */
async function add(credential) {
  const shown = await (await ask("GET", "/v1/credential", { credential })).json();
  leases.put(shown.lease, { credential, at: Date.now() });
}

function take(text) {
  let items;
  try {
    items = JSON.parse(text).leases;
  } catch {
    items = null;
  }
  const good = (Array.isArray(items) ? items : []).filter(
    (item) => /^[0-9a-z]{26}$/.test(item?.id) && typeof item.credential === "string");
  for (const { id, credential, title, kind, at, until } of good) leases.put(id, { credential, title, kind, at, until });
  toast(good.length ? say("js_imported", { n: String(good.length) }) : say("js_bad_file"));
  draw();
}

function draw() {
  const items = leases.all().sort((a, b) => (a.until ?? "9").localeCompare(b.until ?? "9"));
  at("leases").replaceChildren(...items.map(card));
  at("none").hidden = items.length > 0;
  at("orders").replaceChildren(...orders.all().map((order) =>
    element("div", { class: "card notice" },
      element("p", {}, `${say("js_unpaid_order")}: ${order.title}`),
      element("p", { class: "buttons" },
        element("a", { class: "button", href: `/order#${order.id}` }, say("js_go_on")),
        order.credential ? "" : element("button", { class: "quiet", type: "button", onclick: () => { orders.remove(order.id); draw(); } }, say("js_forget"))))));
}

function card(lease) {
  const isOver = lease.state === "closed" || lease.state === "reclaiming";
  return element("li", { class: "card" },
    element("h2", {}, lease.title || lease.id),
    element("p", { class: "small mono" }, lease.id),
    element("p", { class: "small" }, isOver ? say("js_ended") : lease.until ? say("js_until", { moment: moment(lease.until) }) : ""),
    element("p", { class: "foot buttons" },
      element("a", { class: "button", href: `/lease/${lease.id}` }, say("js_open")),
      element("button", { class: "quiet", type: "button", onclick: () => forget(lease) }, say("js_remove"))));
}

function forget(lease) {
  if (lease.state !== "closed" && !confirm(say("js_remove_sure"))) return;
  leases.remove(lease.id);
  draw();
}
