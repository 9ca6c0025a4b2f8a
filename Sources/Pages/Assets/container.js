// A container: what it says, as it says it, and its command started and stopped.

import { mayPass, pause } from "./net.js";
import { element, say, toast } from "./words.js";

let lease;
let isFollowing = false;
let position = null;
/** So much of the log is kept on the page. */
const most = 200_000;

export function attach(context) {
  lease = context;
  const verbs = { start: ["start"], stop: ["stop"], restart: ["stop", "start"] };
  for (const button of document.querySelectorAll("[data-do]")) {
    button.onclick = async () => {
      button.disabled = true;
      try {
        for (const verb of verbs[button.dataset.do]) await lease.ask("POST", `/v1/leases/${lease.id}/${verb}`);
        await lease.reload();
      } catch (error) {
        toast(`${say("js_sorry")} ${error.message}`);
      }
      button.disabled = false;
    };
  }
  const form = document.getElementById("port");
  form.onsubmit = (event) => {
    event.preventDefault();
    password(form.elements.port.value).catch((error) => toast(`${say("js_sorry")} ${error.message}`));
  };
  if (!isFollowing) follow();
}

/** Follows the log, and goes on where it was when the network or the daemon comes back. */
async function follow() {
  isFollowing = true;
  const log = document.getElementById("log");
  for (;;) {
    try {
      const from = position === null ? "tail=500" : `from=${position}`;
      const answer = await lease.ask("GET", `/v1/leases/${lease.id}/logs?${from}&follow=true`, { headers: { Accept: "text/plain" } });
      if (answer.status === 402) throw new Error(say("js_log_ended"));
      position = Number(answer.headers.get("Log-Position") ?? position ?? 0);
      const reader = answer.body.getReader();
      const decoder = new TextDecoder();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        position += value.length;
        write(log, decoder.decode(value, { stream: true }));
      }
    } catch (error) {
      if (!mayPass(error)) document.getElementById("log-state").textContent = error.message;
    }
    await pause(2000);
  }
}

function write(log, text) {
  const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 20;
  log.append(text);
  if (log.textContent.length > most) log.textContent = log.textContent.slice(-most / 2);
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

/** A browser shows a password at a port, as it can show no credential. */
async function password(port) {
  const body = { caveats: [`leasehold_port=${port}`], password: true };
  const minted = await (await lease.ask("POST", `/v1/leases/${lease.id}/credentials`, { body })).json();
  document.getElementById("passwords").append(
    element("li", {}, element("a", { href: `/c/${lease.id}/${port}/`, target: "_blank", rel: "noreferrer" }, `${say("js_port")} ${port}`),
      element("span", {}, element("code", {}, minted.user), " ", element("code", {}, minted.password))));
}
