//! WHAT CAN be done: the Tool trait, the registry and the built-in tools.
