// The files of a disk, over WebDAV: what is there, and what comes and goes. Names are text wherever they are shown.

import { mayPass, pause, Refused } from "./net.js";
import { leases, secret } from "./store.js";
import { element, moment, number, say, toast } from "./words.js";

let lease;
const at = (id) => document.getElementById(id);
/** Parts of an upload: what is lost when a connection breaks is at most this. */
const part = 8 << 20;

export function attach(context) {
  lease = context;
  addEventListener("hashchange", () => list().catch(sorry));
  at("upload").onchange = (event) => {
    take([...event.target.files].map((file) => [file.webkitRelativePath || file.name, file]));
    event.target.value = "";
  };
  at("new-folder").onsubmit = (event) => {
    event.preventDefault();
    const field = event.target.elements.name;
    change("MKCOL", path() + field.value.trim().replaceAll("/", "")).then(() => (field.value = ""));
  };
  const zone = at("drop");
  for (const name of ["dragenter", "dragover"]) zone.addEventListener(name, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("over"));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    take(await dropped(event.dataTransfer));
  });
  list().catch(sorry);
}

const sorry = (error) => toast(`${say("js_sorry")} ${error.message}`);

/** The folder that is shown: `/`, or `/photos/2026/`. */
function path() {
  // Who was lent a folder begins there.
  let folder = leases.get(lease.id)?.path ?? "/";
  try {
    folder = decodeURIComponent(location.hash.slice(1)) || folder;
  } catch {
    // No address of ours.
  }
  return (folder.startsWith("/") ? "" : "/") + folder + (folder.endsWith("/") ? "" : "/");
}

const address = (path) => `/dav/${lease.id}` + path.split("/").map(encodeURIComponent).join("/");
const hash = (path) => "#" + path.split("/").map(encodeURIComponent).join("/");

async function dav(method, path, headers = {}, body) {
  const send = () => fetch(address(path), {
    method, body, headers: { Authorization: lease.credential(), ...headers }, credentials: "omit", cache: "no-store",
  });
  const answer = await send();
  if (answer.ok) return answer;
  let problem = null;
  try {
    problem = await answer.json();
  } catch {
    // A proxy in between answers in HTML.
  }
  throw new Refused(answer.status, problem);
}

const wanted = `<?xml version="1.0"?><propfind xmlns="DAV:"><prop>${
  ["resourcetype", "getcontentlength", "getlastmodified", "quota-used-bytes", "quota-available-bytes"].map((name) => `<${name}/>`).join("")
}</prop></propfind>`;
let listing = 0;

async function list() {
  const mine = ++listing;
  const here = path();
  const text = await (await dav("PROPFIND", here, { Depth: "1", "Content-Type": "application/xml" }, wanted)).text();
  if (mine !== listing) return;
  const answer = new DOMParser().parseFromString(text, "application/xml");
  const entries = [...answer.getElementsByTagNameNS("DAV:", "response")].map(entry);
  const self = entries.find((one) => one.path === here || one.path + "/" === here);
  const items = entries.filter((one) => one !== self)
    .sort((a, b) => b.isFolder - a.isFolder || a.name.localeCompare(b.name, undefined, { numeric: true }));
  at("crumbs").replaceChildren(...crumbs(here));
  at("files").replaceChildren(...items.map(row));
  at("empty").hidden = items.length > 0;
  if (self?.used !== undefined && self.free !== undefined) {
    at("space").textContent = say("js_space", { used: size(self.used), all: size(self.used + self.free) });
    at("space-bar").max = self.used + self.free;
    at("space-bar").value = self.used;
    at("space-bar").hidden = false;
  }
}

function entry(response) {
  const value = (name) => response.getElementsByTagNameNS("DAV:", name)[0]?.textContent;
  const inside = decodeURIComponent(new URL(value("href"), location.origin).pathname).slice(`/dav/${lease.id}`.length) || "/";
  const numeric = (name) => (value(name) ? Number(value(name)) : undefined);
  return {
    path: inside, name: inside.split("/").filter(Boolean).at(-1) ?? "",
    isFolder: response.getElementsByTagNameNS("DAV:", "collection").length > 0,
    size: numeric("getcontentlength") ?? 0, changed: value("getlastmodified"),
    used: numeric("quota-used-bytes"), free: numeric("quota-available-bytes"),
  };
}

function crumbs(here) {
  const names = here.split("/").filter(Boolean);
  const links = [element("a", { href: "#/" }, say("js_root"))];
  names.forEach((name, index) => links.push(" / ", element("a", { href: hash(`/${names.slice(0, index + 1).join("/")}/`) }, name)));
  return links;
}

function row(item) {
  const open = item.isFolder
    ? element("a", { href: hash(item.path.replace(/\/*$/, "/")) }, `${item.name}/`)
    : element("button", { class: "link", type: "button", onclick: () => fetchFile(item).catch(sorry) }, item.name);
  const more = (key, action) => element("button", { class: "quiet small-button", type: "button", "aria-label": `${say(key)}: ${item.name}`, onclick: () => action(item) }, say(key));
  return element("tr", {},
    element("td", { class: "name" }, open),
    element("td", { class: "number" }, item.isFolder ? "" : size(item.size)),
    element("td", {}, item.changed ? moment(new Date(item.changed).toISOString()) : ""),
    element("td", { class: "actions" }, more("js_rename", rename), " ", more("js_delete", remove)));
}

function size(bytes) {
  for (const [unit, shift] of [["TiB", 40], ["GiB", 30], ["MiB", 20], ["KiB", 10]]) {
    if (bytes >= 2 ** shift) return `${(bytes / 2 ** shift).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} ${unit}`;
  }
  return `${number(bytes)} B`;
}

async function change(method, path, headers) {
  try {
    await dav(method, path, headers);
    await list();
  } catch (error) {
    sorry(error);
  }
}

/** Handed to the browser to save. A large one goes from the network to the disk where the browser can do that. */
async function fetchFile(item) {
  if (window.showSaveFilePicker && item.size > 64 << 20) {
    const target = await window.showSaveFilePicker({ suggestedName: item.name });
    const answer = await dav("GET", item.path);
    return answer.body.pipeTo(await target.createWritable());
  }
  const bytes = await (await dav("GET", item.path)).blob();
  // As bytes without a type: whatever it is, it is saved and not shown.
  const link = element("a", { href: URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" })), download: item.name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function rename(item) {
  const name = prompt(say("js_new_name"), item.name)?.trim();
  if (!name || name === item.name || name.includes("/")) return;
  const to = item.path.replace(/\/*$/, "").split("/").slice(0, -1).concat(name).join("/");
  change("MOVE", item.path, { Destination: location.origin + address(to), Overwrite: "F" });
}

function remove(item) {
  if (confirm(say(item.isFolder ? "js_delete_folder" : "js_delete_file", { name: item.name }))) change("DELETE", item.path);
}

/** Files of what was dropped, with the folders they are in. */
async function dropped(transfer) {
  const found = [];
  const walk = async (node, prefix) => {
    if (node.isFile) {
      const file = await new Promise((resolve, reject) => node.file(resolve, reject));
      found.push([prefix + file.name, file]);
      return;
    }
    const reader = node.createReader();
    for (;;) {
      const nodes = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (nodes.length === 0) return;
      for (const child of nodes) await walk(child, `${prefix}${node.name}/`);
    }
  };
  const nodes = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (nodes.length === 0) return [...transfer.files].map((file) => [file.name, file]);
  for (const node of nodes) await walk(node, "");
  return found;
}

const made = new Set();

/** Puts files one after the other: a telephone has one radio. */
let queue = Promise.resolve();
function take(files) {
  const here = path();
  for (const [name, file] of files) {
    const bar = progress(name);
    queue = queue.then(() => put(here, name, file, bar)).catch((error) => {
      if (error.name !== "AbortError") bar.words.textContent = `${say("js_sorry")} ${error.message}`;
    });
  }
  queue = queue.then(list).catch(sorry);
}

function progress(name) {
  const end = new AbortController();
  const bar = element("progress", { max: 1, value: 0, "aria-label": name });
  const words = element("span", { class: "small" }, "");
  const stop = element("button", { class: "quiet small-button", type: "button", onclick: () => end.abort() }, say("js_stop"));
  const node = element("li", {}, element("span", { class: "name" }, name), bar, words, stop);
  at("uploads").append(node);
  return { bar, words, stop, node, signal: end.signal };
}

/** In parts that are taken up again where they broke off, from the file itself: nothing of it is kept in memory. */
async function put(here, name, file, { bar, words, stop, node, signal }) {
  await folders(here, name);
  const target = here + name;
  const key = secret();
  let offset = 0;
  bar.max = Math.max(1, file.size);
  for (;;) {
    try {
      if (file.size <= part) {
        await dav("PUT", target, {}, file);
        break;
      }
      const end = Math.min(offset + part, file.size);
      const answer = await dav("PUT", target, { "Content-Range": `bytes ${offset}-${end - 1}/${file.size}`, "Upload-Key": key }, file.slice(offset, end));
      if (answer.status !== 202) break;
      offset = Number(answer.headers.get("Upload-Offset") ?? end);
      bar.value = offset;
      words.textContent = `${size(offset)} / ${size(file.size)}`;
    } catch (error) {
      if (!mayPass(error)) throw error;
      words.textContent = say("js_offline");
      await pause(1500);
      offset = await received(target, key, file.size, offset);
    }
    if (signal.aborted) {
      await dav("DELETE", target, { "Content-Range": `bytes */${file.size}`, "Upload-Key": key }).catch(() => {});
      node.remove();
      return;
    }
  }
  bar.value = bar.max;
  words.textContent = say("js_done");
  stop.remove();
}

/** How much of an upload has arrived. */
async function received(target, key, total, otherwise) {
  try {
    const answer = await dav("PUT", target, { "Content-Range": `bytes */${total}`, "Upload-Key": key });
    return answer.status === 202 ? Number(answer.headers.get("Upload-Offset") ?? 0) : otherwise;
  } catch {
    return otherwise;
  }
}

async function folders(here, name) {
  const names = name.split("/").slice(0, -1);
  for (let count = 1; count <= names.length; count++) {
    const folder = here + names.slice(0, count).join("/");
    if (made.has(folder)) continue;
    try {
      await dav("MKCOL", folder);
    } catch (error) {
      if (error.status !== 405) throw error;
    }
    made.add(folder);
  }
}
