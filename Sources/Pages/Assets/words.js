// What scripts say, in the language of the page, and how they say spans and moments.

const texts = JSON.parse(document.getElementById("words").textContent);
const language = document.documentElement.lang;
/** The reader's own habits of writing numbers and moments, where they go with the page's language. */
const habits = navigator.languages.find((one) => one.toLowerCase().startsWith(language)) ?? language;

export function say(key, values = {}) {
  let text = texts[key] ?? key;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, () => value);
  return text;
}

/** As the server writes numbers: a narrow blank between thousands. */
export function number(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** The two largest units of a span: `2 d 3 h`, `4 min 09 s`. */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds === 0) return say("js_now");
  const [d, h, m, s] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value) => String(value).padStart(2, "0");
  if (d > 0) return `${d} ${say("js_d")} ${h} ${say("js_h")}`;
  if (h > 0) return `${h} ${say("js_h")} ${two(m)} ${say("js_m")}`;
  if (m > 0) return `${m} ${say("js_m")} ${two(s)} ${say("js_s")}`;
  return `${s} ${say("js_s")}`;
}

/** A moment in the reader's own time. */
export function moment(iso) {
  const style = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(habits, style).format(new Date(iso));
}

/** Turns the server's moments under a node into the reader's. */
export function localTimes(root) {
  for (const time of root.querySelectorAll("time[data-moment]")) {
    time.title = time.textContent;
    time.textContent = moment(time.dateTime);
  }
}

let toastEnds;
/** A short message that goes by itself. */
export function toast(text) {
  const node = document.getElementById("toast");
  node.textContent = text;
  node.classList.add("shown");
  clearTimeout(toastEnds);
  toastEnds = setTimeout(() => node.classList.remove("shown"), 4000);
}

/** An element: what stands in it is text, never HTML. */
export function element(name, attributes = {}, ...content) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...content);
  return node;
}
