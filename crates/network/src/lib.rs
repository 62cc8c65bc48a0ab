//! Carries frames between known organisations over libp2p, bounded.
