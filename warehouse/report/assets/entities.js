// Pages of authors, organizations and keywords, drawn from the shards of warehouse/report/entities.py; titles, upvotes
// and co-authors come from the shards of days. Listed texts only become text nodes; addresses are built from ids.
"use strict";
(() => {
  const { loadShard, shardName, make, svg, number, signed, plural, day, clean, sortable, hintScroll, searchFor, authorLink, organizationLink, fragment } = window.report;
  const { paperPage, papersText, firstAuthors, section, term, tile, copyable } = window.report;
  const DAY_SECONDS = 86400;
  const MAX_NAMES = 12;
  const MIN_CHART_WEEKS = 12;

  const more = (count, what) => (count > 0 ? [make("p", { class: "facts" }, `and ${number(count)} more${what}.`)] : []);
  const dateOf = (days) => (days < 0 ? null : new Date(days * DAY_SECONDS * 1000).toISOString().slice(0, 10));

  /** The end of an id or the start of a keyword that names its shard, as entities.py has it. */
  const shardOf = {
    author: (id) => [...id].slice(-2),
    organization: (id) => [...id].slice(-1),
    keyword: (id) => [...id].slice(0, 2),
  };
  const shardNameOf = (kind, id) => shardOf[kind](id).join("").replace(/[^0-9A-Za-z]/gu, "-").toLowerCase();

  // ── SQL ───────────────────────────────────────────────────────────────────────────────────────────────────────
  const inSql = (text) => `'${text.replaceAll("'", "''")}'`;
  const inShell = (text) => (/^[\w:.][\w:.-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const selectOf = (bridge, column, id, place) => `select papers.first_listed_on, papers.title, ${place}papers.upvotes
from marts.${bridge} as bridge
inner join marts.dim_papers as papers on bridge.paper_id = papers.paper_id
where bridge.${column} = ${inSql(id)}
order by papers.first_listed_on desc nulls last, papers.paper_id desc`;
  const sqlSection = (command, select) => section("sql", "The same in SQL", ...(command ? copyable("command", "command", command) : []), ...copyable("query", "query", select));

  // ── Papers ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** The papers of an entity from the shards of their days, in its order; what the report lacks is left out. */
  const papersOf = async (entity, lists) => {
    const names = entity.days.map((days) => dateOf(days) ?? "unlisted");
    const shards = await Promise.all([...new Set(names)].map((name) => loadShard("days", name)));
    const papers = new Map(shards.flatMap((shard) => shard?.papers ?? []).map((paper) => [paper.id, paper]));
    const found = entity.ids.flatMap((id, index) => {
      const paper = papers.get(id);
      return paper ? [{ ...paper, day: dateOf(entity.days[index]), place: entity.places[index] }] : [];
    });
    // The shard of a day has the first authors only.
    return Promise.all(found.map(async (paper) => {
      const name = shardName(paper.id);
      const long = lists.has(name) ? await loadShard("author-lists", name) : null;
      return { ...paper, all: (long && Object.hasOwn(long, paper.id) ? long[paper.id] : paper.authors) ?? [] };
    }));
  };

  const byline = (paper, kind) => {
    if (kind !== "author") return firstAuthors(paper);
    return paper.organization ? [organizationLink(paper.organization)] : [];
  };
  const cell = (value, text, name = "n") => make("td", { class: name, "data-sort": value ?? "" }, text);
  const header = (label, name = "") => make("th", { scope: "col", class: name }, label);
  const papersTable = (papers, kind, caption) => {
    const hasPlace = kind === "author";
    const table = make("table", { class: "board sortable papers" }, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, header("Paper"), header("Listed", "n wide"), header("Upvotes", "n"), ...(hasPlace ? [header("Place among the authors", "n wide")] : []))),
      make("tbody", {}, ...papers.map((paper) => {
        const by = byline(paper, kind);
        return make("tr", {},
          make("th", { scope: "row", "data-sort": clean(paper.title) }, make("a", { class: "title", href: paperPage(paper.id) }, make("bdi", {}, clean(paper.title))),
            make("span", { class: "by" }, make("span", { class: "narrow" }, day(paper.day), by.length ? " · " : ""), ...by)),
          cell(paper.day, day(paper.day), "n wide"), cell(paper.upvotes, number(paper.upvotes)),
          ...(hasPlace ? [cell(paper.place, `${number(paper.place)} of ${number(paper.author_count)}`, "n wide")] : []));
      })));
    sortable(table);
    return table;
  };
  const papersSection = (entity, kind, papers) => {
    const total = entity.facts.papers;
    return section("papers", "Papers", papersTable(papers, kind, total > papers.length
      ? `The newest ${number(papers.length)} of ${papersText(total)}, newest first` : `${papersText(total)}, newest first`),
      ...more(total - papers.length, ": the query at the end of this page lists all of them"));
  };

  /** Authors of the papers shown, without the one of the page, by the papers that they share with it. */
  const coauthors = (papers, id) => {
    const found = new Map();
    for (const paper of papers) {
      const names = new Map(paper.all.map((author) => [author.id ?? `name ${author.name}`, author]));
      for (const [key, author] of names) {
        if (author.id === id) continue;
        const one = found.get(key) ?? { ...author, shared: 0 };
        one.shared += 1;
        found.set(key, one);
      }
    }
    return [...found.values()].sort((a, b) => b.shared - a.shared || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  };
  const nameList = (names, toLink) => make("ol", { class: "names" }, ...names.map((one) =>
    make("li", {}, toLink(one), " ", make("small", {}, papersText(one.papers ?? one.shared)))));
  const coauthorSection = (papers, entity, id) => {
    const found = coauthors(papers, id);
    return found.length ? [section("coauthors", "Co-authors", nameList(found.slice(0, MAX_NAMES), authorLink), ...more(found.length - MAX_NAMES, ""),
      ...(entity.facts.papers > papers.length ? [make("p", { class: "facts" }, "Counted over the papers above.")] : []))] : [];
  };

  // ── Weeks ─────────────────────────────────────────────────────────────────────────────────────────────────────
  const mondayOf = (week) => dateOf(4 + 7 * week);
  /** Bars that are as wide as the page; texts keep their size. A week of no known gain has no bar. */
  const bars = (weeks, gains, label) => {
    const last = weeks.at(-1);
    const span = Math.max(MIN_CHART_WEEKS, last - weeks[gains.findIndex((gain) => gain !== null)] + 1);
    const known = gains.filter((gain) => gain !== null);
    const [top, bottom] = [Math.max(1, ...known), Math.min(0, ...known)];
    const [start, end] = [18, 128];
    const y = (value) => start + ((end - start) * (top - value)) / (top - bottom);
    const left = (week) => (100 * (week - last + span - 1)) / span;
    return svg("svg", { class: "bars", width: "100%", height: "150", role: "img", "aria-label": label },
      svg("line", { class: "grid", x1: "0", x2: "100%", y1: y(top), y2: y(top) }), svg("line", { class: "grid", x1: "0", x2: "100%", y1: y(0), y2: y(0) }),
      svg("text", { x: "0", y: 12 }, signed(top)),
      svg("text", { x: "0", y: 146 }, day(mondayOf(last - span + 1))), svg("text", { x: "100%", y: 146, "text-anchor": "end" }, day(mondayOf(last))),
      ...weeks.flatMap((week, index) => {
        const gain = gains[index];
        if (gain === null) return [];
        const [from, to] = [y(Math.max(gain, 0)), y(Math.min(gain, 0))];
        return [svg("rect", { x: `${left(week) + 10 / span}%`, width: `${80 / span}%`, y: from, height: Math.max(1.5, to - from) },
          svg("title", {}, `Week of ${day(mondayOf(week))}: ${signed(gain)}`))];
      }));
  };
  const weekSection = (entity, trends) => {
    const { weeks } = entity;
    if (!weeks) return [];
    const hasParts = entity.family_gained && weeks.some((_, index) =>
      entity.family_gained[index] !== entity.gained[index] || entity.family_listed[index] !== entity.listed[index]);
    const drawing = (gains, what) => {
      const known = gains.filter((gain) => gain !== null).length;
      return make("figure", {}, ...(known ? [bars(weeks, gains, `${what} by week, ${number(known)} ${plural(known, "week")} up to the week of ${day(mondayOf(weeks.at(-1)))}; the table has the numbers.`)] : []),
        make("figcaption", {}, known ? `${what}, by week. A week without a bar has no known gain.` : `${what}: of no week is a gain known. It needs two observations.`));
    };
    const columns = [[term("Upvotes gained", trends, "upvotes_gained"), entity.gained, signed], [term("Papers listed", trends, "papers_listed"), entity.listed, number],
      ...(hasParts ? [[term("Gained with parts", trends, "family_upvotes_gained"), entity.family_gained, signed], [term("Listed with parts", trends, "family_papers_listed"), entity.family_listed, number]] : [])];
    const order = weeks.map((_, index) => weeks.length - 1 - index);
    const table = make("table", { class: "board sortable" },
      make("thead", {}, make("tr", {}, header("Week of"), ...columns.map(([label]) => header(label, "n")))),
      make("tbody", {}, ...order.map((index) => make("tr", {}, make("th", { scope: "row", "data-sort": weeks[index] }, day(mondayOf(weeks[index]))),
        ...columns.map(([, values, text]) => cell(values[index], text(values[index])))))));
    sortable(table);
    const box = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Week by week" }, table);
    hintScroll(box);
    return [section("weeks", "Week by week", drawing(entity.gained, "Upvotes gained"), ...(hasParts ? [drawing(entity.family_gained, "Upvotes gained with all parts")] : []),
      make("details", {}, make("summary", {}, `The ${number(weeks.length)} ${plural(weeks.length, "week")} as a table`), box))];
  };

  // ── What was merged ───────────────────────────────────────────────────────────────────────────────────────────
  const mergeSection = (merge, title, note) => {
    if (!merge) return [];
    const rest = merge.total - merge.members.length;
    return [section("merged", title, make("p", {}, note), make("ul", { class: "reasons" },
      ...merge.members.map(([name, slug, mentions, rule, reason]) => make("li", {}, make("bdi", {}, clean(name, 120)),
        ...(slug ? [" ", make("code", {}, clean(slug, 80))] : []), ...(mentions > 1 ? [" ", make("small", {}, `${number(mentions)} mentions`)] : []),
        ` – ${clean(rule, 120)}${reason ? `: ${clean(reason)}` : ""}`))), ...more(rest, ""))];
  };

  // ── The three kinds ───────────────────────────────────────────────────────────────────────────────────────────
  const account = (handle) => (/^[A-Za-z0-9][\w.-]{0,63}$/.test(handle)
    ? make("a", { href: `https://huggingface.co/${handle}`, rel: "noopener" }, handle) : make("bdi", {}, clean(handle, 80)));
  const tiles = (facts, ...others) => make("dl", { class: "tiles" }, tile("Papers", number(facts.papers)),
    tile("Upvotes", number(facts.upvotes), facts.papers === 1 ? "" : "of all these papers"), ...others);

  const kinds = {
    author: {
      folder: "authors",
      word: "author",
      unknown: "Authors of one paper have no page of their own.",
      lists: ({ entity, id, papers }) => coauthorSection(papers, entity, id),
      head: ({ facts }) => [make("p", { class: "kicker" }, "Author"), make("h1", { class: "long" }, make("bdi", {}, clean(facts.name, 120))),
        tiles(facts, ...(facts.handle ? [tile("Account", account(facts.handle))] : []))],
      rest: ({ entity, merge, id }) => [...weekSection(entity, "rpt_author_trends"),
        ...mergeSection(merge, "Merged names", "Each name as listed, and what placed it with this author. Log odds above 0 are evidence for one person."),
        sqlSection(`papers query author_history --author ${inShell(id)}`, selectOf("bridge_paper_authors", "author_id", id, "bridge.position, "))],
    },
    organization: {
      folder: "organizations",
      word: "organization",
      unknown: "An organization without a listed paper has no page.",
      head: ({ facts }) => [
        make("p", { class: "kicker" }, facts.kind && facts.kind !== "unknown" ? clean(facts.kind, 40).replace(/^./, (letter) => letter.toUpperCase()) : "Organization",
          ...(facts.parent ? [", part of ", organizationLink(facts.parent)] : [])),
        make("h1", { class: "long" }, make("bdi", {}, clean(facts.name, 120))),
        tiles(facts, ...(facts.family_papers > facts.papers ? [tile("Papers with its parts", number(facts.family_papers))] : []),
          ...(facts.slug ? [tile("Account", account(facts.slug))] : []))],
      lists: ({ facts }) => [
        ...(facts.authors ? [section("authors", "Authors of most of these papers", nameList(facts.authors, authorLink), ...more(facts.author_count - facts.authors.length, ""))] : []),
        ...(facts.parts ? [section("parts", "Parts", make("ul", { class: "reasons" }, ...facts.parts.map((part) => make("li", {}, part.id ? organizationLink(part) : make("bdi", {}, clean(part.name, 120)),
          " ", make("small", {}, papersText(part.papers)), ` – ${clean(part.rule, 120)}${part.reason ? `: ${clean(part.reason)}` : ""}`))), ...more(facts.part_count - facts.parts.length, ""))] : [])],
      rest: ({ entity, merge, id }) => [...weekSection(entity, "rpt_organization_trends"),
        ...mergeSection(merge, "Merged names", "Each organization as listed, and the rule that counts it as this one."),
        sqlSection(`papers query organization_history --organization ${inShell(id)}`, selectOf("bridge_paper_organizations", "organization_id", id, ""))],
    },
    keyword: {
      folder: "keywords",
      word: "keyword",
      unknown: "A keyword of few papers has no page.",
      head: ({ facts }) => [make("p", { class: "kicker" }, "Keyword"), make("h1", { class: "long" }, make("bdi", {}, clean(facts.name, 120))),
        tiles(facts), ...(facts.aliases ? [make("p", { class: "facts" }, "Also counted: ", ...facts.aliases.flatMap((alias, index) => [index ? ", " : "", make("bdi", {}, clean(alias, 120))]), ".")] : [])],
      lists: ({ facts }) => (facts.organizations ? [section("organizations", "Organizations of most of these papers", nameList(facts.organizations, organizationLink), ...more(facts.organization_count - facts.organizations.length, ""))] : []),
      rest: ({ entity, id }) => [...weekSection(entity, "rpt_keyword_trends"), sqlSection("", selectOf("bridge_paper_keywords", "keyword", id, ""))],
    },
  };

  const show = async (place) => {
    const kind = place.dataset.entity;
    const { folder, word, unknown, head, lists, rest } = kinds[kind];
    const id = fragment();
    const name = shardNameOf(kind, id);
    const shard = place.dataset.shards.split(" ").includes(name) ? await loadShard(folder, name) : null;
    if (fragment() !== id) return; // Another one was asked for meanwhile.
    if (!shard || !Object.hasOwn(shard.entities, id)) {
      const query = kind === "keyword" && id ? searchFor(id) : "search.html";
      document.title = `No such ${word} · Daily Papers`;
      place.replaceChildren(make("h1", {}, `No such ${word}`), make("p", {}, `This report has no ${word} of that address. ${unknown} `, make("a", { href: query }, "The search"), " finds papers by all names."));
      return;
    }
    const entity = shard.entities[id];
    const { facts } = entity;
    const merge = Object.hasOwn(shard.merges, id) ? shard.merges[id] : null;
    const waiting = make("p", { role: "status" }, "Loading the papers …");
    document.title = `${clean(facts.name, 120)} · Daily Papers`;
    const papers = entity.ids ? papersOf(entity, new Set((place.dataset.lists ?? "").split(" "))) : Promise.resolve([]);
    place.replaceChildren(...head({ facts }), waiting, ...rest({ entity, facts, merge, id }));
    const found = await papers;
    if (fragment() === id) waiting.replaceWith(...(found.length || facts.papers ? [papersSection(entity, kind, found)] : []), ...lists({ entity, facts, id, papers: found }));
  };

  const place = document.querySelector("[data-entity]");
  if (place) {
    show(place);
    window.addEventListener("hashchange", () => show(place).then(() => scrollTo(0, 0)));
  }
})();
