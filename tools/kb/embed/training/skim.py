"""Trains what skims: whether a passage answers a question, at a glance and without a sentence model.

    python3 skim.py MODEL WEIGHTS [--begin WEIGHTS] [--rounds N] [--rate N]

MODEL is the folder of all-MiniLM-L6-v2, from which the tokens and their first vectors are, WEIGHTS the file to
write: tools/kb/src/skim/weights.safetensors, of which CARD.md beside it tells. Wants torch, tokenizers, safetensors
and snowballstemmer, and about twenty minutes of two cores. Learns from the companies in `learned/` and prints
figures of those in `fitted/` and `apart/`.
"""

import argparse
import math
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn
from texts import by_words, padded, prepared, whole

SIZE, INNER = 96, 48
CANDIDATES = 8
GROUP, PASSAGES = 24, 5  # questions a step, passages a question
FOREIGN = 100  # questions to other companies that each is asked
NEVER = -1e4


class Skim(nn.Module):
    def __init__(self, table, rarity):
        super().__init__()
        self.table = nn.Embedding.from_pretrained(table, freeze=False)
        self.rarity = nn.Parameter(rarity, False)
        self.norms = nn.ModuleList(nn.LayerNorm(SIZE) for _ in range(3))
        self.near = nn.Conv1d(SIZE, SIZE, 3, padding=1)
        self.wide = nn.Conv1d(SIZE, SIZE, 5, padding=2, groups=4)
        self.look = nn.Parameter(torch.eye(SIZE) / math.sqrt(SIZE))
        self.nothing = nn.Parameter(torch.zeros(1))
        self.of_question = nn.ModuleList([nn.Linear(4 * SIZE + 4, 2 * INNER), nn.Linear(2 * INNER, INNER)])
        self.of_passage = nn.ModuleList([nn.Linear(3 * SIZE + 3, INNER), nn.Linear(INNER, INNER)])
        self.weigh = nn.ModuleList([nn.Linear(INNER + 1, 1), nn.Linear(INNER, 1)])
        self.last = nn.ModuleList([nn.Linear(5 * INNER, INNER), nn.Linear(INNER, 1)])

    def text(self, ids, mask):
        """The directions of the tokens by themselves, and the tokens as they see their neighbours."""
        kept = mask * (torch.rand_like(mask) > 0.05) if self.training else mask
        begun = self.table(ids)
        x = self.norms[0](F.dropout(begun, 0.1, self.training)) * kept[..., None]
        for conv, norm in ((self.near, self.norms[1]), (self.wide, self.norms[2])):
            x = norm(x + F.relu(conv(x.transpose(1, 2)).transpose(1, 2))) * mask[..., None]
        return F.normalize(begun, dim=-1) * kept[..., None], x

    def forward(self, questions, of_questions, passages, of_passages):
        """The log odds of each of the passages of each question; `of_…` is 1 where tokens are."""
        asked, many, long = passages.shape
        said, has = passages.view(-1, long), of_passages.view(-1, long)
        each = lambda x: x[:, None].expand(-1, many, *x.shape[1:]).reshape(asked * many, *x.shape[1:])
        alone, seen = map(each, self.text(questions, of_questions))
        questions, had = each(questions), each(of_questions)
        alone_said, seen_said = self.text(said, has)
        steps = lambda of, x: of[1](F.relu(of[0](x)))

        looks = (seen @ self.look.T) @ seen_said.transpose(1, 2)
        same = alone @ alone_said.transpose(1, 2)
        rare, rare_said = self.rarity[questions][..., None], self.rarity[said][..., None]
        shares = lambda x, mask: torch.cat(
            [x.masked_fill(mask[:, None] == 0, NEVER), self.nothing.expand(*x.shape[:2], 1)], 2
        ).softmax(2)[..., :-1]

        found = shares(looks, has)
        stands = found @ seen_said
        is_said = ((questions[:, :, None] == said[:, None]) & (has[:, None] > 0)).any(2, keepdim=True).float()
        most = same.masked_fill(has[:, None] == 0, -1).amax(2, keepdim=True)
        signs = [most, is_said, found.sum(2, keepdim=True), rare]
        of_question = steps(self.of_question, torch.cat([seen, stands, seen - stands, seen * stands, *signs], -1))

        found = shares(looks.transpose(1, 2), had)
        stands = found @ seen
        most = same.masked_fill(had[:, :, None] == 0, -1).amax(1)[..., None]
        signs = [most, found.sum(2, keepdim=True), rare_said]
        of_passage = steps(self.of_passage, torch.cat([seen_said, stands, seen_said * stands, *signs], -1))

        def summed(x, mask, weigh):
            none = mask[..., None] == 0
            return ((weigh.masked_fill(none, NEVER).softmax(1)) * x).sum(1), x.masked_fill(none, NEVER).amax(1)

        parts = [
            *summed(of_question, had, self.weigh[0](torch.cat([of_question, rare], -1))),
            (of_question * had[..., None]).sum(1) / had.sum(1, keepdim=True),
            *summed(of_passage, has, self.weigh[1](of_passage)),
        ]
        drop = lambda x: F.dropout(x, 0.1, self.training)
        return self.last[1](drop(F.relu(self.last[0](drop(torch.cat(parts, -1)))))).view(asked, many)

    def trained(self):
        """What was learned, by the names that `skim.rs` asks for: tokens as whole numbers, of a convolution what
        it makes of the first neighbour, of the second and so on."""
        found = {name: value.detach().half() for name, value in self.state_dict().items() if name != "table.weight"}
        for name in ("near.weight", "wide.weight"):
            found[name] = found[name].permute(0, 2, 1).flatten(1)
        found["table"], found["step"] = whole(self.table.weight.detach())
        return {name: value.contiguous() for name, value in found.items()}

    def begin(self, trained):
        own = self.state_dict()
        for name, value in trained.items():
            if name in ("near.weight", "wide.weight"):
                value = value.view(SIZE, own[name].shape[2], -1).permute(0, 2, 1)
            if name == "table":
                own["table.weight"].copy_(value.float() * trained["step"].float())
            elif name != "step":
                own[name].copy_(value)


def odds(skim, questions, passages):
    many = len(passages[0])
    ids, mask = padded([row for rows in passages for row in rows])
    return skim(*padded(questions), ids.view(len(passages), many, -1), mask.view(len(passages), many, -1))


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("model", type=Path)
    asked.add_argument("weights", type=Path)
    asked.add_argument("--begin", type=Path, help="weights to go on from")
    asked.add_argument("--rounds", type=float, default=3)
    asked.add_argument("--rate", type=float, default=1.5e-3)
    asked = asked.parse_args()
    torch.manual_seed(0)
    random.seed(0)
    companies, table, shares = prepared(asked.model, SIZE)
    rarity = -shares.log()
    weights = 3e-4 / (3e-4 + shares)  # Arora et al. 2017: the commoner, the less.
    mean = lambda ids: F.normalize((table[ids] * weights[ids][:, None]).sum(0), dim=0) if ids else torch.zeros(SIZE)
    even = lambda x: (x - x.mean(1, keepdim=True)) / (x.std(1, keepdim=True) + 1e-6)

    def nearest(company, questions, ids):
        likeness = torch.stack([mean(row) for row in ids]) @ torch.stack([mean(row) for row in company.said]).T
        scores = even(likeness) + even(by_words(questions, [text for _, text in company.passages]))
        return scores.argsort(1, descending=True)[:, :CANDIDATES].tolist()

    cases = []  # company, question, its nearest passages, the article that answers, the passages that do
    for company in companies["learned"]:
        best = nearest(company, [text for text, *_ in company.questions], company.asked)
        cases += [(company, ids, near, answer, right) for ids, near, (_, answer, right) in zip(company.asked, best, company.questions)]
        # Whoever asks another company is not answered here.
        others = [other for other in companies["learned"] if other is not company]
        strange = [random.choice(list(zip(other.questions, other.asked))) for other in random.choices(others, k=FOREIGN)]
        best = nearest(company, [text for (text, *_), _ in strange], [ids for _, ids in strange])
        cases += [(company, ids, near, None, []) for (_, ids), near in zip(strange, best)]
    print(f"{len(cases)} questions", flush=True)

    skim = Skim(table / table.std(), (rarity - rarity.mean()) / rarity.std())
    if asked.begin:
        skim.begin(load_file(asked.begin))
    lasting = {name: value.clone() for name, value in skim.state_dict().items()}
    own = [value for name, value in skim.named_parameters() if value.requires_grad and name != "table.weight"]
    rates = [asked.rate / 5, asked.rate]
    optimiser = torch.optim.AdamW([{"params": [skim.table.weight], "weight_decay": 0}, {"params": own, "weight_decay": 0.01}])
    steps, step, begun, loss_of = int(asked.rounds * len(cases) / GROUP), 0, time.time(), None
    skim.train()
    while step < steps:
        random.shuffle(cases)
        # Of like length together: padding costs as much as words.
        groups = []
        for start in range(0, len(cases), 16 * GROUP):
            part = sorted(cases[start : start + 16 * GROUP], key=lambda case: len(case[1]))
            part = [part[at : at + GROUP] for at in range(0, len(part), GROUP)]
            random.shuffle(part)
            groups += part
        for group in groups[: steps - step]:
            passages = []
            for company, _, near, answer, right in group:
                docs = [doc for doc, _ in company.passages]
                if answer is None:
                    chosen = [near[0], *random.sample(near[1:], PASSAGES - 1)]
                else:
                    others = [at for at in near if docs[at] != answer]
                    others += random.sample([at for at in range(len(docs)) if docs[at] != answer], PASSAGES)
                    chosen = [random.choice(right), *random.sample(others[:CANDIDATES], PASSAGES - 1)]
                passages.append([company.said[at] for at in chosen])
            for part, rate in zip(optimiser.param_groups, rates):
                part["lr"] = rate * min(1, step / (0.05 * steps + 1)) * max(0.02, 1 - step / steps)
            found = odds(skim, [ids for _, ids, *_ in group], passages)
            # A choice among the passages and none of them; what is answerable a second time without the passage that answers.
            none = torch.zeros(len(group), 1)
            all_of, rest = (torch.cat([none, found[:, at:]], 1).log_softmax(1) for at in (0, 1))
            known = torch.tensor([float(answer is not None) for *_, answer, _ in group])
            loss = -(known * (all_of[:, 1] + 0.5 * rest[:, 0]) / 1.5 + (1 - known) * all_of[:, 0]).mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(own, 1.0)
            optimiser.step()
            step, loss_of = step + 1, loss.item() if loss_of is None else 0.98 * loss_of + 0.02 * loss.item()
            decay = min(0.998, step / (step + 10))  # The mean of the last steps is what is kept.
            for name, value in skim.state_dict().items():
                lasting[name].mul_(decay).add_(value, alpha=1 - decay)
            if step % 250 == 0:
                print(f"{step} of {steps}: loss {loss_of:.3f}, {time.time() - begun:.0f} s", flush=True)
    skim.load_state_dict(lasting)
    save_file(skim.trained(), asked.weights)
    figures(skim, companies["fitted"] + companies["apart"])


@torch.no_grad()
def figures(skim, companies):
    """Of companies that nothing was learned from: how well an answer is told from what words find beside it, and from none."""
    skim.begin(skim.trained())
    skim.eval()
    known, unknown, first = [], [], 0
    for company in companies:
        best = by_words([text for text, *_ in company.questions], [text for _, text in company.passages])
        best = best.argsort(dim=1, descending=True, stable=True)[:, :CANDIDATES].tolist()
        for ids, near, (_, answer, _) in zip(company.asked, best, company.questions):
            found = odds(skim, [ids], [[company.said[at] for at in near]])[0]
            if answer is None:
                unknown.append(found.max().item())
            else:
                known.append(found.max().item())
                first += company.passages[near[found.argmax()]][0] == answer
    above = sum(sum(one > other for other in unknown) for one in known) / (len(known) * len(unknown))
    print(f"right article first {first / len(known):.3f}, answerable above unanswerable {above:.3f}")


if __name__ == "__main__":
    main()
