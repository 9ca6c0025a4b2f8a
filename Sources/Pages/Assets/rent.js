// The form of an offer: what is wished for is written down, then the order's page asks for it.

import { leases, orders, secret, works } from "./store.js";
import { element, number, say } from "./words.js";

export default function start() {
  const form = document.getElementById("rent");
  if (!works || !form) return;
  const { offer, title, kind, sat } = form.dataset;
  const periods = form.elements.periods;
  if (sat && form.querySelector("#periods")) {
    periods.addEventListener("input", () => {
      document.getElementById("total").textContent = number(Number(sat) * Math.max(1, Number(periods.value) || 1));
    });
  }
  offerDisks();
  showPending(offer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    let body;
    try {
      body = wish(form, offer, kind);
    } catch (error) {
      error.field.setCustomValidity(error.message);
      error.field.reportValidity();
      error.field.addEventListener("input", () => error.field.setCustomValidity(""), { once: true });
      return;
    }
    const disk = document.getElementById("disk")?.value || undefined;
    if (disk) body.disk = disk;
    location.assign(`/order#${remembered(body, { title, kind, disk }).id}`);
  });
}

/** The same wish that waits for its payment is the same order. */
function remembered(body, { title, kind, disk }) {
  const same = orders.all().find((order) => isOpen(order) && JSON.stringify(order.body) === JSON.stringify(body));
  return same ?? orders.put(secret(), { kind: "rent", path: "/v1/leases", title, leaseKind: kind, disk, body, at: Date.now() });
}

function isOpen(order) {
  return order.kind === "rent" && (!order.expires || Date.parse(order.expires) > Date.now() + 30_000);
}

function offerDisks() {
  const field = document.getElementById("disk-field");
  const disks = leases.all().filter((lease) => lease.kind === "disk");
  if (!field || disks.length === 0) return;
  for (const disk of disks) field.querySelector("select").append(element("option", { value: disk.id }, `${disk.title} · ${disk.id.slice(-6)}`));
  field.hidden = false;
}

function showPending(offer) {
  const order = orders.all().find((order) => order.body?.offer === offer && order.kind === "rent" && (order.credential || isOpen(order)));
  if (!order) return;
  const box = document.getElementById("pending");
  box.replaceChildren(
    element("p", {}, say("js_pending")),
    element("p", { class: "buttons" }, element("a", { class: "button", href: `/order#${order.id}` }, say("js_go_on"))));
  box.hidden = false;
}

export function wish(form, offer, kind) {
  const value = (name) => form.elements[name]?.value.trim() ?? "";
  const body = { offer, periods: Number(value("periods")) || 1 };
  if (kind !== "compute") return body;
  if (value("image")) body.image = value("image");
  const command = words(form.elements.command);
  if (command.length) body.command = command;
  const env = variables(form.elements.env);
  if (Object.keys(env).length) body.env = env;
  if (value("restart") !== "never") body.restart = value("restart");
  return body;
}

class Fault extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/** A line as a shell would part it. */
function words(field) {
  const found = [];
  let word = null;
  let quote = null;
  const line = [...field.value];
  for (let index = 0; index < line.length; index++) {
    const letter = line[index];
    if (letter === "\\" && quote !== "'") word = (word ?? "") + (line[++index] ?? "");
    else if (letter === quote) quote = null;
    else if (!quote && (letter === "'" || letter === '"')) [quote, word] = [letter, word ?? ""];
    else if (!quote && /\s/.test(letter)) {
      if (word !== null) found.push(word);
      word = null;
    } else word = (word ?? "") + letter;
  }
  if (quote) throw new Fault(field, say("js_quote"));
  if (word !== null) found.push(word);
  return found;
}

function variables(field) {
  const found = {};
  for (const line of field.value.split(/\r?\n/).filter((line) => line.trim())) {
    const cut = line.indexOf("=");
    if (cut < 1) throw new Fault(field, say("js_env"));
    found[line.slice(0, cut)] = line.slice(cut + 1);
  }
  return found;
}
