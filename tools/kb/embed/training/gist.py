"""Trains what finds passages by what they are about, without a sentence model.

    python3 gist.py MODEL WEIGHTS [--rounds N]

MODEL is the folder of all-MiniLM-L6-v2, from which the tokens and their first vectors are, WEIGHTS the file to
write: tools/kb/src/gist/weights.safetensors, of which CARD.md beside it tells. Wants torch, tokenizers, safetensors
and snowballstemmer, and about two minutes of two cores. Learns from the companies in `learned/` and prints
figures of those in `fitted/` and `apart/`.
"""

import argparse
import random
import time
from collections import Counter
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from texts import by_words, padded, prepared, whole

SIZE = 128
GROUP = 40  # questions a step, all to one company
ASKED = 0.3  # what other questions of an article count beside its passages
NEVER = -1e4
WORDS = 0.5  # what the evidence of words counts beside likeness, in the figures


class Gist(nn.Module):
    """A direction for each token; of a text the sum of its tokens', each weighed as its side does."""

    def __init__(self, table, weights):
        super().__init__()
        self.table = nn.Parameter(table)
        self.weigh = nn.Parameter(weights.log())
        self.weigh_asked = nn.Parameter(torch.zeros_like(weights))
        self.sure = nn.Parameter(torch.tensor(3.0))

    def forward(self, rows, asked):
        ids, mask = padded(rows)
        weights = (self.weigh[ids] + (self.weigh_asked[ids] if asked else 0)).exp() * mask
        if self.training:
            weights = weights * (torch.rand_like(weights) > 0.2)
        return F.normalize((self.table[ids] * weights[..., None]).sum(1), dim=-1)

    def trained(self):
        """What was learned, by the names that `gist.rs` asks for: directions as whole numbers."""
        table, step = whole(self.table.detach())
        asked = self.weigh + self.weigh_asked
        return {"table": table, "step": step, "weigh": self.weigh.detach().half(), "weigh_asked": asked.detach().half()}


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("model", type=Path)
    asked.add_argument("weights", type=Path)
    asked.add_argument("--rounds", type=int, default=8)
    asked = asked.parse_args()
    torch.manual_seed(0)
    random.seed(0)
    companies, table, shares = prepared(asked.model, SIZE)
    gist = Gist(table / table.norm(dim=1).mean(), 3e-4 / (3e-4 + shares))  # Arora et al. 2017: the commoner, the less.

    parts = []
    for company in companies["learned"]:
        known = [at for at, (_, answer, right) in enumerate(company.questions) if answer and right]
        for _ in range(asked.rounds):
            random.shuffle(known)
            parts += [(company, known[at : at + GROUP]) for at in range(0, len(known), GROUP)]
    random.shuffle(parts)
    rates = [5e-4, 1e-2]
    own = [gist.weigh, gist.weigh_asked, gist.sure]
    optimiser = torch.optim.Adam([{"params": [gist.table]}, {"params": own}])
    begun, loss_of = time.time(), None
    gist.train()
    for step, (company, part) in enumerate(parts):
        for group, rate in zip(optimiser.param_groups, rates):
            group["lr"] = rate * min(1, step / 100) * max(0.02, 1 - step / len(parts))
        questions = [company.questions[at] for at in part]
        directions = gist([company.asked[at] for at in part], True)
        docs = [doc for doc, _ in company.passages]
        is_right = torch.tensor([[at in right for at in range(len(docs))] for _, _, right in questions])
        beside = torch.tensor([[doc == answer for doc in docs] for _, answer, _ in questions]) & ~is_right
        found = (directions @ gist(company.said, False).T * gist.sure.exp()).masked_fill(beside, NEVER)
        loss = choice(found, is_right)
        # What else customers ask that an article answers is like a question to it.
        others = {}
        for at, (_, answer, _) in random.sample(list(enumerate(company.questions)), len(company.questions)):
            if answer and at not in part:
                others.setdefault(answer, at)
        said = gist([company.asked[at] for at in others.values()], False)
        is_right = torch.tensor([[doc == answer for doc in others] for _, answer, _ in questions])
        has = is_right.any(1)
        if has.any():
            loss = loss + ASKED * choice((directions @ said.T * gist.sure.exp())[has], is_right[has])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss_of = loss.item() if loss_of is None else 0.98 * loss_of + 0.02 * loss.item()
        if step % 500 == 499:
            print(f"{step + 1} of {len(parts)}: loss {loss_of:.3f}, {time.time() - begun:.0f} s", flush=True)
    save_file(gist.trained(), asked.weights)
    figures(gist.eval(), companies["fitted"] + companies["apart"])


def choice(found, is_right):
    """The loss of a choice among what is found, where several may be right."""
    return (found.logsumexp(1) - found.masked_fill(~is_right, NEVER).logsumexp(1)).mean()


@torch.no_grad()
def figures(gist, companies):
    """Of companies that nothing was learned from: for how many answerable questions the right article is among the best."""
    even = lambda x: (x - x.mean(1, keepdim=True)) / (x.std(1, keepdim=True) + 1e-6)
    found = Counter()
    for company in companies:
        words = by_words([text for text, *_ in company.questions], [text for _, text in company.passages])
        likeness = gist(company.asked, True) @ gist(company.said, False).T
        for name, scores in {"words": words, "gist": likeness, "both": even(likeness) + WORDS * even(words)}.items():
            ranks = scores.argsort(dim=1, descending=True, stable=True).tolist()
            for rank, (_, answer, _) in zip(ranks, company.questions):
                found.update((name, most) for most in (1, 6, 24) if answer in [company.passages[at][0] for at in rank[:most]])
    answerable = sum(bool(answer) for company in companies for _, answer, _ in company.questions)
    for name in ("words", "gist", "both"):
        shares = ", ".join(f"{found[name, most] / answerable:.3f} of {most}" for most in (1, 6, 24))
        print(f"the right article among the best by {name}: {shares}")


if __name__ == "__main__":
    main()
