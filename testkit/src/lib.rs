//! HOW it is tried: scripted parts and conformance suites, for this project and for tool authors.
