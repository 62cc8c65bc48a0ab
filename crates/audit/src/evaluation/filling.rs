//! Filling: requests come in few sizes, so that a keyholder does not see how many persons a family has. What fills a
//! request up is an input of a kind of its own, which no person yields, and can be opened like any other.

use crypto::{Seed, filling_value, oprf_input};
use domain::{Epoch, NetworkId};
use zeroize::Zeroizing;

/// How many elements a request has.
pub const SIZE_CLASSES: [usize; 5] = [16, 32, 64, 128, 256];

/// The kind of the inputs that fill up.
pub const FILLING_KIND: &str = "vulling";

/// The smallest size that has room for so many inputs; `None` when they do not fit in one request.
#[must_use]
pub fn size_class(inputs: usize) -> Option<usize> {
    SIZE_CLASSES.into_iter().find(|size| inputs <= *size)
}

/// What fills a position of a request, from the day's seed.
#[must_use]
pub fn filling_input(
    network: &NetworkId,
    epoch: Epoch,
    seed: &Seed,
    request: &[u8; 16],
    position: u32,
) -> Zeroizing<Vec<u8>> {
    oprf_input(network, epoch, FILLING_KIND, &filling_value(seed, request, position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_few_sizes() {
        let check = |inputs, expected| assert_eq!(size_class(inputs), expected, "{inputs}");
        check(0, Some(16));
        check(16, Some(16));
        check(17, Some(32));
        check(129, Some(256));
        check(256, Some(256));
        check(257, None);
        assert!(SIZE_CLASSES.is_sorted());
    }

    #[test]
    fn no_two_fillings_are_alike_and_each_is_known_again() {
        let network = NetworkId::from_bytes([1; 32]);
        let filling = |seed: u8, request: u8, position| {
            filling_input(&network, Epoch(7), &Seed::from_bytes([seed; 32]), &[request; 16], position)
        };
        assert_eq!(filling(1, 2, 3), filling(1, 2, 3));
        for other in [filling(2, 2, 3), filling(1, 3, 3), filling(1, 2, 4)] {
            assert_ne!(other, filling(1, 2, 3));
        }
    }
}
