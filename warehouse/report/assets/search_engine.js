// Reads a query and ranks papers as marts.search(query) does (dbt_project/macros/search.sql), with the shards that
// warehouse/report/search_index.py writes. One difference: stop words at the end of a phrase are not compared.
// Here: `report.findPapers(query)`. Not here: what the page shows (search.js).
"use strict";
(() => {
  const BASE = 46; // Of the numbers in shards.
  const MAX_GAP = 8; // Stop words before a word that the index keeps.
  const MAX_FREQUENCY = 255;
  const MAX_PHRASE_CANDIDATES = 300;
  const FACTS = ["code", "project", "abstract", "organization"];
  const DAY = 86400000;

  class QueryError extends Error {}
  class ShardError extends Error {}

  // Words and stems: folded, search_words and search_stem of the macros. A character alone has one lower case. Marks of
  // scripts in which they are vowels or letters stay (MARKED_SCRIPTS of warehouse/keys.py).
  const ACCENTS = /(?![\u0590-\u10ff\u1700-\u1aaf\u1b00-\u1c7f\u3040-\u30ff\ua800-\uabff\ufb1d-\ufb4e\u{10a00}-\u{11fff}\u{1e100}-\u{1e95f}])\p{M}/gu;
  const LETTERS = { ø: "o", đ: "d", ð: "d", ł: "l", ħ: "h", ı: "i", ȷ: "j", ŋ: "n", æ: "ae", œ: "oe", þ: "th", ß: "ss" };
  const fold = (text) => Array.from(text.normalize("NFD").replace(ACCENTS, "").normalize("NFC"), (letter) => {
    const lower = letter.toLowerCase();
    return LETTERS[lower] ?? lower;
  }).join("");
  const wordsOf = (text) => fold(text).match(/[a-z0-9]+|[^\x00-\x7F\p{P}\p{S}]+/gu) ?? [];
  const stemOf = (word) => {
    if (word.length < 4 || /[0-9]|(ss|us|is)$/.test(word)) return word;
    if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
    return word.endsWith("s") ? word.slice(0, -1) : word;
  };
  const pairsOf = (words) => words.slice(1).map((word, place) => `${words[place]} ${word}`);

  // Shards.
  const digitOf = new Int8Array(128);
  for (let code = 0x20, digit = 0; digit < 2 * BASE; code++) {
    if (code !== 0x22 && code !== 0x5c) digitOf[code] = digit++;
  }
  const numbersOf = (text) => {
    const numbers = new Int32Array(text.length);
    let count = 0;
    for (let place = 0, value = 0, unit = 1; place < text.length; place++) {
      const digit = digitOf[text.charCodeAt(place)];
      if (digit < BASE) {
        numbers[count++] = value + digit * unit;
        value = 0;
        unit = 1;
      } else {
        value += (digit - BASE) * unit;
        unit *= BASE;
      }
    }
    return numbers.slice(0, count);
  };

  const load = async (name, stamp = null) => {
    const found = await report.loadShard("search", name);
    if (found === null) throw new ShardError("A file of the search is missing: load this page again.");
    if (stamp !== null && found[0] !== stamp) throw new ShardError("The report was written again: load this page again.");
    return found;
  };

  let index = null;
  const loadIndex = () => (index ??= load("index").then(([stamp, value]) => {
    const wordCounts = numbersOf(value.word_counts);
    return {
      ...value,
      stamp,
      wordCounts,
      papers: wordCounts.length,
      meanWordCount: wordCounts.reduce((sum, count) => sum + count, 0) / wordCounts.length,
      stopWords: new Set(value.stop_words),
      postings: new Map(),
    };
  }).catch((error) => {
    index = null;
    throw error;
  }));

  const shardOf = (starts, word) => {
    let low = 0;
    for (let high = starts.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= word) low = middle;
      else high = middle;
    }
    return low;
  };

  /** A term's papers, the start of each one's places, the places, their codes, and the forms of the term; or null. */
  const decode = ([papers, frequencies, places, codes, forms], word) => {
    const list = { papers: numbersOf(papers), places: numbersOf(places), codes: codes === undefined ? null : numbersOf(codes),
      forms: forms ?? [word] };
    const counts = numbersOf(frequencies);
    list.starts = new Int32Array(counts.length + 1);
    for (let number = 0, paper = -1; number < counts.length; number++) {
      list.papers[number] = paper += list.papers[number] + 1;
      const start = list.starts[number];
      const end = (list.starts[number + 1] = start + counts[number] + 1);
      for (let at = start + 1; at < end; at++) list.places[at] += list.places[at - 1] + 1;
    }
    list.frequencies = counts.map((count) => Math.min(count + 1, MAX_FREQUENCY));
    return list;
  };

  const postingsOf = async (found, prefix, word) => {
    const term = prefix + word;
    if (!found.postings.has(term)) {
      const columns = found.starts.length ? (await load(`t${shardOf(found.starts, word)}`, found.stamp))[1] : {};
      found.postings.set(term, Object.hasOwn(columns, term) ? decode(columns[term], word) : null);
    }
    return found.postings.get(term);
  };

  /** The papers in which a word is right before another, and how often. */
  const pairUp = (one, other) => {
    const papers = [];
    const frequencies = [];
    if (one === null || other === null) return { papers, frequencies };
    for (let a = 0, b = 0; a < one.papers.length && b < other.papers.length;) {
      if (one.papers[a] !== other.papers[b]) {
        if (one.papers[a] < other.papers[b]) a++;
        else b++;
        continue;
      }
      let count = 0;
      for (let at = one.starts[a], to = other.starts[b]; at < one.starts[a + 1] && to < other.starts[b + 1];) {
        const distance = other.places[to] - one.places[at];
        if (distance === 1) count++;
        if (distance <= 1) to++;
        else at++;
      }
      if (count) {
        papers.push(one.papers[a]);
        frequencies.push(Math.min(count, MAX_FREQUENCY));
      }
      a++;
      b++;
    }
    return { papers, frequencies };
  };

  /** The places of a phrase as written: [papers, places of its first word that is no stop word]; null for one without. */
  const placesOf = async (found, words) => {
    const gapNumbers = new Map(found.gaps.map((gap, number) => [gap, number + 1]));
    let matches = null;
    let gap = [];
    for (const word of words) {
      if (found.stopWords.has(word)) {
        gap.push(word);
        continue;
      }
      const list = await postingsOf(found, "", stemOf(word));
      const form = list === null ? -1 : list.forms.indexOf(word);
      if (form < 0) return [];
      const text = gap.slice(-MAX_GAP).join(" ");
      const isFirst = matches === null;
      const gaps = new Set(!text ? [0] : isFirst
        ? found.gaps.flatMap((other, number) => (` ${other}`.endsWith(` ${text}`) ? [number + 1] : []))
        : [gapNumbers.get(text) ?? -1]);
      const fits = (at) => list.codes[at] % list.forms.length === form
        && ((isFirst && !text) || gaps.has(Math.floor(list.codes[at] / list.forms.length)));
      matches = isFirst ? startsIn(list, fits) : continued(matches, list, fits);
      gap = [];
    }
    return matches;
  };
  const startsIn = (list, fits) => {
    const matches = [];
    for (let number = 0; number < list.papers.length; number++) {
      for (let at = list.starts[number]; at < list.starts[number + 1]; at++) {
        if (fits(at)) matches.push({ paper: list.papers[number], start: list.places[at], end: list.places[at] });
      }
    }
    return matches;
  };
  const continued = (matches, list, fits) => {
    let number = 0;
    return matches.filter((match) => {
      while (number < list.papers.length && list.papers[number] < match.paper) number++;
      if (list.papers[number] !== match.paper) return false;
      for (let at = list.starts[number]; at < list.starts[number + 1]; at++) {
        if (list.places[at] === match.end + 1) {
          match.end += 1;
          return fits(at);
        }
      }
      return false;
    });
  };

  // The query.
  const dayOf = (text) => {
    const [, year, , month, day] = /^(\d{1,6})([-/ \\])(\d{1,2})\2(\d{1,2})$/.exec(text.trim()) ?? [];
    if (year === undefined) return null;
    const date = new Date(0);
    date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
    return date.getUTCMonth() === month - 1 && date.getUTCDate() === Number(day) ? Math.floor(date / DAY) : null;
  };

  const partsOf = (query) => (query.match(/-?(?:[A-Za-z]+:)?"[^"]*"|[^\t\n\f\r ]+/g) ?? [])
    .filter((text) => /[\p{L}\p{N}]/u.test(text))
    .map((text) => ({
      text,
      isNegative: text.startsWith("-"),
      field: /^-?(author|org|has|after|before):/.exec(text)?.[1] ?? "",
      value: text.replace(/^-?((author|org|has|after|before):)?/, "").replace(/^"+|"+$/g, ""),
      isQuoted: text.includes('"'),
    }));

  const check = (query, parts) => {
    const wants = (fields, isGood) => parts.every((part) => !fields.includes(part.field) || isGood(part));
    const sentence = !parts.length ? "The query has no words: write some, for example prompt tuning."
      : query.split('"').length % 2 === 0 ? "A quotation mark is open: close it, or leave it out."
        : parts.every((part) => part.isNegative) ? "The query only excludes: add a word that papers should have."
          : !wants(["has"], (part) => FACTS.includes(part.value)) ? "has: knows code, project, abstract and organization."
            : !wants(["after", "before"], (part) => dayOf(part.value) !== null) ? "after: and before: want a date like 2026-09-01."
              : !wants(["author", "org"], (part) => wordsOf(part.value).length) ? 'author: and org: want a name, for example author:"Ada Lovelace".'
                : null;
    if (sentence) throw new QueryError(sentence);
  };

  const read = (query, stopWords) => {
    const parts = partsOf(query);
    check(query, parts);
    for (const part of parts) {
      part.prefix = ["author", "org"].includes(part.field) ? `${part.field}:` : "";
      part.hasWords = !["has", "after", "before"].includes(part.field);
      part.words = part.hasWords ? wordsOf(part.value) : [];
      part.terms = part.prefix ? part.words : part.words.filter((word) => !stopWords.has(word)).map(stemOf);
    }
    const weights = new Map();
    const add = (prefix, terms, weight) => {
      for (const term of terms) weights.set(prefix + term, { prefix, term, weight: Math.max(weight, weights.get(prefix + term)?.weight ?? 0) });
    };
    const plain = parts.filter((part) => part.hasWords && !part.isNegative && !part.prefix);
    const terms = plain.flatMap((part) => part.terms);
    add("", terms, 1);
    add("", pairsOf(terms), 3);
    add("author:", terms, 0.5);
    add("org:", terms, 0.5);
    for (const part of parts) if (part.prefix && !part.isNegative) add(part.prefix, part.terms, 1);
    return { parts, plain, terms, weights: [...weights.values()], typed: terms.length ? plain.flatMap((part) => part.words) : [] };
  };

  // The ranking.
  const rank = async (found, { parts, weights, typed }) => {
    const listOf = async (prefix, term) => {
      const words = term.split(" ");
      const lists = await Promise.all(words.map((word) => postingsOf(found, prefix, word)));
      return words.length === 1 ? lists[0] ?? { papers: [], frequencies: [] } : pairUp(...lists);
    };
    // All shards at once, before their lists are read one by one.
    await Promise.all([...weights, ...parts.flatMap((part) => part.terms.map((term) => ({ prefix: part.prefix, term })))]
      .map(({ prefix, term }) => listOf(prefix, term)));

    const scores = new Float64Array(found.papers);
    const isKept = new Uint8Array(found.papers);
    for (const { prefix, term, weight } of weights) {
      const { papers, frequencies } = await listOf(prefix, term);
      const rarity = Math.log(1 + (found.papers - papers.length + 0.5) / (papers.length + 0.5)) * weight;
      papers.forEach((paper, at) => {
        const frequency = frequencies[at];
        isKept[paper] = 1;
        scores[paper] += (rarity * frequency * 1.6)
          / (frequency + 0.6 * (0.25 + (0.75 * found.wordCounts[paper]) / found.meanWordCount));
      });
    }
    if (!parts.some((part) => part.hasWords && !part.isNegative)) isKept.fill(1);

    const drop = (isDropped) => {
      for (let paper = 0; paper < isKept.length; paper++) if (isKept[paper] && isDropped(paper)) isKept[paper] = 0;
    };
    for (const part of parts) {
      if (!part.terms.length || !(part.prefix || part.isQuoted !== part.isNegative)) continue;
      const terms = [...new Set([...part.terms, ...pairsOf(part.terms)])];
      const counts = new Uint8Array(found.papers);
      for (const term of terms) (await listOf(part.prefix, term)).papers.forEach((paper) => counts[paper]++);
      drop((paper) => (counts[paper] === terms.length) === part.isNegative);
    }
    const phrases = parts.filter((part) => part.hasWords && part.isQuoted && !part.prefix);
    for (const phrase of phrases) {
      const matches = await placesOf(found, phrase.words);
      const having = new Set(matches?.map((match) => match.paper));
      if (matches !== null) drop((paper) => having.has(paper) === phrase.isNegative);
    }
    if (parts.some((part) => part.field && !part.prefix)) await dropByFacts(found, parts, drop);

    const byScore = (a, b) => scores[b] - scores[a] || a - b;
    const papers = Array.from(isKept.keys()).filter((paper) => isKept[paper]);
    const isBest = new Set(phrases.length ? papers : papers.sort(byScore).slice(0, MAX_PHRASE_CANDIDATES));
    for (const [paper, place] of firstPlaces(found, (await placesOf(found, typed)) ?? [])) {
      if (isBest.has(paper)) scores[paper] += place === null ? 5 : 7 - (2 * place) / found.wordCounts[paper];
    }
    for (const paper of papers) scores[paper] = Math.round(scores[paper] * 1e6) / 1e6;
    return papers.sort(byScore).map((paper) => ({ paper, score: scores[paper] }));
  };

  /** By paper the first place in its abstract; null where only its title matches. */
  const firstPlaces = (found, matches) => {
    const places = new Map();
    for (const { paper, start } of matches) {
      const isTitle = start > found.wordCounts[paper];
      if (isTitle ? !places.has(paper) : (places.get(paper) ?? Infinity) > start) places.set(paper, isTitle ? null : start);
    }
    return places;
  };

  const dropByFacts = async (found, parts, drop) => {
    const [bits, firsts, days] = (await load("facts", found.stamp))[1].map(numbersOf);
    for (const { field, value, isNegative } of parts) {
      const bit = 1 << FACTS.indexOf(value);
      if (field === "has") drop((paper) => Boolean(bits[paper] & bit) === isNegative);
      if (isNegative) continue;
      if (field === "after") drop((paper) => !firsts[paper] || firsts[paper] - 1 + days[paper] < dayOf(value));
      if (field === "before") drop((paper) => !firsts[paper] || firsts[paper] - 1 >= dayOf(value));
    }
  };

  /** How often words are in a paper's abstract: [word, count] of those that are. */
  const countIn = (found, words, paper) => words.flatMap((word) => {
    const list = found.postings.get(stemOf(word));
    const at = list ? placeIn(list.papers, paper) : -1;
    if (at < 0) return [];
    const places = list.places.subarray(list.starts[at], list.starts[at + 1]);
    const count = places.filter((place) => place < found.wordCounts[paper]).length;
    return count ? [[word, count]] : [];
  });
  const placeIn = (sorted, value) => {
    let low = 0;
    for (let high = sorted.length; low < high;) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < value) low = middle + 1;
      else high = middle;
    }
    return sorted[low] === value ? low : -1;
  };

  /** The papers that match a query, best first: { papers: [{ paper, score }], parts, terms, unknown, inAbstract }, where
      `unknown` are its words that no paper has, and `inAbstract` gives [word, count] of those that a paper's abstract
      has. A rejected promise has a QueryError or ShardError with one sentence. */
  const findPapers = async (query) => {
    const found = await loadIndex();
    const question = read(query, found.stopWords);
    const papers = await rank(found, question);
    const unknown = question.parts.filter((part) => part.hasWords && !part.isNegative).flatMap((part) =>
      part.words.filter((word) => part.prefix || !found.stopWords.has(word)).filter((word) =>
        (part.prefix ? [part.prefix + word] : ["", "author:", "org:"].map((prefix) => prefix + stemOf(word)))
          .every((term) => !found.postings.get(term))));
    const words = new Map(question.plain.flatMap((part) => part.words).filter((word) => !found.stopWords.has(word))
      .map((word) => [stemOf(word), word]));
    return { papers, parts: question.parts, terms: question.terms, unknown: [...new Set(unknown)],
      inAbstract: ({ paper }) => countIn(found, [...words.values()], paper) };
  };

  /** Rows of results for papers as findPapers has them. */
  const loadRows = async (papers) => {
    const found = await loadIndex();
    return Promise.all(papers.map(async ({ paper }) =>
      (await load(`r${Math.floor(paper / found.rows)}`, found.stamp))[1][paper % found.rows]));
  };

  /** The most frequent words of the index, the most frequent first. */
  const loadWords = async () => (await load("words", (await loadIndex()).stamp))[1];
  const countPapers = async () => (await loadIndex()).papers;

  Object.assign(window.report, { countPapers, findPapers, loadRows, loadWords, stemOf, wordsOf, QueryError, ShardError });
})();
