//! Threshold OPRF, tags, signatures, sealing, labelled transcripts; randomness is a 32-byte seed argument.
