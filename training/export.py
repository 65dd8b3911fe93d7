"""A trained network as ONNX weights."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from ..models.encoder import WEIGHTS
from ..models.tokens import Encoded, WindowTokenizer, batches_by_length
from .network import StanceNetwork
from .quantise import quantise

_BATCH_TOKENS = 2048


class _Logits(torch.nn.Module):
    def __init__(self, network: StanceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        sentence_ids: torch.Tensor,
        cue_mask: torch.Tensor,
        questions: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self.network.logits(input_ids, attention_mask, sentence_ids, cue_mask, questions)


def export_onnx(
    network: StanceNetwork, tokenizer: WindowTokenizer, folder: Path, int8_from: Sequence[Encoded] | None = None
) -> None:
    """Writes the network as ``model.onnx``.

    Args:
        network: The network.
        tokenizer: Encodes windows for it.
        folder: Where the file goes.
        int8_from: Windows by which the scales of eight-bit weights and activations are set; None leaves 32 bits.
    """
    # A tensor each: one tensor given twice would be traced as one input.
    shapes = {
        **dict.fromkeys(("input_ids", "attention_mask", "sentence_ids"), (2, 48)),
        "cue_mask": (2, len(tokenizer.issues), 48),
        "questions": (2, 6, 2),
    }
    examples = tuple(torch.ones(*shape, dtype=torch.long) for shape in shapes.values())
    rows, columns = torch.export.Dim("windows", min=1), torch.export.Dim("tokens", min=4, max=512)
    dynamic = {name: {0: rows, len(shape) - 1: columns} for name, shape in shapes.items()}
    dynamic["questions"] = {0: rows, 1: torch.export.Dim("asked", min=1)}
    with tempfile.TemporaryDirectory() as scratch:
        plain, rounded = Path(scratch) / "plain.onnx", Path(scratch) / "rounded.onnx"
        torch.onnx.export(
            _Logits(network.cpu()).eval(),
            examples,
            str(plain),
            input_names=list(shapes),
            output_names=["stance", "sentiment"],
            dynamic_shapes=dynamic,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        _strip_traces(plain)
        if int8_from is None:
            shutil.copy(plain, folder / WEIGHTS)
            return
        rows = batches_by_length([len(one.ids) for one in int8_from], _BATCH_TOKENS)
        quantise(plain, rounded, [tokenizer.pad([int8_from[row] for row in batch])._asdict() for batch in rows])
        # The word vectors too, which are half of the file.
        quantize_dynamic(
            str(rounded),
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
