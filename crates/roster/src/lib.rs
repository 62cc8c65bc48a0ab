//! The signed document, its succession, governors' signatures: from bytes to a verified roster.
