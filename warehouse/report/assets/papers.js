// Days and papers, drawn from the shards of warehouse/report/papers.py. Listed texts only become text nodes; addresses
// are built from ids or were checked while the report was written.
"use strict";
(() => {
  const { loadShard, shardName, make, svg, number, signed, plural, day, moment, clean, hours, paperPage } = window.report;
  const { pageOf, searchFor, link, authorLink, organizationLink, fragment } = window.report;
  const { papersText, firstAuthors, section, term, tile, copyable } = window.report;
  const ID_START_LENGTH = 4; // as in papers.py
  const dayPage = (date) => `day.html#${date}`;
  const outside = (href, text) => make("a", { href, rel: "noopener" }, text);
  // Marks that TeX escapes.
  const prose = (text, longest) => clean(text, longest).replace(/\\([%&#_$])/g, "$1");

  // ── Drawings ──────────────────────────────────────────────────────────────────────────────────────────────────
  const DAY_SECONDS = 86400;

  /** Points of a line: of each observation, and of the noon of each day between two without one, carried forward. */
  const withCarried = (observed) => {
    const points = [];
    observed.forEach(([at, value], index) => {
      const [before, valueBefore] = index ? observed[index - 1] : [at];
      const lastDay = Math.floor(at / DAY_SECONDS);
      for (let one = Math.floor(before / DAY_SECONDS) + 1; one < lastDay; one += 1) {
        points.push({ at: (one + 0.5) * DAY_SECONDS, value: valueBefore, isObserved: false });
      }
      points.push({ at, value, isObserved: true });
    });
    return points;
  };

  const MAX_RINGS = 40;
  const scale = (points, box, lowest) => {
    const start = points[0].at;
    const span = Math.max(1, points.at(-1).at - start);
    const highest = Math.max(lowest + 1, ...points.map((point) => point.value));
    return {
      highest,
      x: (at) => box.left + ((box.width - box.left - box.right) * (at - start)) / span,
      y: (value) => box.height - box.bottom - ((box.height - box.top - box.bottom) * (value - lowest)) / (highest - lowest),
    };
  };
  const lines = (points, { x, y }) => {
    const path = { seen: "", carried: "" };
    points.slice(1).forEach((point, index) => {
      const before = points[index];
      path[point.isObserved && before.isObserved ? "seen" : "carried"] +=
        `M${x(before.at).toFixed(1)} ${y(before.value).toFixed(1)}L${x(point.at).toFixed(1)} ${y(point.value).toFixed(1)}`;
    });
    return ["carried", "seen"].filter((kind) => path[kind]).map((kind) => svg("path", { class: kind, d: path[kind] }));
  };

  const sparkline = (observed) => {
    const points = withCarried(observed);
    const box = { width: 120, height: 28, left: 3, right: 5, top: 4, bottom: 4 };
    const to = scale(points, box, Math.min(...points.map((point) => point.value)));
    const last = points.at(-1);
    return svg("svg", { class: "sparkline", viewBox: "0 0 120 28", "aria-hidden": "true" },
      ...lines(points, to), svg("circle", { class: "seen", cx: to.x(last.at).toFixed(1), cy: to.y(last.value).toFixed(1), r: 2.6 }));
  };

  /** A drawing with axes, from zero, of pairs of moment and value. */
  const curve = (observed, noun) => {
    const points = withCarried(observed);
    const box = { width: 720, height: 240, left: 44, right: 12, top: 12, bottom: 26 };
    const to = scale(points, box, 0);
    const [first, last] = [points[0], points.at(-1)];
    const step = [1, 2, 5].flatMap((n) => [...Array(9).keys()].map((e) => n * 10 ** e)).sort((a, b) => a - b)
      .find((size) => to.highest / size <= 5);
    const up = [...Array(Math.floor(to.highest / step) + 1).keys()].map((n) => n * step);
    const right = box.width - box.right;
    const label = `${noun} from ${number(first.value)} on ${moment(first.at)} to ${number(last.value)} on ${moment(last.at)} UTC, `
      + `${observed.length} ${plural(observed.length, "observation")}.`;
    const rings = points.filter((point) => !point.isObserved);
    const dot = (point, kind, r) => svg("circle", { class: kind, cx: to.x(point.at).toFixed(1), cy: to.y(point.value).toFixed(1), r });
    return svg("svg", { class: "curve", viewBox: `0 0 ${box.width} ${box.height}`, role: "img", "aria-label": label },
      ...up.flatMap((value) => [
        svg("path", { class: "grid", d: `M${box.left} ${to.y(value).toFixed(1)}H${right}` }),
        svg("text", { x: box.left - 8, y: to.y(value) + 4, "text-anchor": "end" }, number(value))]),
      svg("text", { x: box.left, y: box.height - 6 }, moment(first.at)),
      svg("text", { x: right, y: box.height - 6, "text-anchor": "end" }, moment(last.at)),
      ...lines(points, to),
      ...(rings.length <= MAX_RINGS ? rings : []).map((point) => dot(point, "carried", 2.4)),
      ...points.filter((point) => point.isObserved).map((point) => dot(point, "seen", 3.2)));
  };

  const history = (observed, noun) => {
    const points = withCarried(observed);
    const isCarried = points.some((point) => !point.isObserved);
    return [
      make("figure", {}, curve(observed, noun), make("figcaption", {}, make("span", { class: "key seen" }, "Dot: observed."),
        isCarried ? " Ring, dashed: a day without an observation; the last total is carried forward." : "",
        " Before the first dot nothing is known.")),
      make("details", {}, make("summary", {}, `The ${number(points.length)} ${plural(points.length, "point")} as a table`),
        make("table", { class: "points" },
          make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Moment (UTC)"), make("th", { scope: "col", class: "n" }, noun), make("th", { scope: "col" }, "How known"))),
          make("tbody", {}, ...points.map((point) => make("tr", {},
            make("td", {}, point.isObserved ? moment(point.at) : day(point.at)), make("td", { class: "n" }, number(point.value)),
            make("td", {}, point.isObserved ? "observed" : "carried forward")))))),
    ];
  };

  // ── Days ──────────────────────────────────────────────────────────────────────────────────────────────────────
  const byline = (paper) => {
    const authors = firstAuthors(paper);
    return [...authors, ...(paper.organization ? [authors.length ? " · " : "", organizationLink(paper.organization)] : [])];
  };
  const facts = (paper) => {
    const found = [];
    if (paper.comments !== null) found.push([`${number(paper.comments)} ${plural(paper.comments, "comment")}`]);
    if (paper.code) found.push([outside(paper.code, "Code"), paper.stars === null ? "" : ` ★ ${number(paper.stars)}`]);
    if (paper.trend.gain_24h) found.push([`${signed(paper.trend.gain_24h)} in 24 hours`]);
    return found.flatMap((parts, index) => [index ? " · " : "", ...parts]);
  };
  const entry = (paper, listing, heading) => {
    const rate = listing.is_by_rate && paper.per_hour !== null;
    return make("li", { class: "entry" },
      make("div", { class: "votes" }, make("strong", {}, number(paper.upvotes)), make("span", {}, plural(paper.upvotes ?? 0, "upvote")),
        ...(rate ? [make("span", {}, `${paper.per_hour} an hour`)] : []),
        ...(paper.points?.length > 1 ? [sparkline(paper.points)] : [])),
      make("div", {}, make(heading, {}, make("a", { class: "title", href: paperPage(paper.id) }, make("bdi", {}, clean(paper.title)))),
        make("p", { class: "by" }, ...byline(paper)),
        ...(paper.abstract ? [make("p", { class: "about" }, prose(paper.abstract, 400))] : []),
        make("p", { class: "by" }, ...facts(paper))));
  };
  const ORDERS = {
    "As ranked": null,
    "Upvotes": (paper) => paper.upvotes,
    "Gain in 24 hours": (paper) => paper.trend.gain_24h,
    "Comments": (paper) => paper.comments,
    "Stars of the code": (paper) => paper.stars,
  };
  const ordered = (papers, order) => {
    const value = ORDERS[order];
    return value ? [...papers].sort((a, b) => (value(b) ?? -Infinity) - (value(a) ?? -Infinity)) : papers;
  };

  /** All papers of a day in the order of rank, from the shards in which they are. */
  const papersOf = async (shard) => {
    const { order, elsewhere } = shard.listing;
    const others = await Promise.all([...new Set(Object.values(elsewhere))].map((name) => loadShard("days", name)));
    const papers = new Map([shard, ...others].flatMap((one) => one?.papers ?? []).map((paper) => [paper.id, paper]));
    return order.map((id) => papers.get(id)).filter(Boolean);
  };

  const showDay = async (place) => {
    const isPart = "part" in place.dataset;
    const date = (!isPart && fragment()) || place.dataset.day;
    const shard = /^\d{4}-\d\d-\d\d$/.test(date) ? await loadShard("days", date) : null;
    if (!shard?.listing) {
      if (isPart) return; // The plain list stays.
      document.title = "No such listing · Daily Papers";
      place.replaceChildren(make("h1", {}, "No such listing"), make("p", {}, "This report has no listing of that date. The ",
        make("a", { href: "calendar.html" }, "calendar"), " has those that there are."));
      return;
    }
    const { listing } = shard;
    const papers = await papersOf(shard);
    const list = make("ol", { class: "entries" });
    const fill = (order) => list.replaceChildren(...ordered(papers, order).map((paper) => entry(paper, listing, isPart ? "h3" : "h2")));
    fill("As ranked");
    const how = listing.is_by_rate ? "Ranked by upvotes per hour since submission: each paper was observed once, so no gain is known."
      : "Ranked by upvotes, most first.";
    const select = make("select", {}, ...Object.keys(ORDERS).filter((order) => !ORDERS[order] || papers.some((paper) => (ORDERS[order](paper) ?? null) !== null))
      .map((order) => make("option", {}, order)));
    select.addEventListener("change", () => fill(select.value));
    const head = make("p", { class: "facts sorter" }, `${papersText(papers.length)}. ${how} `,
      make("label", {}, "Order ", select));
    if (isPart) {
      place.replaceChildren(head, list);
      return;
    }
    const step = (to, rel) => to ? [make("a", { href: dayPage(to), rel }, rel === "prev" ? `← ${day(to)}` : `${day(to)} →`)] : [];
    document.title = `${day(date)} · Daily Papers`;
    place.replaceChildren(
      make("nav", { class: "steps", "aria-label": "Listings" }, ...step(listing.before, "prev"), make("a", { href: "calendar.html" }, "Calendar"), ...step(listing.after, "next")),
      make("h1", {}, `Listing of ${day(date)}`), head, list,
      make("p", { class: "facts" }, outside(`https://huggingface.co/papers/date/${date}`, "This date at Hugging Face")));
  };

  // ── Papers ────────────────────────────────────────────────────────────────────────────────────────────────────
  const missing = "–";
  const percent = (share) => (share === null ? missing : `${Math.floor(100 * share + 1e-9)} %`);
  const decimal = (value, digits = 1) => (value === null ? missing : value.toFixed(digits));
  const tiles = (paper) => {
    const trend = paper.trend;
    const metric = (label, column, value, note) => tile(term(label, "rpt_paper_trends", column), value, note);
    return make("dl", { class: "tiles" },
      metric("Upvotes", "upvotes", number(paper.upvotes), trend.rank === null ? "" : `rank ${number(trend.rank)} of all`),
      metric("Gain, 24 hours", "gain_24h", signed(trend.gain_24h), trend.gain_24h_missing_reason),
      metric("Gain, 7 days", "gain_7d", signed(trend.gain_7d), trend.gain_7d_missing_reason),
      metric("Gain since first observed", "gain_observed", signed(trend.gain_observed),
        trend.gain_observed === null ? "one observation only" : moment(paper.points[0][0])),
      metric("× usual", "attention_rate", trend.attention_rate === null ? missing : `${decimal(trend.attention_rate)}×`,
        trend.attention_rate_missing_reason ?? `${decimal(trend.expected_upvotes)} upvotes expected`),
      metric("Ahead of", "cohort_percentile", percent(trend.cohort_percentile),
        trend.cohort_size > 1 ? `of the other ${number(trend.cohort_size - 1)} of its listing` : ""),
      metric("Upvotes per hour", "velocity", decimal(trend.velocity, 2),
        trend.velocity_missing_reason ?? (trend.velocity_rank === null ? "" : `rank ${number(trend.velocity_rank)}`)),
      metric("Half reached after", "half_life_hours", hours(trend.half_life_hours),
        trend.half_life_missing_reason ?? `known to ${hours(trend.half_life_resolution_hours)}`),
      metric("Best day", "peak_day", day(trend.peak_day), trend.peak_day_missing_reason ?? signed(trend.peak_day_gain)),
      metric("Breakout", "is_breakout", trend.is_breakout === null ? missing : trend.is_breakout ? "yes" : "no",
        trend.is_breakout_missing_reason ?? (trend.breakout_started === null ? "" : `after ${moment(trend.breakout_started)}`)));
  };
  const authorList = (paper) => {
    const more = (paper.author_count ?? 0) - paper.authors.length;
    return section("authors", "Authors",
      make("ol", { class: "names" }, ...paper.authors.map((author) => make("li", {}, authorLink(author),
        ...(author.listed ? [" ", make("small", {}, "listed as ", make("bdi", {}, clean(author.listed)))] : [])))),
      ...(more > 0 ? [make("p", {}, `and ${number(more)} more.`)] : []));
  };
  const relatedList = (paper) => section("related", "Related papers",
    make("ul", { class: "related" }, ...paper.related.map(({ id, shard, terms }) => {
      const title = make("a", { href: paperPage(id) }, id);
      loadShard("days", shard).then((found) => {
        const other = found?.papers.find((one) => one.id === id);
        if (other) title.replaceChildren(make("bdi", {}, clean(other.title)));
      });
      return make("li", {}, title, " ", make("small", {}, "shared terms: ", make("bdi", {}, clean(terms.join(", ")))));
    })));
  const starPoints = (paper) => (paper.points ?? []).filter(([, , stars]) => stars !== null && stars !== undefined)
    .map(([at, , stars]) => [at, stars]);
  const citation = (paper) => section("cite", "Cite", ...copyable("bibtex", "BibTeX", paper.bibtex),
    make("p", { class: "facts" }, "RIS and CSL-JSON: ", make("code", {}, `papers cite ${paper.id} --format ris`)));

  const findPaper = async (id) => {
    const shards = await loadShard("ids", shardName(id.slice(0, ID_START_LENGTH)));
    const name = shards && Object.hasOwn(shards, id) ? shards[id] : null;
    const shard = name && (await loadShard("days", name));
    return shard?.papers.find((paper) => paper.id === id) ?? null;
  };
  const showPaper = async (place) => {
    const id = fragment();
    const paper = id ? await findPaper(id) : null;
    if (fragment() !== id) return; // Another paper was asked for meanwhile.
    if (!paper) {
      document.title = "No such paper · Daily Papers";
      place.replaceChildren(make("h1", {}, "No such paper"), make("p", {},
        "This report has no paper of that id; the oldest ones are left out of a large warehouse. The field above searches all that it has."));
      return;
    }
    document.title = `${clean(paper.title)} · Daily Papers`;
    const listed = paper.listed ?? [];
    const links = [];
    if (/^\d{4}\.\d{4,5}$/.test(id)) {
      links.push(outside(`https://arxiv.org/abs/${id}`, "arXiv"), outside(`https://huggingface.co/papers/${id}`, "Hugging Face"));
    }
    if (paper.code) links.push(make("span", {}, outside(paper.code, "Code"), paper.stars === null ? "" : ` (${number(paper.stars)} ${plural(paper.stars, "star")})`));
    const stars = starPoints(paper);
    const hasStarCurve = new Set(stars.map(([at]) => at)).size > 1;
    const keyword = ({ name, has_page: hasPage }) => make("li", {}, link(hasPage ? pageOf("keyword", name) : searchFor(name), name));
    place.replaceChildren(
      make("p", { class: "kicker" }, listed.length ? "Listed on " : "Paper",
        ...listed.flatMap((date, index) => [index ? ", " : "", make("a", { href: dayPage(date) }, day(date))]),
        ...(paper.organization ? [" · ", organizationLink(paper.organization)] : []),
        ...(paper.parent ? [", part of ", organizationLink(paper.parent)] : [])),
      make("h1", { class: "long" }, make("bdi", {}, clean(paper.title))),
      make("ul", { class: "links" }, ...links.map((one) => make("li", {}, one))),
      tiles(paper),
      ...(paper.abstract ? [section("abstract", "Abstract", make("p", { class: "abstract" }, prose(paper.abstract, 4000)))] : []),
      ...(paper.points?.length > 1 ? [section("curve", "Upvotes over time", ...history(paper.points, "Upvotes"))]
        : paper.points ? [section("curve", "Upvotes over time", make("p", {},
          `Observed once, on ${moment(paper.points[0][0])} UTC: there is no curve yet.`))] : []),
      ...(hasStarCurve ? [section("stars", "Stars of the code over time", ...history(stars, "Stars"))] : []),
      ...(paper.authors?.length ? [authorList(paper)] : []),
      ...(paper.keywords?.length ? [section("keywords", "Keywords", make("ul", { class: "chips" }, ...paper.keywords.map(keyword)))] : []),
      ...(paper.related?.length ? [relatedList(paper)] : []),
      citation(paper));
  };

  for (const [selector, show] of [["[data-day]", showDay], ["[data-paper]", showPaper]]) {
    const place = document.querySelector(selector);
    if (place) {
      show(place);
      if (!("part" in place.dataset)) window.addEventListener("hashchange", () => show(place).then(() => scrollTo(0, 0)));
    }
  }
})();
