"""Records what `freehold convert` is held to: models/convert/testdata/reference.json.

For each family a small model with weights that only their names give is made
with Hugging Face's classes. Recorded are its configuration, the names and
shapes of its weights, the logits after TOKENS (or the values of all tokens, for
encoders), and a digest of every tensor that llama.cpp's converter writes for
it. The test makes the same weights, converts them, and compares.

Needs torch, transformers, sentencepiece and a checkout of llama.cpp:

    python reference.py PATH/TO/llama.cpp > reference.json
"""
import contextlib, hashlib, io, json, os, runpy, sys, tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
import torch
import transformers as T
from safetensors import safe_open
from safetensors.torch import save_file

llama_cpp = sys.argv[1]
sys.path[:0] = [llama_cpp, llama_cpp + "/gguf-py"]
import gguf
from conversion.base import TextModel

TextModel.get_vocab_base_pre = lambda self, tokenizer: "default"
TOKENS = [5, 17, 33, 60, 4, 91, 28, 28, 73, 12, 55, 8]
VOCAB = 96


def values(name, shape, around):
    """Numbers in [-1/4, 1/4) around a value: a hash of the name and the index."""
    h = 2166136261
    for b in name.encode():
        h = (h ^ b) * 16777619 & 0xFFFFFFFF
    n = int(np.prod(shape))
    x = (h + np.arange(n, dtype=np.uint64) * 2654435761) & 0xFFFFFFFF
    for shift, factor in ((15, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor) & np.uint64(0xFFFFFFFF)
    u = (x >> np.uint64(8)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)
    return torch.from_numpy((np.float32(around) + u * np.float32(0.25)).reshape(shape))


def fill(model, directory, gemma):
    """Gives a model's weights, by the names they are saved under, their values."""
    model.save_pretrained(directory)
    path = directory + "/model.safetensors"
    with safe_open(path, "np") as f:
        shapes = {k: list(f.get_slice(k).get_shape()) for k in sorted(f.keys())}
    norm = lambda name: "norm" in name.lower() and name.endswith("weight")
    save_file({k: values(k, s, 1 if norm(k) and not gemma else 0) for k, s in shapes.items()}, path, {"format": "pt"})
    return type(model).from_pretrained(directory, dtype=torch.float32, attn_implementation="eager").eval(), shapes


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def pieces():
    """A SentencePiece model of three control tokens and letters."""
    out = b""
    for i, (text, kind) in enumerate([("<unk>", 2), ("<s>", 3), ("</s>", 3)] + [(c, 1) for c in "▁abcdefghijklmnopqrstuvwxyz"]):
        t = text.encode()
        body = b"\x0a" + varint(len(t)) + t + b"\x15" + np.float32(-i).tobytes() + b"\x18" + bytes([kind])
        out += b"\x0a" + varint(len(body)) + body
    return out + b"\x12\x02\x18\x02"  # trained as byte pairs


def words():
    return "".join(w + "\n" for w in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + list("abcdefghijklmnopqrstuvwxyz"))


base = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=128, vocab_size=VOCAB, head_dim=16, bos_token_id=1, eos_token_id=2, pad_token_id=None)
gemma = dict(base, head_dim=32, hidden_activation="gelu_pytorch_tanh", tie_word_embeddings=True)
encoder = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=64, vocab_size=VOCAB)
default = lambda theta: dict(rope_type="default", rope_theta=theta)
models = {
    "llama": lambda: T.LlamaForCausalLM(T.LlamaConfig(**base, attention_bias=True, mlp_bias=False, tie_word_embeddings=True, rope_parameters=default(1e4))),
    "llama3": lambda: T.LlamaForCausalLM(T.LlamaConfig(**base, rope_parameters=dict(
        rope_type="llama3", rope_theta=5e5, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32))),
    "mistral": lambda: T.MistralForCausalLM(T.MistralConfig(**dict(base, head_dim=32), sliding_window=None, rope_parameters=default(1e6))),
    "mixtral": lambda: T.MixtralForCausalLM(T.MixtralConfig(**base, num_local_experts=4, num_experts_per_tok=2, sliding_window=None)),
    "qwen2": lambda: T.Qwen2ForCausalLM(T.Qwen2Config(**base, tie_word_embeddings=True, use_sliding_window=False, rope_parameters=default(1e6))),
    "qwen3": lambda: T.Qwen3ForCausalLM(T.Qwen3Config(**dict(base, head_dim=32), rope_parameters=default(1e6))),
    "gemma": lambda: T.GemmaForCausalLM(T.GemmaConfig(**gemma)),
    "gemma2": lambda: T.Gemma2ForCausalLM(T.Gemma2Config(**gemma, sliding_window=8, query_pre_attn_scalar=32, attn_implementation="eager")),
    "gemma3": lambda: T.Gemma3ForCausalLM(T.Gemma3TextConfig(**dict(gemma, num_hidden_layers=6), sliding_window=8, query_pre_attn_scalar=32, rope_parameters={
        "full_attention": dict(rope_type="linear", rope_theta=1e6, factor=8.0), "sliding_attention": default(1e4)})),
    "gemma-embedding": lambda: T.Gemma3TextModel(T.Gemma3TextConfig(**dict(gemma, num_hidden_layers=6), sliding_window=16, query_pre_attn_scalar=32,
        use_bidirectional_attention=True)),
    "bert": lambda: T.BertModel(T.BertConfig(**encoder)),
    "bert classifier": lambda: T.BertForSequenceClassification(T.BertConfig(**encoder, num_labels=1)),
    "roberta": lambda: T.RobertaModel(T.RobertaConfig(**dict(encoder, max_position_embeddings=66), pad_token_id=1, type_vocab_size=1)),
}


def digests(path):
    out = {}
    for t in gguf.GGUFReader(path).tensors:
        shape = ",".join(str(int(d)) for d in t.shape)
        out[t.name] = hashlib.sha256(f"{t.tensor_type.name} {shape} ".encode() + t.data.tobytes()).hexdigest()[:16]
    return out


record = {"tokens": TOKENS, "models": {}}
for name, make in models.items():
    with tempfile.TemporaryDirectory() as d:
        model, shapes = fill(make(), d, name.startswith("gemma"))
        if "hidden_act" in json.load(open(d + "/config.json")) and "bert" in name + model.config.model_type:
            open(d + "/vocab.txt", "w").write(words())
            json.dump({"tokenizer_class": "BertTokenizer"}, open(d + "/tokenizer_config.json", "w"))
        else:
            open(d + "/tokenizer.model", "wb").write(pieces())
        written = {}
        for kind in ("f32", "f16", "bf16"):
            sys.argv = ["convert", d, "--outtype", kind, "--outfile", d + f"/{kind}.gguf"]
            try:
                with contextlib.redirect_stderr(io.StringIO()) as err:
                    runpy.run_path(llama_cpp + "/convert_hf_to_gguf.py", run_name="__main__")
            except SystemExit as e:
                if e.code:
                    raise RuntimeError(name + err.getvalue())
            written[kind] = digests(d + f"/{kind}.gguf")
        config = json.load(open(d + "/config.json"))
    with torch.no_grad():
        out = model(torch.tensor([TOKENS]))
    r = {"config": config, "weights": shapes, "llama.cpp": written}
    if hasattr(out, "last_hidden_state"):
        r["hidden"] = [round(float(x), 6) for x in out.last_hidden_state[0, -1]]
    else:
        r["logits"] = [round(float(x), 5) for x in (out.logits[0, -1] if out.logits.dim() == 3 else out.logits[0])]
    record["models"][name] = r
json.dump(record, sys.stdout, ensure_ascii=False, indent=None, separators=(",", ":"), sort_keys=True)
