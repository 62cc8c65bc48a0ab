//! Feeds, replicas, which tags are present, what counts as a match, completeness.
