// Shards: scripts with data that a page loads when it needs it (warehouse/report/shards.py writes them). A page opened
// from the file system may load scripts and nothing else. `report` is the one global name of the report's scripts.
"use strict";
window.report = (() => {
  const folder = new URL("../data/", document.currentScript.src);
  const received = new Map(); // Data of scripts that ran, until they are decoded.
  const values = new Map(); // Promises of decoded values.

  /** The name of the shard that holds an id: `shard_name` of shards.py. */
  const shardName = (text) =>
    text.replace(/[^0-9A-Za-z.]+/g, "-").slice(0, 80).replace(/^[.-]+|[.-]+$/g, "").toLowerCase() || "other";

  /** What a shard calls. `letters` stand for so many bytes of gzip of JSON. */
  const addShard = (kind, name, length, letters) => received.set(`${kind}/${name}`, { length, letters });

  const FIRST_LETTER = 0x3400; // A letter stands for 15 bits, as in shards.py.
  const decode = async ({ length, letters }) => {
    const bytes = new Uint8Array(length);
    for (let place = 0, at = 0, held = 0, bits = 0; place < letters.length; place++) {
      held = (held << 15) | (letters.charCodeAt(place) - FIRST_LETTER);
      for (bits += 15; bits >= 8; held &= (1 << bits) - 1) bytes[at++] = held >> (bits -= 8);
    }
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  };

  const runScript = (address) => new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = address;
    for (const end of ["load", "error"]) script.addEventListener(end, () => resolve(script.remove()));
    document.head.append(script);
  });

  const read = async (key) => {
    await runScript(new URL(`${key}.js`, folder).href);
    const data = received.get(key);
    received.delete(key);
    return data === undefined ? null : decode(data).catch(() => null);
  };

  /** A promise of a shard's value; of null where its file is missing or damaged, which is tried again the next time. */
  const loadShard = (kind, name) => {
    const key = `${kind}/${name}`;
    if (!values.has(key)) {
      values.set(key, read(key).then((value) => {
        if (value === null) values.delete(key);
        return value;
      }));
    }
    return values.get(key);
  };

  return { addShard, loadShard, shardName };
})();
