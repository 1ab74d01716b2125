//! WHO decides, the driver: performs the steps of a run and journals them.
