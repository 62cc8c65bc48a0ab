//! Feeds inputs of libFuzzer to the target `documents`; what holds of them stands in `src/documents.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("documents").run(input);
});
