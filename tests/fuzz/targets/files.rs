//! Feeds inputs of libFuzzer to the target `files`; what holds of them stands in `src/files.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("files").run(input);
});
