// How old the observations are, copying, the search's key, and the papers without a page of their own. Listed texts only
// become text nodes; addresses are built here from ids or were checked while the report was written.
"use strict";
(() => {
  const DAY = 86400;
  const ago = (seconds) => {
    const [size, unit] = [[DAY * 365, "year"], [DAY * 30, "month"], [DAY, "day"], [3600, "hour"], [60, "minute"]].find(
      ([size]) => seconds >= size) ?? [60, "minute"];
    const number = Math.max(1, Math.floor(seconds / size));
    return `${number} ${unit}${number === 1 ? "" : "s"} ago`;
  };
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  for (const time of document.querySelectorAll("time[data-age]")) {
    const age = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (age > 0) time.after(" ", make("small", {}, `(${ago(age)})`));
  }

  // Without this script a button could do nothing, so it is hidden.
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const text = document.getElementById(button.dataset.copy);
    const status = button.parentElement.querySelector("[role=status]");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        status.textContent = "Copied.";
      } catch { // a page without https, or a reader who refuses: the text is selected instead
        getSelection().selectAllChildren(text);
        status.textContent = "The text is selected: copy it with Ctrl+C or ⌘C.";
      }
    });
  }

  const number = (value) => (value === null ? "–" : value.toLocaleString("en-US").replace("-", "−"));
  const dayOf = (hours) => new Date(Date.UTC(2020, 0, 1) + hours * 3600000).toISOString().slice(0, 10);
  const listedOn = (paper) => (paper[LISTED] === null ? "" : dayOf(24 * paper[LISTED]));
  const signed = (value) => (value > 0 ? "+" : "") + number(value);

  // The data is a script beside the pages: a page opened from the file system may not read other files.
  const load = (use) => {
    const script = make("script", { src: "data/papers.js" });
    script.addEventListener("load", () => use(window.PAPERS));
    document.head.append(script);
  };
  const [ID, TITLE, LISTED, UPVOTES, AUTHORS, ORGANIZATION, PAGE, GAIN, AHEAD, COHORT, CODE, CURVE] = Array(12).keys();

  /** The address of a paper's page, from the report's folder. */
  const addressOf = (id, hasPage) =>
    hasPage ? `papers/${id.replace(/[^0-9A-Za-z.]+/g, "-").slice(0, 80).replace(/^[.-]+|[.-]+$/g, "")}.html`
      : `paper.html#${encodeURIComponent(id)}`;

  const draw = (curve) => {
    const points = [];
    for (let index = 0, hour = 0, upvotes = 0; index < curve.length; index += 2) {
      points.push([(hour += curve[index]), (upvotes += curve[index + 1])]);
    }
    const [width, height, left, right, top, bottom] = [440, 200, 40, 10, 12, 26];
    const highest = Math.max(1, ...points.map((point) => point[1]));
    const start = points[0][0];
    const span = Math.max(1, points.at(-1)[0] - start);
    const x = (hour) => left + ((width - left - right) * (hour - start)) / span;
    const y = (upvotes) => height - bottom - ((height - bottom - top) * upvotes) / highest;
    const svg = (name, attributes, ...children) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      element.append(...children);
      return element;
    };
    const label = `Upvotes from ${points[0][1]} on ${dayOf(start)} to ${points.at(-1)[1]} on ${dayOf(points.at(-1)[0])}`;
    return svg("svg", { class: "curve", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
      svg("path", { class: "grid", d: `M${left} ${y(0)}H${width - right}M${left} ${y(highest)}H${width - right}` }),
      svg("text", { x: left - 8, y: y(0) + 4, "text-anchor": "end" }, "0"),
      svg("text", { x: left - 8, y: y(highest) + 4, "text-anchor": "end" }, number(highest)),
      svg("text", { x: left, y: height - 6 }, dayOf(start)),
      svg("text", { x: width - right, y: height - 6, "text-anchor": "end" }, dayOf(points.at(-1)[0])),
      svg("path", { class: "seen", d: "M" + points.map(([hour, upvotes]) => `${x(hour).toFixed(1)} ${y(upvotes).toFixed(1)}`).join("L") }),
      ...points.map(([hour, upvotes]) => svg("circle", { class: "seen", cx: x(hour).toFixed(1), cy: y(upvotes).toFixed(1), r: 3.2 })));
  };

  const showPaper = (data, place) => {
    let id;
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { id = ""; }
    const paper = data.papers.find((candidate) => candidate[ID] === id);
    if (!paper) {
      place.replaceChildren(make("h1", {}, "No such paper"), make("p", {}, "This report has no paper of that id; the oldest ones are left out of a large warehouse. The field above searches titles, authors and organizations."));
      return;
    }
    document.title = `${paper[TITLE]} · Daily Papers`;
    const links = [];
    if (/^\d{4}\.\d{4,5}$/.test(paper[ID])) {
      links.push(["arXiv", `https://arxiv.org/abs/${paper[ID]}`], ["Hugging Face", `https://huggingface.co/papers/${paper[ID]}`]);
    }
    const listed = listedOn(paper);
    if (listed) links.push([`Listing of ${listed}`, `https://huggingface.co/papers/date/${listed}`]);
    if (paper[CODE]) links.push(["Code", paper[CODE].startsWith("/") ? `https://github.com${paper[CODE]}` : paper[CODE]]);
    const searchFor = (name) => make("a", { href: `search.html?q=${encodeURIComponent(name)}` }, make("bdi", {}, name));
    const organization = data.organizations[paper[ORGANIZATION]];
    const tile = (term, value, note) => make("div", {}, make("dt", {}, term), make("dd", {}, value, ...(note ? [make("small", {}, note)] : [])));
    place.replaceChildren(
      make("p", { class: "kicker" }, listed ? `Paper first listed on ${listed}` : "Paper", ...(organization ? [" · ", searchFor(organization)] : [])),
      make("h1", { class: "long" }, make("bdi", {}, paper[TITLE])),
      make("ul", { class: "links" }, ...links.map(([name, href]) => make("li", {}, make("a", { href, rel: "noopener" }, name)))),
      make("dl", { class: "tiles" },
        tile("Upvotes", number(paper[UPVOTES])),
        tile("Gain since first observed", paper[GAIN] === null ? "–" : signed(paper[GAIN]), paper[GAIN] === null ? "observed once" : ""),
        tile("Ahead of", paper[AHEAD] === null ? "–" : `${paper[AHEAD]} %`, paper[COHORT] > 1 ? `of the other ${paper[COHORT] - 1} of its listing` : "")),
      make("h2", {}, "Upvotes over time"),
      paper[CURVE] ? make("figure", {}, draw(paper[CURVE]), make("figcaption", {}, "Dots are observations."))
        : make("p", {}, "This paper was observed once, so there is no curve."),
      ...(paper[AUTHORS].length ? [make("h2", {}, "Authors"), make("ol", { class: "names" },
        ...paper[AUTHORS].slice(0, 40).map((author) => make("li", {}, searchFor(data.authors[author]))))] : []),
      ...(paper[AUTHORS].length > 40 ? [make("p", {}, `and ${number(paper[AUTHORS].length - 40)} more.`)] : []));
  };

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input:not([type=radio]), textarea, select, [contenteditable]")) return;
    event.preventDefault();
    const field = document.getElementById("find");
    field.focus();
    field.select();
  });

  Object.assign(window.report, { addressOf, make, number });

  const place = document.querySelector("[data-paper]");
  if (place) {
    load((data) => showPaper(data, place));
    window.addEventListener("hashchange", () => window.PAPERS && showPaper(window.PAPERS, place));
  }
})();
