// A lease's page: the server writes it for whoever shows the credential, which only this browser has.

import { ask, mayPass, pause, picture, Refused } from "./net.js";
import { download, exported, leases, orders, secret } from "./store.js";
import { localTimes, say, span, toast } from "./words.js";

const main = () => document.getElementById("main");
let id;

export default function start() {
  id = location.pathname.split("/")[2] ?? document.getElementById("lease")?.dataset.lease;
  const kept = leases.get(id);
  localTimes(document);
  setInterval(tick, 1000);
  if (!document.getElementById("locked")) return keepShown();
  const form = document.querySelector("#locked form");
  form.hidden = Boolean(kept);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    leases.put(id, { credential: normal(form.elements.credential.value), at: Date.now() });
    location.reload();
  });
  if (!kept) {
    document.getElementById("locked-words").textContent = say("js_no_credential");
    return;
  }
  follow();
}

/** A page that the server wrote from a form, without us: what it shows is kept. */
function keepShown() {
  tick();
}

export function normal(text) {
  const credential = text.trim();
  return /^l402\s/i.test(credential) ? credential : `L402 ${credential}`;
}

const credential = () => leases.get(id)?.credential;

function tick() {
  for (const time of document.querySelectorAll("time[data-countdown]")) {
    time.textContent = span(Date.parse(time.dateTime) - Date.now());
  }
}

/** The page as it is now. */
async function load() {
  const answer = await ask("GET", location.pathname, { credential: credential(), headers: { Accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
  const lease = fresh.querySelector("#lease");
  if (!lease) throw new Refused(answer.status, null);
  const { title, kind } = lease.dataset;
  const until = fresh.querySelector("time[data-countdown]")?.dateTime;
  leases.put(id, { title, kind, until, state: lease.dataset.state });
  localTimes(fresh);
  fresh.querySelector("#keep").hidden = false;
  const old = document.getElementById("lease");
  if (!old) {
    main().replaceChildren(...fresh.childNodes);
    document.title = `${title} · ${document.title}`;
  } else {
    // Only what has changed is replaced: what somebody is about to press stays under the finger.
    for (const part of lease.querySelectorAll("section")) {
      const there = old.querySelector(`[aria-labelledby="${part.getAttribute("aria-labelledby")}"]`);
      if (there && there.id !== "keep" && there.innerHTML !== part.innerHTML) there.replaceWith(document.adoptNode(part));
    }
  }
  bind();
  tick();
}

function bind() {
  const actions = { renew, save, device };
  for (const button of document.querySelectorAll("[data-do]")) {
    const action = actions[button.dataset.do];
    if (action) button.onclick = () => action(button);
  }
}

/** Loads the page, and again whenever something happens to the lease. */
async function follow() {
  for (;;) {
    try {
      await load();
      await happened();
    } catch (error) {
      if (error.code === "credential-stale") await swap();
      else if (!mayPass(error) && !document.getElementById("lease")) return refused(error);
      await pause(2000);
    }
  }
}

/** Returns when the server tells of something, and after a minute in any case. */
async function happened() {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), 60_000);
  try {
    const last = Number(sessionStorage.getItem(`leasehold.event.${id}`)) || 0;
    const answer = await ask("GET", `/v1/leases/${id}/events`, {
      credential: credential(), signal: end.signal, headers: { Accept: "text/event-stream", "Last-Event-ID": String(last) },
    });
    if (answer.status === 204) return await pause(60_000);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const ids = [...text.matchAll(/^id: ?(\d+)\r?\n/gm)];
      if (ids.length && /\r?\n\r?\n/.test(text)) {
        sessionStorage.setItem(`leasehold.event.${id}`, ids.at(-1)[1]);
        return;
      }
    }
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  } finally {
    clearTimeout(timer);
    end.abort();
  }
}

/** A fresh credential for one that is only too old, free of charge. */
async function swap() {
  const answer = await ask("POST", `/v1/leases/${id}/credential`, { credential: credential() });
  const minted = await answer.json();
  const preimage = credential().split(":").pop();
  leases.put(id, { credential: `L402 ${minted.macaroon}:${preimage}` });
}

function refused(error) {
  document.getElementById("locked-words").textContent = `${say("js_lease_trouble")} ${error.message}`;
  document.querySelector("#locked form").hidden = false;
}

function renew() {
  const { title } = document.getElementById("lease").dataset;
  // A renewal that waits for its payment is the one that is shown again.
  const open = orders.all().find((order) => order.kind === "renew" && order.lease === id
    && (order.credential || !order.expires || Date.parse(order.expires) > Date.now() + 30_000));
  const order = open ?? orders.put(secret(), { kind: "renew", path: `/v1/leases/${id}/renewals`, title, lease: id, body: { periods: 1 }, at: Date.now() });
  location.assign(`/order#${order.id}`);
}

function save() {
  download(`lease-${id.slice(-8)}.json`, exported([leases.get(id)]));
}

async function device(button) {
  const box = document.getElementById("device");
  if (box.hidden) {
    try {
      const code = await picture(credential());
      if (code) box.replaceChildren(code);
    } catch (error) {
      return toast(`${say("js_sorry")} ${error.message}`);
    }
  }
  box.hidden = !box.hidden;
  button.setAttribute("aria-expanded", String(!box.hidden));
}
