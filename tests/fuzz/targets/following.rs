//! Feeds inputs of libFuzzer to the target `following`; what holds of them stands in `src/following.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("following").run(input);
});
