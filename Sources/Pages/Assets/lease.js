// Every page of a lease: the server writes it for whoever shows the credential, which only this browser has. Then the module
// of that page brings it to life.

import { ask, mayPass, pause, Refused } from "./net.js";
import { leases } from "./store.js";
import { localTimes, say, span } from "./words.js";

const [, , fromPath, part = "lease"] = location.pathname.split("/");
let id = fromPath;
let module = null;
/** The sequence number of the newest event that the page shows. */
let last = "0";
/** What the server wrote into each section that is shown. */
const written = new WeakMap();
/** Pages that change by themselves; the others would lose what somebody is doing there. */
const isLive = ["lease", "history", "usage", "container"].includes(part);

export default async function start() {
  localTimes(document);
  setInterval(tick, 1000);
  tick();
  if (!document.getElementById("locked")) return; // Written by the server from a form, for a browser without scripts.
  takeFromAddress();
  const kept = leases.get(id);
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
  module = (await import({ lease: "./overview.js", files: "./files.js", container: "./container.js", share: "./share.js", keep: "./keep.js" }[part] ?? "./history.js"));
  follow();
}

/** A link that somebody lent brings its credential behind the #, which no server is sent; here it goes out of sight. */
function takeFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const lent = given.get("credential");
  if (!lent) return;
  // Who holds the lease already keeps what he has.
  if (!leases.get(id)) leases.put(id, { credential: normal(lent), at: Date.now(), path: given.get("path") ?? undefined });
  history.replaceState(null, "", location.pathname);
}

/** A credential as it is shown in `Authorization`. */
export function normal(text) {
  const credential = text.trim();
  return /^l402\s/i.test(credential) ? credential : `L402 ${credential}`;
}

const credential = () => leases.get(id)?.credential;

/** As `ask`, with the lease's credential; one that is only too old is swapped, free of charge. */
async function asHolder(method, path, options = {}) {
  try {
    return await ask(method, path, { ...options, credential: credential() });
  } catch (error) {
    if (error.code !== "credential-stale") throw error;
    await swap();
    return ask(method, path, { ...options, credential: credential() });
  }
}

async function swap() {
  const minted = await (await ask("POST", `/v1/leases/${id}/credential`, { credential: credential() })).json();
  leases.put(id, { credential: `L402 ${minted.macaroon}:${credential().split(":").pop()}` });
}

function tick() {
  for (const time of document.querySelectorAll("time[data-countdown]")) {
    time.textContent = span(Date.parse(time.dateTime) - Date.now());
  }
}

/** The page as it is now. */
async function load() {
  const answer = await asHolder("GET", location.pathname + location.search, { headers: { Accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
  const lease = fresh.querySelector("#lease");
  if (!lease) throw new Refused(answer.status, null);
  const { title, kind, state, until } = lease.dataset;
  last = lease.dataset.last ?? last;
  leases.put(id, { title, kind, state, until });
  localTimes(fresh);
  for (const node of fresh.querySelectorAll("[data-scripted]")) node.hidden = false;
  const old = document.getElementById("lease");
  if (!old) {
    document.getElementById("main").replaceChildren(...fresh.childNodes);
    document.title = `${title} · ${document.title}`;
    document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  } else {
    // Only what has changed is replaced: what somebody is about to press stays under the finger.
    const place = (node) => node.getAttribute("aria-labelledby");
    for (const there of [...old.querySelectorAll("section:not([data-still])")]) {
      const now = lease.querySelector(`section[aria-labelledby="${place(there)}"]`);
      if (!now) there.remove();
      else if (now.innerHTML !== written.get(there)) there.replaceWith(document.adoptNode(now));
    }
    for (const now of [...lease.querySelectorAll("section")]) {
      if (!old.querySelector(`section[aria-labelledby="${place(now)}"]`)) old.append(document.adoptNode(now));
    }
  }
  for (const section of document.querySelectorAll("#lease section")) if (!written.has(section)) written.set(section, section.innerHTML);
  tick();
  module.attach?.({ id, ask: asHolder, credential, reload: load, lease: document.getElementById("lease").dataset });
}

/** Loads the page, and again whenever something happens to the lease. */
async function follow() {
  for (;;) {
    try {
      await load();
      if (!isLive) return;
      await happened();
    } catch (error) {
      if (!mayPass(error) && !document.getElementById("lease")) return refused(error);
      await pause(2000);
    }
  }
}

/** Returns when the server tells of something that the page does not show yet, and after a minute in any case. */
async function happened() {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), 60_000);
  try {
    const answer = await asHolder("GET", `/v1/leases/${id}/events`, {
      signal: end.signal, headers: { Accept: "text/event-stream", "Last-Event-ID": last },
    });
    if (answer.status === 204) return await pause(60_000);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return await pause(2000);
      text += value;
      // What comes in one go is shown in one go.
      if (/^id: ?\d+\r?\n/m.test(text)) return await pause(300);
    }
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  } finally {
    clearTimeout(timer);
    end.abort();
  }
}

function refused(error) {
  document.getElementById("locked-words").textContent = `${say("js_lease_trouble")} ${error.message}`;
  document.querySelector("#locked form").hidden = false;
}
