//! Feeds inputs of libFuzzer to the target `machine`; what holds of them stands in `src/machine.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("machine").run(input);
});
