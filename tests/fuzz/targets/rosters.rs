//! Feeds inputs of libFuzzer to the target `rosters`; what holds of them stands in `src/rosters.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("rosters").run(input);
});
