//! Commits batches of Steps to sled, sealed, and recovers after a crash.
