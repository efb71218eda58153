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
  // Links to the pages of entities.js; to the search, where a name has no page.
  const pageOf = (kind, id) => `${kind}.html#${encodeURIComponent(id)}`;
  const searchFor = (text, field = "") => `search.html?q=${encodeURIComponent(`${field}"${clean(text, 120).replaceAll('"', " ")}"`)}`;
  const link = (href, text) => make("a", { href }, make("bdi", {}, clean(text, 120)));
  const authorLink = ({ id, name }) => link(id ? pageOf("author", id) : searchFor(name, "author:"), name);
  const organizationLink = ({ id, name }) => link(id ? pageOf("organization", id) : searchFor(name, "org:"), name);
  /** What the address names after `#`. */
  const fragment = () => {
    try { return decodeURIComponent(location.hash.slice(1)); } catch { return "\ufffd"; }
  };
  const papersText = (count) => `${number(count)} ${plural(count, "paper")}`;
  const MAX_BYLINE = 3;
  /** The first authors of a paper as links, and how many others it has. */
  const firstAuthors = (paper) => {
    const authors = paper.authors ?? [];
    const others = (paper.author_count ?? authors.length) - Math.min(authors.length, MAX_BYLINE);
    return [...authors.slice(0, MAX_BYLINE).flatMap((author, index) => [index ? ", " : "", authorLink(author)]),
      ...(authors.length && others > 0 ? [` and ${number(others)} more`] : [])];
  };
  const section = (id, title, ...children) => make("section", { "aria-labelledby": id }, make("h2", { id }, title), ...children);
  /** A label that leads to the definition of a column. */
  const term = (label, table, column) => make("a", { class: "term", href: `definitions.html#${table}.${column}` }, label);
  const tile = (label, value, note) => make("div", {}, make("dt", {}, label), make("dd", {}, value, ...(note ? [make("small", {}, note)] : [])));
  /** A text with a button that copies it. */
  const copyable = (id, label, text) => [
    make("pre", { class: "scroll", id, tabindex: "0", role: "region", "aria-label": label }, text),
    make("p", {}, make("button", { type: "button", "data-copy": id }, `Copy ${label}`), " ", make("span", { role: "status", class: "muted" })),
  ];
  Object.assign(window.report, { make, svg, number, signed, plural, day, moment, hours, clean, paperPage, pageOf, searchFor, link, authorLink, organizationLink, fragment });
  Object.assign(window.report, { papersText, firstAuthors, section, term, tile, copyable });

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

// Tables that sort by a click on a header, tables that are wider than the page, and the filter of the definitions.
(() => {
  const { make } = window.report;
  const DATE = /^\d{1,2} [A-Z][a-z]{2} \d{4}(, \d\d:\d\d)?$/;
  /** What a cell sorts by: `data-sort`, or the number or date that it shows, or its text; null where it has a dash. */
  const sortKey = (cell) => {
    const text = (cell.dataset.sort ?? cell.textContent).trim();
    if (text === "" || text === "–") return null;
    if (DATE.test(text)) return Date.parse(`${text.replace(",", "")} UTC`);
    const number = text.replace("−", "-").replace(/^[▲▼]/, "").replace(/ \(\d+\)$/, "").replace(/[,+×%\s]/g, "");
    return number !== "" && (cell.tagName === "TD" || "sort" in cell.dataset) && Number.isFinite(Number(number)) ? Number(number) : text;
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b
    : String(a).localeCompare(String(b), "en", { numeric: true }));
  const sortBy = (header, column) => {
    const body = header.closest("table").tBodies[0];
    const rows = [...body.rows].map((row) => ({ row, key: sortKey(row.cells[column]) }));
    const isDescending = header.hasAttribute("aria-sort") ? header.getAttribute("aria-sort") === "ascending" : rows.some(({ key }) => typeof key === "number");
    for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
    // What is not known comes last in both directions.
    rows.sort((a, b) => (a.key === null) - (b.key === null) || (a.key === null ? 0 : isDescending ? compare(b.key, a.key) : compare(a.key, b.key)));
    body.append(...rows.map(({ row }) => row));
  };
  /** Give each header of a table a button that sorts by its column; a second click reverses the order. */
  const sortable = (table) => [...table.tHead.rows[0].cells].forEach((header, column) => {
    header.append(make("button", { type: "button", class: "sort", "aria-label": `Sort by ${header.textContent.trim()}` }));
    header.addEventListener("click", (event) => event.target.closest("a") || sortBy(header, column));
  });
  document.querySelectorAll("table.sortable").forEach(sortable);

  const sizes = new ResizeObserver((changes) => changes.forEach(({ target }) =>
    target.classList.toggle("overflows", target.scrollWidth > target.clientWidth + 1)));
  /** Say of an element with the class `scroll` that it scrolls, while it is wider than the page. */
  const hintScroll = (element) => sizes.observe(element);
  document.querySelectorAll(".scroll").forEach(hintScroll);

  const filter = document.querySelector("[data-filter]");
  if (filter) {
    const sections = [...document.querySelectorAll(filter.dataset.filter)];
    const terms = sections.flatMap((section) => [...section.querySelectorAll("dt")].map((term) => ({
      section, term, text: `${section.querySelector("h2").textContent} ${term.textContent} ${term.nextElementSibling.textContent}`.toLowerCase(),
    })));
    const status = filter.parentElement.querySelector("[role=status]");
    const apply = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const { term, text } of terms) {
        const isShown = words.every((word) => text.includes(word));
        count += isShown;
        term.hidden = term.nextElementSibling.hidden = !isShown;
      }
      for (const section of sections) section.hidden = !section.querySelector("dt:not([hidden])");
      status.textContent = words.length ? `${count} of ${terms.length} columns` : "";
    };
    filter.parentElement.hidden = false;
    filter.addEventListener("input", apply);
    window.addEventListener("hashchange", () => { // A link leads to what the filter may hide.
      filter.value = "";
      apply();
      document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
    });
  }
  Object.assign(window.report, { sortable, hintScroll });
})();
