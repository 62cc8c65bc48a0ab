//! Feeds inputs of libFuzzer to the target `text`; what holds of them stands in `src/text.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("text").run(input);
});
