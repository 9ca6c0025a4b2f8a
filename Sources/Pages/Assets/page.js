// Where scripts begin: each page has a module of its own.

import { leases, works } from "./store.js";
import { element, say } from "./words.js";

const modules = { rent: "./rent.js", order: "./order.js", lease: "./lease.js", leases: "./leases.js" };
const page = document.body.dataset.page;

if (page === "shop" && works) {
  const count = leases.all().length;
  const mine = document.getElementById("mine");
  if (count) {
    mine.append(element("p", { class: "card" }, element("a", { href: "/leases" }, say("js_mine", { n: String(count) }))));
    mine.hidden = false;
  }
}
if (modules[page]) import(modules[page]).then((module) => module.default());
