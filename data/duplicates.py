"""Near-duplicate texts: MinHash over word shingles, looked up by locality-sensitive hashing.

A. Broder, "On the resemblance and containment of documents", 1997; rensa's implementation.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

from rensa import RMinHash, RMinHashLSH  # type: ignore[attr-defined]  # it is compiled, and has no stubs

SHINGLE = 3
"""Words in a shingle."""
SHORTEST = 8
"""Texts of fewer words are let be: *He did not elaborate* is nobody's copy."""
PERMUTATIONS = 128
SEED = 13

_WORD = re.compile(r"\w+")


class NearDuplicate(NamedTuple):
    """Two texts that share most of their shingles.

    Attributes:
        first: Key of the text that came first.
        second: Key of the other.
        similarity: Jaccard similarity of their shingles, 0 to 1.
    """

    first: Hashable
    second: Hashable
    similarity: float


def shingles(text: str) -> set[str]:
    """Runs of ``SHINGLE`` words, lower-cased and without punctuation."""
    words = _WORD.findall(text.lower())
    return {" ".join(words[start : start + SHINGLE]) for start in range(len(words) - SHINGLE + 1)}


def sketch(found: Iterable[str], permutations: int = PERMUTATIONS) -> RMinHash:
    """The MinHash signature of a set of shingles; equal sets have equal signatures."""
    minhash = RMinHash(num_perm=permutations, seed=SEED)
    minhash.update(sorted(found))
    return minhash


def find_near_duplicates(texts: Iterable[tuple[Hashable, str]], threshold: float = 0.7) -> Iterator[NearDuplicate]:
    """Finds pairs of near-duplicates.

    Args:
        texts: Keys and texts; keys differ.
        threshold: Least Jaccard similarity of a pair. Hashing finds the candidates, so a pair right at the threshold
            may be missed; those found are measured exactly.
    """
    index = RMinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, num_bands=32)
    known: list[tuple[Hashable, set[str]]] = []
    for key, text in texts:
        found = shingles(text)
        if len(found) <= SHORTEST - SHINGLE:
            continue
        signature = sketch(found)
        for row in sorted(index.query(signature)):
            other, theirs = known[row]
            similarity = len(found & theirs) / len(found | theirs)
            if similarity >= threshold:
                yield NearDuplicate(other, key, similarity)
        index.insert(len(known), signature)
        known.append((key, found))
