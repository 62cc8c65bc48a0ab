//! Feeds inputs of libFuzzer to the target `feeds`; what holds of them stands in `src/feeds.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("feeds").run(input);
});
