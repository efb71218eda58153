// What every page's script uses: elements, numbers and dates as text, and what pages have in common: how old the
// observations are, copying, and the key of the search. Listed texts only become text nodes.
"use strict";
(() => {
  const MISSING = "–";
  const put = (element, attributes, children) => {
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  /** An element; children are nodes or texts. */
  const make = (name, attributes = {}, ...children) => put(document.createElement(name), attributes, children);
  const svg = (name, attributes = {}, ...children) =>
    put(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

  // The same texts as warehouse/report/words.py has for the pages that are not drawn here.
  const number = (value) => (value === null || value === undefined ? MISSING : value.toLocaleString("en-US").replace("-", "−"));
  const signed = (value) => (value > 0 ? "+" : "") + number(value);
  const plural = (value, noun) => (Math.abs(value) === 1 ? noun : `${noun}s`);
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const dateOf = (value) => new Date(typeof value === "number" ? value * 1000 : `${value}T00:00:00Z`);
  /** Seconds since 1970 or a date as text → `9 Mar 2026`. */
  const day = (value) => {
    if (value === null || value === undefined) return MISSING;
    const date = dateOf(value);
    return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  };
  /** Seconds since 1970 → `9 Mar 2026, 10:31`, UTC. */
  const moment = (value) => (value === null || value === undefined ? MISSING : `${day(value)}, ${dateOf(value).toISOString().slice(11, 16)}`);
  const hours = (value) => (value === null || value === undefined ? MISSING : value < 72 ? `${Math.round(value)} h` : `${(value / 24).toFixed(1)} days`);
  // Control characters and marks of direction, which reorder the text around them.
  const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
  /** A listed text as one line of bounded length. */
  const clean = (text, longest = 300) => {
    const line = (text ?? "").slice(0, 4 * longest).replace(/\s+/g, " ").trim().replace(HIDDEN, "\ufffd");
    return line.length <= longest ? line : `${line.slice(0, longest - 1).trimEnd()}…`;
  };
  /** The address of a paper's page, from the report's folder. */
  const paperPage = (id) => `paper.html#${encodeURIComponent(id)}`;
  Object.assign(window.report, { make, svg, number, signed, plural, day, moment, hours, clean, paperPage });

  const DAY = 86400;
  const ago = (seconds) => {
    const [size, unit] = [[DAY * 365, "year"], [DAY * 30, "month"], [DAY, "day"], [3600, "hour"], [60, "minute"]].find(
      ([size]) => seconds >= size) ?? [60, "minute"];
    const count = Math.max(1, Math.floor(seconds / size));
    return `${count} ${plural(count, unit)} ago`;
  };
  for (const time of document.querySelectorAll("time[data-age]")) {
    const age = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (age > 0) time.after(" ", make("small", {}, `(${ago(age)})`));
  }

  // A button with data-copy copies the text of the element with that id.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copy);
    const status = button.parentElement.querySelector("[role=status]");
    try {
      await navigator.clipboard.writeText(text.textContent);
      status.textContent = "Copied.";
    } catch { // a page without https, or a reader who refuses: the text is selected instead
      getSelection().selectAllChildren(text);
      status.textContent = "The text is selected: copy it with Ctrl+C or ⌘C.";
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input:not([type=radio]), textarea, select, [contenteditable]")) return;
    event.preventDefault();
    const field = document.getElementById("find");
    field.focus();
    field.select();
  });
})();
