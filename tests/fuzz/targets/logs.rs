//! Feeds inputs of libFuzzer to the target `logs`; what holds of them stands in `src/logs.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("logs").run(input);
});
