//! Normalises personal details, derives linkage keys, weighs evidence.
