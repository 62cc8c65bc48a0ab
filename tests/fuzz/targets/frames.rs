//! Feeds inputs of libFuzzer to the target `frames`; what holds of them stands in `src/frames.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("frames").run(input);
});
