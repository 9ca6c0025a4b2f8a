// How scripts ask the server: no cookies, no caches, and errors in words.

export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.title || String(status));
    this.status = status;
    this.code = problem?.code ?? "";
    this.problem = problem;
  }
}

/**
 * Throws `Refused` for an answer that is a refusal (a 402 is handed back), and `TypeError` where none came.
 */
export async function ask(method, path, { credential, key, body, signal, headers = {} } = {}) {
  headers = { Accept: "application/json", ...headers };
  if (credential) headers.Authorization = credential;
  if (key) headers["Idempotency-Key"] = key;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, {
    method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer",
  });
  if (answer.ok || answer.status === 402) return answer;
  let problem = null;
  try {
    problem = await answer.json();
  } catch {
    // A proxy in between answers in HTML.
  }
  throw new Refused(answer.status, problem);
}

/** Whether the same request may succeed later without anything being done about it. */
export function mayPass(error) {
  return !(error instanceof Refused) || error.status === 429 || (error.status >= 500 && ![501, 507].includes(error.status));
}

/** Waits, or until the page is looked at again or the network is back. */
export function pause(milliseconds) {
  return new Promise((resume) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      document.removeEventListener("visibilitychange", shown);
      resume();
    };
    const shown = () => document.visibilityState === "visible" && done();
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    document.addEventListener("visibilitychange", shown);
  });
}

/** A text as a QR code; `null` where there is none to be had. */
export async function picture(text) {
  const answer = await fetch("/qr", { method: "POST", body: text, credentials: "omit", cache: "no-store" });
  if (!answer.ok) return null;
  return new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
}
