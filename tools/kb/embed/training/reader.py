"""Trains the reader: whether a passage answers a question, read together with it.

    python3 reader.py MODEL WEIGHTS [--begin WEIGHTS] [--rounds N] [--seconds N]

MODEL is the folder of all-MiniLM-L6-v2, WEIGHTS the file to write: src/bert/reader/weights.safetensors,
of which CARD.md beside it tells. Wants torch, tokenizers and safetensors, and about eighty minutes of two cores.
Learns from the companies in `learned/` and prints figures of those in `fitted/` and `apart/`.
"""

import argparse
import json
import math
import random
import re
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn

HERE = Path(__file__).parent
LAYERS, APART, HEADS, SIZE = 6, 2, 12, 384
RANK, SCALE, INNER = 16, 2.0, 64
OF_QUESTION, OF_PASSAGE = 96, 160
CLS, SEP = 101, 102
CANDIDATES = 8
GROUP, PASSAGES = 8, 3  # questions a step, passages a question


def sections(article):
    """The passages of an article: its title and heading, and the text below."""
    found, heading, lines = [], None, []

    def end():
        text = "\n".join(lines).strip()
        if text:
            found.append((article["title"] + (f" > {heading}" if heading else ""), text))

    for line in article["text"].split("\n"):
        if match := re.match(r"^#+\s+(.*)", line):
            end()
            lines, heading = [], match.group(1).strip()
            heading = None if heading == article["title"] else heading
        else:
            lines.append(line)
    end()
    return found


def plain(text):
    return re.sub(r"\s+", " ", text).strip()


class Company:
    """Articles and questions: `passages` as (article, text); `questions` as (text, article or None, right passages)."""

    def __init__(self, path):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        self.passages = [
            (row["id"], f"{title}: {text}") for row in rows if row["kind"] == "article" for title, text in sections(row)
        ]
        self.questions = []
        for row in rows:
            if row["kind"] == "question":
                own = [at for at, (doc, _) in enumerate(self.passages) if doc == row["answer"]]
                says = [at for at in own if plain(row.get("says", "")) in plain(self.passages[at][1])]
                self.questions.append((row["text"], row["answer"], says or own))


class Adapted(nn.Module):
    """A linear step of the model, which stays as it is, and what is learned to add to it."""

    def __init__(self, weight, bias):
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight, False), nn.Parameter(bias, False)
        self.down = nn.Parameter(torch.randn(RANK, weight.shape[1]) * 0.02)
        self.up = nn.Parameter(torch.zeros(weight.shape[0], RANK))

    def forward(self, x, adapted):
        y = F.linear(x, self.weight, self.bias)
        return y + F.linear(F.linear(x, self.down), self.up) * SCALE if adapted else y


class Layer(nn.Module):
    NAMES = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "attended": "attention.output.dense",
        "inner": "intermediate.dense",
        "outer": "output.dense",
    }
    NORMS = {"attended_norm": "attention.output.LayerNorm", "outer_norm": "output.LayerNorm"}

    def __init__(self, model, n):
        super().__init__()
        of = lambda name, part: model[f"encoder.layer.{n}.{name}.{part}"].clone()
        self.steps = nn.ModuleDict({k: Adapted(of(v, "weight"), of(v, "bias")) for k, v in self.NAMES.items()})
        norm = lambda v: nn.ParameterDict({part: nn.Parameter(of(v, part)) for part in ("weight", "bias")})
        self.norms = nn.ModuleDict({k: norm(v) for k, v in self.NORMS.items()})

    def forward(self, h, mask, adapted=True, drop=0.0):
        step = lambda name, x: self.steps[name](x, adapted)
        norm = lambda name, x: F.layer_norm(x, (SIZE,), self.norms[name]["weight"], self.norms[name]["bias"], 1e-12)
        dropped = lambda x: F.dropout(x, drop, self.training)
        texts, length, _ = h.shape
        split = lambda x: x.view(texts, length, HEADS, -1).transpose(1, 2)
        seen = F.scaled_dot_product_attention(
            *(split(step(name, h)) for name in ("query", "key", "value")), attn_mask=mask[:, None, None, :] > 0
        )
        h = norm("attended_norm", h + dropped(step("attended", seen.transpose(1, 2).reshape(h.shape))))
        return norm("outer_norm", h + dropped(step("outer", F.gelu(step("inner", h)))))


class Reader(nn.Module):
    def __init__(self, model):
        super().__init__()
        fixed = lambda name: nn.Parameter(model[f"embeddings.{name}"].clone(), False)
        self.words, self.places = fixed("word_embeddings.weight"), fixed("position_embeddings.weight")
        self.kinds = fixed("token_type_embeddings.weight")
        self.norm = nn.ParameterList([fixed("LayerNorm.weight"), fixed("LayerNorm.bias")])
        self.layers = nn.ModuleList(Layer(model, n) for n in range(LAYERS))
        for layer in self.layers[:APART]:
            layer.requires_grad_(False)
        self.sides = nn.Parameter(torch.zeros(2, SIZE))
        self.inner, self.odds = nn.Linear(3 * SIZE, INNER), nn.Linear(INNER, 1)

    def through(self, ids, mask, layers):
        h = F.layer_norm(self.words[ids] + self.places[: ids.shape[1]] + self.kinds[0], (SIZE,), *self.norm, 1e-12)
        for layer in layers:
            h = layer(h, mask, adapted=False)
        return h

    def forward(self, h, side, mask):
        h = h + self.sides[side]
        for layer in self.layers[APART:]:
            h = layer(h, mask, drop=0.1)
        mean = lambda of: (h * of[..., None]).sum(1) / of.sum(1, keepdim=True)
        both = torch.cat([h[:, 0], mean(mask * (side == 0)), mean(mask * (side == 1))], -1)
        return self.odds(F.gelu(self.inner(F.dropout(both, 0.1, self.training)))).squeeze(-1)

    def trained(self):
        """What was learned, by the names that `reader.rs` asks for."""
        found = {"sides": self.sides}
        for name in ("inner", "odds"):
            found |= {f"{name}.{part}": value for part, value in getattr(self, name).named_parameters()}
        for n in range(APART, LAYERS):
            for name, step in self.layers[n].steps.items():
                found |= {f"{n}.{name}.down": step.down, f"{n}.{name}.up": step.up}
            for name, norm in self.layers[n].norms.items():
                found |= {f"{n}.{name}.{part}": norm[part] for part in ("weight", "bias")}
        return found


def padded(rows):
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


@torch.no_grad()
def by_length(reader, tokens, layers, take):
    """What `take` makes of each text after these layers."""
    found, order = [None] * len(tokens), sorted(range(len(tokens)), key=lambda at: len(tokens[at]))
    for start in range(0, len(order), 64):
        part = order[start : start + 64]
        rows = [[CLS, *tokens[at], SEP] for at in part]
        mask = padded([[1] * len(row) for row in rows])
        h = reader.through(padded(rows), mask, layers)
        for at, row, own in zip(part, rows, h):
            found[at] = take(own[: len(row)])
    return found


def pairs(questions, passages):
    """Questions and passages side by side: their tokens, the side of each, and where tokens are."""
    rows = [torch.cat(pair) for pair in zip(questions, passages)]
    longest = max(map(len, rows))
    h = torch.zeros(len(rows), longest, SIZE)
    side, mask = torch.zeros(len(rows), longest, dtype=torch.long), torch.zeros(len(rows), longest)
    for at, (row, question) in enumerate(zip(rows, questions)):
        h[at, : len(row)], side[at, len(question) : len(row)], mask[at, : len(row)] = row.float(), 1, 1
    return h, side, mask


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("model", type=Path)
    asked.add_argument("weights", type=Path)
    asked.add_argument("--begin", type=Path, help="weights to go on from")
    asked.add_argument("--rounds", type=int, default=2)
    asked.add_argument("--seconds", type=float, default=math.inf, help="stop after the step at which these are over")
    asked = asked.parse_args()
    torch.manual_seed(0)
    random.seed(0)
    model = {name.removeprefix("bert."): value.float() for name, value in load_file(asked.model / "model.safetensors").items()}
    tokenizer = Tokenizer.from_file(str(asked.model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    reader = Reader(model)
    if asked.begin:
        begun = load_file(asked.begin)
        for name, value in reader.trained().items():
            value.data.copy_(begun[name])
    tokens = lambda texts: [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    learned, judged = [], []
    for folder, cases in (("learned", learned), ("fitted", judged), ("apart", judged)):
        for path in sorted((HERE / folder).glob("*.jsonl")):
            company = Company(path)
            ask = [ids[-OF_QUESTION:] for ids in tokens(text for text, *_ in company.questions)]
            say = [ids[:OF_PASSAGE] for ids in tokens(text for _, text in company.passages)]
            near = lambda texts: torch.stack(by_length(reader, texts, reader.layers, lambda h: F.normalize(h.mean(0), dim=0)))
            ranks = (near(ask) @ near(say).T).argsort(dim=1, descending=True)[:, :CANDIDATES].tolist()
            ask, say = (by_length(reader, texts, reader.layers[:APART], lambda h: h.bfloat16()) for texts in (ask, say))
            docs = [doc for doc, _ in company.passages]
            cases += [
                (own, say, docs, best, answer, right)
                for own, best, (_, answer, right) in zip(ask, ranks, company.questions)
            ]
        print(f"{folder}: {len(cases)} questions so far", flush=True)

    steps, step, begun, mean = asked.rounds * math.ceil(len(learned) / GROUP), 0, time.time(), None
    parts = [
        {"params": [p for n, p in reader.named_parameters() if p.requires_grad and n.startswith("layers")], "lr": 1e-3},
        {"params": [p for n, p in reader.named_parameters() if p.requires_grad and not n.startswith("layers")], "lr": 5e-4},
    ]
    rates, optimiser = [part["lr"] for part in parts], torch.optim.AdamW(parts, weight_decay=0.01)
    reader.train()
    for _ in range(asked.rounds):
        random.shuffle(learned)
        # Of like length together: padding costs as much as words.
        groups = []
        for start in range(0, len(learned), 16 * GROUP):
            part = sorted(learned[start : start + 16 * GROUP], key=lambda case: len(case[0]))
            part = [part[at : at + GROUP] for at in range(0, len(part), GROUP)]
            random.shuffle(part)
            groups += part
        for group in groups:
            if time.time() - begun > asked.seconds:
                break
            questions, passages = [], []
            for question, say, docs, best, answer, right in group:
                if answer is None:
                    chosen = [best[0], *random.sample(best[1:6], PASSAGES - 1)]
                else:
                    others = [at for at in best if docs[at] != answer]
                    others += random.sample([at for at in range(len(docs)) if docs[at] != answer], PASSAGES)
                    chosen = [random.choice(right), *random.sample(others[:CANDIDATES], PASSAGES - 1)]
                questions += [question] * PASSAGES
                passages += [say[at] for at in chosen]
            for part, rate in zip(optimiser.param_groups, rates):
                part["lr"] = rate * min(1, step / (0.06 * steps + 1)) * max(0.02, 1 - step / steps)
            with torch.autocast("cpu", torch.bfloat16):
                odds = reader(*pairs(questions, passages))
            odds = odds.float().view(len(group), PASSAGES)
            # A choice among the passages and none of them. What is answerable is asked a second time
            # without the passage that answers: how a question is put tells nothing of whether it is answered.
            none = torch.zeros(len(group), 1)
            all_of, rest = (torch.cat([none, odds[:, at:]], 1).log_softmax(1) for at in (0, 1))
            known = torch.tensor([float(answer is not None) for *_, answer, _ in group])
            loss = -(known * (all_of[:, 1] + 0.5 * rest[:, 0]) / 1.5 + (1 - known) * all_of[:, 0]).mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimiser.step()
            step, mean = step + 1, loss.item() if mean is None else 0.95 * mean + 0.05 * loss.item()
            if step % 100 == 0:
                print(f"{step} of {steps}: loss {mean:.3f}, {time.time() - begun:.0f} s", flush=True)
    save_file({name: value.detach().half().contiguous() for name, value in reader.trained().items()}, asked.weights)
    figures(reader, judged)


@torch.no_grad()
def figures(reader, cases):
    """Of companies that nothing was learned from: how well an answer is told from its neighbours and from none."""
    reader.eval()
    known, unknown, first = [], [], 0
    for question, say, docs, best, answer, _ in cases:
        odds = reader(*pairs([question] * len(best[:6]), [say[at] for at in best[:6]]))
        if answer is None:
            unknown.append(odds.max().item())
        else:
            known.append(odds.max().item())
            first += docs[best[odds.argmax()]] == answer
    above = sum(sum(one > other for other in unknown) for one in known) / (len(known) * len(unknown))
    print(f"right article first {first / len(known):.3f}, answerable above unanswerable {above:.3f}")


if __name__ == "__main__":
    main()
