"""Texts of companies as what skims and what finds by gist learn from them: as tokens, and as words."""

import math
import re
from collections import Counter

import snowballstemmer
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from reader import CLS, HERE, SEP, Company, Reader

OF_QUESTION, OF_PASSAGE = 96, 160
STOP = set(
    "a an the of to in on for and or is are was be do does did can could i my me we our you your it this that with at "
    "from by as if not no have has had will would there what how when which who why".split()
)


def prepared(folder, size):
    """The companies with the tokens of their texts; each token in so many directions, and its share of what is learned from."""
    model = {name.removeprefix("bert."): value.float() for name, value in load_file(folder / "model.safetensors").items()}
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokens = lambda texts: [row.ids for row in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
    companies = {of: [Company(path) for path in sorted((HERE / of).glob("*.jsonl"))] for of in ("learned", "fitted", "apart")}
    often = Counter()
    for company in sum(companies.values(), []):
        company.asked = [ids[-OF_QUESTION:] for ids in tokens(text for text, *_ in company.questions)]
        company.said = [ids[:OF_PASSAGE] for ids in tokens(text for _, text in company.passages)]
    for company in companies["learned"]:
        often.update(token for ids in company.asked + company.said for token in ids)
    table = alone(model, size)
    return companies, table, torch.tensor([(often[token] + 0.3) / often.total() for token in range(len(table))])


@torch.no_grad()
def alone(model, size):
    """Each token by itself through the sentence model, less the mean of all, in so many directions."""
    reader = Reader(model).eval()
    found = []
    for ids in torch.arange(len(reader.words)).split(512):
        rows = torch.stack([torch.full_like(ids, CLS), ids, torch.full_like(ids, SEP)], 1)
        found.append(reader.through(rows, torch.ones(rows.shape), reader.layers).mean(1))
    found = torch.cat(found)
    found = found - found.mean(0)
    _, _, directions = torch.pca_lowrank(found, q=size, niter=4)
    return found @ directions


def whole(table):
    """A table as whole numbers, and what one of them is worth."""
    step = (table.abs().flatten().kthvalue(int(table.numel() * 0.9999))[0] / 127).half()
    return (table / step.float()).round().clamp(-127, 127).to(torch.int8), step[None]


def padded(rows):
    longest = max(1, *map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    return ids, torch.tensor([[1.0] * len(row) + [0.0] * (longest - len(row)) for row in rows])


def terms(text, stemmer=snowballstemmer.stemmer("english")):
    return [stemmer.stemWord(word) for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in STOP]


def by_words(questions, passages):
    """BM25 with k1 1.2 and b 0.75."""
    docs = [Counter(terms(text)) for text in passages]
    mean = sum(doc.total() for doc in docs) / len(docs)
    having = Counter(word for doc in docs for word in doc)
    scores = torch.zeros(len(questions), len(docs))
    for row, question in zip(scores, questions):
        for word in set(terms(question)) & having.keys():
            rare = math.log(1 + (len(docs) - having[word] + 0.5) / (having[word] + 0.5))
            for at, doc in enumerate(docs):
                if often := doc[word]:
                    row[at] += rare * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * doc.total() / mean))
    return scores
