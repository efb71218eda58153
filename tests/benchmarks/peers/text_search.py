"""What people would use instead of the search and of related papers: bm25s, and scikit-learn's TF-IDF.

Run in the peers' environment, on a Parquet file with ``paper_id``, ``title`` and ``abstract``:

    python text_search.py bm25s TEXTS.parquet [QUERIES.json]   # QUERIES.json: an array of texts
    python text_search.py related TEXTS.parquet

Prints one JSON line: the seconds of building; for bm25s also the milliseconds of each query.
"""

import json
import sys
import time
from pathlib import Path

import duckdb

RELATED = 10
#: Rows of the product of two matrices at once, so that it fits into memory.
ROWS = 500


def bm25s(texts, queries):
    """The ten best papers of each query, as bm25s's README builds and asks its index."""
    import bm25s

    started = time.perf_counter()
    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)
    seconds = time.perf_counter() - started
    milliseconds = []
    for query in queries:
        started = time.perf_counter()
        words = bm25s.tokenize([query], stopwords="en", show_progress=False)
        index.retrieve(words, k=10, show_progress=False)
        milliseconds.append(1000 * (time.perf_counter() - started))
    return {"seconds": seconds, "milliseconds": milliseconds}


def related(texts):
    """The ten nearest papers of each by the cosine of TF-IDF vectors of words and pairs of words."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    started = time.perf_counter()
    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=2, max_df=0.35, stop_words="english").fit_transform(texts)
    transposed = vectors.T.tocsr()
    found = 0
    for start in range(0, vectors.shape[0], ROWS):
        product = vectors[start : start + ROWS] @ transposed
        for row in range(product.shape[0]):
            scores = product.data[product.indptr[row] : product.indptr[row + 1]]
            best = np.argpartition(scores, -RELATED - 1)[-RELATED - 1 :] if len(scores) > RELATED else scores
            found += len(best)
    return {"seconds": time.perf_counter() - started, "found": found}


def main(what, parquet, queries=None):
    """Do one of the works and print what it took."""
    rows = duckdb.execute(
        "select title || ' ' || coalesce(abstract, '') from read_parquet(?) order by paper_id", [parquet]
    ).fetchall()
    texts = [text for (text,) in rows]
    asked = json.loads(Path(queries).read_text()) if queries else []
    print(json.dumps(bm25s(texts, asked) if what == "bm25s" else related(texts)))


if __name__ == "__main__":
    main(*sys.argv[1:])
