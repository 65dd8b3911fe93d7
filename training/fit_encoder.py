"""Fine-tuning of the encoder with ``transformers.Trainer``, and its export to ONNX."""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from sklearn.metrics import f1_score
from tokenizers import Tokenizer
from torch.utils.data import Sampler
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    EarlyStoppingCallback,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.utils import logging as transformers_logging

from ..data.corpus import IGNORED, Example
from ..data.errors import StancewireError
from ..models.base import ModelConfig, softmax
from ..models.encoder import TOKENIZER
from ..models.tokens import WindowTokenizer, add_slot_tokens
from .batches import Collator, LengthGroupedSampler, WindowDataset
from .calibrate import label_f1
from .callbacks import SaveBetween, TellEpoch
from .checkpoints import CHECKPOINTS, fingerprint, last_checkpoint
from .dataset import Split, asks_stance
from .distillation import soft_labels
from .estimate import estimate
from .export import export_onnx
from .network import StanceNetwork
from .recipe import EncoderRecipe, Recipe

_log = logging.getLogger(__name__)

_SCALE_WINDOWS = 256
"""Windows by which the scales of the eight-bit model are set."""

_SLOT_WORDS = (
    *("norway", "chile", "kenya", "portugal", "thailand", "finland"),
    *("morocco", "nepal", "uruguay", "zambia", "belgium", "malaysia"),
    *("denmark", "bolivia", "vietnam", "senegal"),
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


def macro_f1(prediction: Any) -> dict[str, float]:
    """Label F1 at the best threshold, macro over issues, and macro-F1 of sentiment, on cells that are asked.

    ``macro_f1``, by which the best epoch is chosen, is the first, or the second where no stance is asked.
    """
    (stance, sentiment), (stance_gold, sentiment_gold) = prediction.predictions, prediction.label_ids
    result = {}
    asked = sentiment_gold != IGNORED
    if asked.any():
        guess = sentiment.argmax(-1)[asked]
        result["sentiment_macro_f1"] = result["macro_f1"] = float(
            f1_score(sentiment_gold[asked], guess, average="macro")
        )
    if (stance_gold != IGNORED).any():
        flat = stance.reshape(-1, *stance.shape[2:])
        result["macro_f1"] = label_f1(softmax(flat, 1.0), stance_gold.reshape(-1, stance_gold.shape[-1]))
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
    quiet = not sys.stderr.isatty()
    if quiet:
        transformers_logging.disable_progress_bar()
    options = recipe.encoder
    encoder, tokenizer, special = _load_base(options.base)
    config.options |= {
        "max_length": options.max_length,
        "special_tokens": list(special),
        "mark_cues": options.mark_cues,
    }
    slot_ids = add_slot_tokens(tokenizer)
    encoder.resize_token_embeddings(tokenizer.get_vocab_size(), mean_resizing=False)
    _initialise_slots(encoder, tokenizer, slot_ids)
    _freeze(encoder, options.frozen_layers)
    network = StanceNetwork(
        encoder,
        slot_ids,
        len(config.issues),
        options.dropout,
        options.distillation_share,
        options.distillation_temperature,
    )
    windows = WindowTokenizer(tokenizer, options.max_length, config.issues, special, options.mark_cues)
    examples = _thin(split.train, options.sentiment_share, recipe.seed)
    if options.teacher:
        examples += split.unlabelled
    soft = (
        soft_labels(options.teacher, examples, config.issues, options.distillation_temperature)
        if options.teacher
        else None
    )
    train = WindowDataset(examples, windows, slot_ids, recipe.seed if options.rename_slots else None, soft)
    # By length, so that little of a batch is padding.
    held_out = sorted(split.validation, key=lambda example: sum(map(len, example.window.texts)))
    validation = WindowDataset(held_out, windows, slot_ids, None)
    checkpoints = folder / CHECKPOINTS
    trainer = _LengthGroupedTrainer(
        model=network,
        args=_arguments(options, recipe.seed, checkpoints, len(train), quiet),
        train_dataset=train,
        eval_dataset=validation,
        data_collator=Collator(windows),
        compute_metrics=macro_f1,
        optimizers=(_optimizer(network, options), None),
        callbacks=[EarlyStoppingCallback(early_stopping_patience=3), SaveBetween(), TellEpoch(), *callbacks],
    )
    trainer.remove_callback(PrinterCallback)
    expected = estimate(network, train, Collator(windows), options, trainer.args.device)
    _log.info("%d windows, %d epochs on %s: %s", len(train), options.epochs, trainer.args.device, expected)
    trainer.train(resume_from_checkpoint=last_checkpoint(checkpoints, fingerprint(recipe, split, config.issues)))
    figures = {k: v for k, v in trainer.evaluate().items() if k.endswith(("loss", "f1"))}
    sample = [row.encoded for row in train.rows[:: -(-len(train) // _SCALE_WINDOWS)]] if options.int8 else None
    export_onnx(network.float().eval(), windows, folder, sample)
    tokenizer.save(str(folder / TOKENIZER))
    return figures


class _LengthGroupedTrainer(Trainer):
    """Draws batches of windows of like length."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        return LengthGroupedSampler(self.train_dataset, self.args.train_batch_size, self.args.seed)  # type: ignore[arg-type]


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
    the weights, and the small data would only wear them off. With frozen layers the slots stay too.
    """
    weight = encoder.get_input_embeddings().weight
    words = [_first_token(tokenizer, word) for word in _SLOT_WORDS]
    with torch.no_grad():
        weight[list(slot_ids)] = weight[words]
    learns = torch.zeros(len(weight), 1)
    learns[list(slot_ids)] = 1
    weight.register_hook(lambda gradient: gradient * learns.to(gradient.device))


def _freeze(encoder: Any, layers: int) -> None:
    if layers:
        for module in (encoder.embeddings, *encoder.encoder.layer[:layers]):
            module.requires_grad_(False)


def _first_token(tokenizer: Tokenizer, word: str) -> int:
    """Id of a word inside a sentence, where some vocabularies spell it with a leading space."""
    ids = tokenizer.encode(f"in {word.capitalize()}", add_special_tokens=False).ids
    return ids[1] if len(ids) > 1 else ids[0]


def _thin(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    """All examples that ask for a stance, and a share of those with sentiment alone."""
    draw = random.Random(seed)
    return [example for example in examples if asks_stance(example) or draw.random() < share]


def _optimizer(network: StanceNetwork, options: EncoderRecipe) -> torch.optim.Optimizer:
    parameters = dict(network.named_parameters())
    words = {name for name, one in parameters.items() if one is network.encoder.get_input_embeddings().weight}  # type: ignore[operator, union-attr]
    head = {name for name in parameters if not name.startswith("encoder.")}

    def chosen(names: set[str]) -> list[torch.nn.Parameter]:
        return [parameter for name, parameter in parameters.items() if name in names and parameter.requires_grad]

    groups = [
        {"params": chosen(set(parameters) - head - words), "lr": options.learning_rate},
        {"params": chosen(head), "lr": options.head_learning_rate},
        # Decay would shrink the word vectors that do not learn.
        {"params": chosen(words), "lr": options.head_learning_rate, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, weight_decay=options.weight_decay, fused=True)


def _arguments(options: EncoderRecipe, seed: int, checkpoints: Path, n_rows: int, quiet: bool) -> TrainingArguments:
    steps = -(-n_rows // options.batch_size) * options.epochs
    return TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=options.epochs,
        per_device_train_batch_size=options.batch_size,
        per_device_eval_batch_size=64,
        warmup_steps=round(options.warmup_share * steps),
        lr_scheduler_type="linear",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        # The epochs without progress that early stopping has counted are part of the run.
        restore_callback_states_from_checkpoint=True,
        load_best_model_at_end=True,
        metric_for_best_model="eval_macro_f1",
        logging_steps=50,
        label_names=["stance_labels", "sentiment_labels"],
        remove_unused_columns=False,
        bf16=options.bf16,
        torch_compile=options.compile,
        use_cpu=not (torch.cuda.is_available() or torch.backends.mps.is_available()),
        seed=seed,
        data_seed=seed,
        report_to="none",
        disable_tqdm=quiet,
        dataloader_num_workers=0,
    )
