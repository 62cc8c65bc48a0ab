//! Feeds inputs of libFuzzer to the target `conversations`; what holds of them stands in `src/conversations.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("conversations").run(input);
});
