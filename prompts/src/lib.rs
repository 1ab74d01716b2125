//! HOW it is said: templates, their loader and their digests.
