//! Models: offline, OpenAI-compatible, scripted and replay, behind one trait.
