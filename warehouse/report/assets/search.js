// The page of the search: results as the query is typed, with a link (?q=), keys, and suggestions where nothing is
// found. Listed texts only become text nodes. Not here: how papers are found (search_engine.js).
"use strict";
(() => {
  const { make, number, day, plural, paperPage, papersText, countPapers, findPapers, loadRows, loadWords, stemOf, wordsOf } = window.report;
  const PAGE = 20; // Results shown at a time.
  const DELAY_MS = 120; // From the last key to the search.
  const MAX_SUGGESTIONS = 3; // For a word.
  const [ID, TITLE, AUTHORS, AUTHOR_COUNT, ORGANIZATION, LISTED, UPVOTES] = Array(7).keys();
  const field = document.getElementById("find");
  const status = document.getElementById("found");
  const list = document.getElementById("results");
  const advice = document.getElementById("advice");
  const more = document.getElementById("more");
  let latest = 0; // The number of the newest search: what an older one finds is not shown.
  let shown = { papers: [] };

  const linkTo = (query, text = query) => make("a", { href: `?q=${encodeURIComponent(query)}` }, make("bdi", {}, text));
  const joined = (pieces, separator) => pieces.flatMap((piece, place) => (place ? [separator, piece] : [piece]));

  /** A text with `mark` around each run of letters that has a matching word. */
  const marked = (text, isMatch) => make("bdi", {}, ...text.split(/([\p{L}\p{N}\p{M}]+)/u).map((piece, place) =>
    (place % 2 && wordsOf(piece).some(isMatch) ? make("mark", {}, piece) : piece)));

  /** Which words of texts and names a query matches. */
  const matchesOf = ({ parts, terms }) => {
    const namesOf = (name) => new Set([...terms, ...parts.filter((part) => part.field === name && !part.isNegative).flatMap((part) => part.terms)]);
    const [stems, authors, organizations] = [new Set(terms), namesOf("author"), namesOf("org")];
    return {
      inText: (word) => stems.has(stemOf(word)),
      inAuthor: (word) => authors.has(word),
      inOrganization: (word) => organizations.has(word),
    };
  };

  const resultOf = (row, { inText, inAuthor, inOrganization }, inAbstract) => {
    const hits = row[AUTHORS].filter((name) => wordsOf(name).some(inAuthor));
    const names = [...new Set([...hits, ...row[AUTHORS]])].slice(0, Math.max(4, Math.min(hits.length, 8)));
    const others = row[AUTHOR_COUNT] - names.length;
    const facts = [row[ORGANIZATION] && marked(row[ORGANIZATION], inOrganization), row[LISTED] && `listed ${day(row[LISTED])}`,
      row[UPVOTES] !== null && `${number(row[UPVOTES])} ${plural(row[UPVOTES], "upvote")}`].filter(Boolean);
    return make("li", {},
      make("a", { href: paperPage(row[ID]) }, marked(row[TITLE], inText)),
      make("span", {}, ...joined(names.map((name) => marked(name, inAuthor)), ", "), others > 0 ? ` and ${number(others)} more` : ""),
      make("span", {}, ...joined(facts, " · ")),
      ...(inAbstract.length ? [make("span", {}, "In its abstract: ", ...joined(inAbstract.map(([word, count]) =>
        make("bdi", {}, make("mark", {}, word), count > 1 ? ` ${number(count)} times` : "")), ", "))] : []));
  };

  /** The next results of an answer after `start`. */
  const resultsOf = async (answer, start) => {
    const papers = answer.papers.slice(start, start + PAGE);
    const rows = await loadRows(papers);
    return rows.map((row, place) => resultOf(row, answer.matches, answer.inAbstract(papers[place])));
  };

  /** The edits between two words (insertions, deletions, other letters, neighbours exchanged), or `limit` + 1 if more. */
  const editsBetween = (one, other, limit) => {
    if (Math.abs(one.length - other.length) > limit) return limit + 1;
    let before = [];
    let row = Array.from({ length: other.length + 1 }, (_, place) => place);
    for (let i = 1; i <= one.length; i++) {
      const next = [i];
      for (let j = 1; j <= other.length; j++) {
        next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1));
        if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) next[j] = Math.min(next[j], before[j - 2] + 1);
      }
      if (Math.min(...next) > limit) return limit + 1;
      [before, row] = [row, next];
    }
    return row[other.length];
  };

  /** Indexed words near an unknown one: what it is the start of, then what few edits make of it. */
  const nearWords = (word, words) => {
    if (word.length < 3) return [];
    const limit = word.length < 6 ? 1 : 2;
    return words.map((other, rank) => ({ other, rank, edits: other.startsWith(word) ? 0 : editsBetween(word, other, limit) }))
      .filter(({ edits }) => edits <= limit).sort((a, b) => a.edits - b.edits || a.rank - b.rank)
      .slice(0, MAX_SUGGESTIONS).map(({ other }) => other);
  };

  const replaced = (query, word, other) => query.split(/([\p{L}\p{N}\p{M}]+)/u)
    .map((piece, place) => (place % 2 && wordsOf(piece).includes(word) ? other : piece)).join("");

  /** Sentences that lead on: words in place of unknown ones; the query without a filter or without quotation marks. */
  const adviceFor = async (query, { papers, parts, unknown }) => {
    const sentences = [];
    const words = unknown.length ? await loadWords() : [];
    for (const word of unknown) {
      const near = nearWords(word, words).map((other) => linkTo(replaced(query, word, other), other));
      sentences.push(["No paper has “", make("bdi", {}, word), "”.", ...(near.length ? [" Did you mean ", ...joined(near, ", "), "?"] : [])]);
    }
    if (papers.length) return sentences;
    const isPhrase = (part) => part.isQuoted && !part.isNegative && !part.field;
    const conditions = parts.filter((part) => part.field || part.isNegative || part.isQuoted);
    const without = async (dropped, name) => {
      const texts = parts.map((part) => (!dropped.includes(part) ? part.text : isPhrase(part) ? part.value : ""));
      const other = texts.filter(Boolean).join(" ");
      const count = await findPapers(other).then((found) => found.papers.length, () => 0);
      if (count) sentences.push(["Without ", name, `: ${papersText(count)} for `, linkTo(other)]);
      return count > 0;
    };
    let isFound = false;
    for (const part of conditions) isFound = (await without([part], isPhrase(part) ? "quotation marks" : make("bdi", {}, part.text))) || isFound;
    if (!isFound && conditions.length > 1) await without(conditions, "any condition");
    return sentences;
  };

  const show = async () => {
    const search = ++latest;
    const query = field.value;
    list.setAttribute("aria-busy", "true");
    const answer = { text: "", papers: [], sentences: [] };
    try {
      if (!query.trim()) {
        answer.text = `${papersText(await countPapers())}. Type in the field above.`;
      } else {
        const found = await findPapers(query);
        Object.assign(answer, found, { matches: matchesOf(found) });
        answer.text = !found.papers.length ? "No paper matches." : `${papersText(found.papers.length)}${found.papers.length > 1 ? ", the best first" : ""}`;
        if (search === latest && (!found.papers.length || found.unknown.length)) answer.sentences = await adviceFor(query, found);
      }
    } catch (error) {
      if (!(error instanceof report.QueryError || error instanceof report.ShardError)) throw error;
      answer.text = error.message;
    }
    const results = await resultsOf(answer, 0).catch((error) => {
      answer.text = error.message;
      return [];
    });
    if (search !== latest) return;
    shown = answer;
    status.textContent = answer.text;
    advice.replaceChildren(...answer.sentences.map((pieces) => make("li", {}, ...pieces)));
    list.replaceChildren(...results);
    list.setAttribute("aria-busy", "false");
    more.hidden = results.length < PAGE || results.length === answer.papers.length;
  };

  let timer;
  const typed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const address = field.value ? `?q=${encodeURIComponent(field.value)}` : location.pathname;
      history.replaceState(null, "", address);
      document.title = `${field.value || "Search"} · Daily Papers`;
      show();
    }, DELAY_MS);
  };

  field.value = new URLSearchParams(location.search).get("q") ?? "";
  if (!("DecompressionStream" in window)) {
    status.textContent = "The search needs a newer browser, for example of 2023 or later.";
    return;
  }
  field.addEventListener("input", typed);
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    typed();
  });
  more.addEventListener("click", async () => {
    const [search, start] = [latest, list.children.length];
    const results = await resultsOf(shown, start);
    if (search !== latest || start !== list.children.length) return;
    list.append(...results);
    more.hidden = list.children.length === shown.papers.length;
    results[0]?.querySelector("a").focus();
  });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const links = [...list.querySelectorAll("li > a")];
    const place = links.indexOf(document.activeElement);
    if (!step || !links.length || event.ctrlKey || event.metaKey || event.altKey || (place < 0 && document.activeElement !== field)) return;
    event.preventDefault();
    (links[Math.min(place + step, links.length - 1)] ?? field).focus();
  });
  show();
})();
