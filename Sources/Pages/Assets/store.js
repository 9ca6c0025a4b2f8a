// What this browser keeps: orders that were begun, and the credentials of leases. Each is an item of its own in
// localStorage, so that two tabs never write over each other's.

const prefix = "leasehold.";

/** Whether anything can be kept here. Where it cannot, forms go to the server as without scripts. */
export const works = (() => {
  try {
    localStorage.setItem(prefix + "probe", "1");
    localStorage.removeItem(prefix + "probe");
    return true;
  } catch {
    return false;
  }
})();

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

/** Items of one kind. */
class Shelf {
  constructor(kind) {
    this.prefix = `${prefix}${kind}.`;
  }

  get(id) {
    return id ? read(this.prefix + id) : null;
  }

  /** Adds to what is there. What is written is there when this returns, and stays when the page goes. */
  put(id, more) {
    const item = { ...this.get(id), ...more, id };
    localStorage.setItem(this.prefix + id, JSON.stringify(item));
    return item;
  }

  remove(id) {
    localStorage.removeItem(this.prefix + id);
  }

  all() {
    if (!works) return [];
    return Object.keys(localStorage).filter((key) => key.startsWith(this.prefix)).map(read).filter(Boolean);
  }

  /** Calls back when another tab has changed something. */
  watch(changed) {
    addEventListener("storage", (event) => {
      if (!event.key || event.key.startsWith(this.prefix)) changed();
    });
  }
}

/** id → { kind: "rent" | "renew", title, body, lease?, at, macaroon?, invoice?, hash?, sat?, expires?, credential? } */
export const orders = new Shelf("order");
/** id → { credential, title, kind, at, until? } */
export const leases = new Shelf("lease");

/** A name that nobody guesses: an Idempotency-Key. */
export function secret() {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Everything, as a file to keep. */
export function exported(items) {
  return JSON.stringify({ leasehold: 1, server: location.origin, leases: items }, null, 2);
}

/** Hands somebody a file. */
export function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
