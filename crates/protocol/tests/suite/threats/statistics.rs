//! Statistics over pairs of tags, each as a deviation: how many standard deviations off what chance gives.

use crypto::Tag;
use testkit::Dice;

/// A tag and the place at which its feed published it.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub(super) tag: Tag,
    pub(super) place: usize,
}

/// A deviation beyond this has by chance, in a normal distribution, a probability below 3e-12; some 17,000 of them
/// are looked at in a comparison.
pub(super) const CHANCE: f64 = 7.0;

/// Shuffles of the pairs that the distances of the true ones are compared with.
const SHUFFLES: usize = 400;

/// What is measured of pairs of tags that mean the same, each a deviation from chance.
pub(super) fn deviations(pairs: &[(Placed, Placed)]) -> Vec<(String, f64)> {
    let mut found = vec![
        ("tags in common".to_owned(), common(pairs)),
        ("order".to_owned(), rank_correlation(pairs, |placed| placed.place as f64)),
        ("value".to_owned(), rank_correlation(pairs, |placed| value(&placed.tag))),
        ("place against value".to_owned(), place_against_value(pairs)),
        ("distance, against shuffled pairs".to_owned(), permuted_distance(pairs)),
        ("bytes of the difference, chi-square".to_owned(), chi_square_of_bytes(pairs)),
    ];
    for bits in [4, 8, 12] {
        found.push((format!("first {bits} bits equal"), common_prefix(pairs, bits)));
    }
    found.extend(bit_correlations(pairs));
    found
}

/// The largest of them by size.
pub(super) fn worst(pairs: &[(Placed, Placed)]) -> (String, f64) {
    let all = deviations(pairs).into_iter();
    all.max_by(|(_, one), (_, other)| one.abs().total_cmp(&other.abs())).unwrap()
}

fn bits(tag: &Tag) -> u128 {
    u128::from_be_bytes(*tag.as_bytes())
}

fn value(tag: &Tag) -> f64 {
    (bits(tag) >> 80) as f64
}

/// Any tag in both feeds, whoever it means: 128 bits do not meet by chance.
fn common(pairs: &[(Placed, Placed)]) -> f64 {
    let first: std::collections::BTreeSet<Tag> = pairs.iter().map(|(one, _)| one.tag).collect();
    if pairs.iter().any(|(_, other)| first.contains(&other.tag)) { f64::INFINITY } else { 0.0 }
}

/// Deviation of a count from that of `trials` with a probability each.
fn binomial(count: usize, trials: usize, probability: f64) -> f64 {
    let expected = trials as f64 * probability;
    (count as f64 - expected) / (expected * (1.0 - probability)).sqrt()
}

fn common_prefix(pairs: &[(Placed, Placed)], length: u32) -> f64 {
    let equal =
        |(one, other): &&(Placed, Placed)| (bits(&one.tag) ^ bits(&other.tag)).leading_zeros() >= length;
    binomial(pairs.iter().filter(equal).count(), pairs.len(), 0.5_f64.powi(length.try_into().unwrap()))
}

/// Ranks of some values, ties by their order.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    let mut ranks = vec![0.0; values.len()];
    for (rank, place) in order.into_iter().enumerate() {
        ranks[place] = rank as f64;
    }
    ranks
}

/// Spearman's coefficient, times √(n − 1): normal by chance.
fn spearman(one: &[f64], other: &[f64]) -> f64 {
    let n = one.len() as f64;
    let squares: f64 = ranks(one).iter().zip(ranks(other)).map(|(one, other)| (one - other).powi(2)).sum();
    (1.0 - 6.0 * squares / (n * (n * n - 1.0))) * (n - 1.0).sqrt()
}

fn rank_correlation(pairs: &[(Placed, Placed)], of: impl Fn(&Placed) -> f64) -> f64 {
    let one: Vec<f64> = pairs.iter().map(|(one, _)| of(one)).collect();
    let other: Vec<f64> = pairs.iter().map(|(_, other)| of(other)).collect();
    spearman(&one, &other)
}

fn place_against_value(pairs: &[(Placed, Placed)]) -> f64 {
    let one: Vec<f64> = pairs.iter().map(|(one, _)| one.place as f64).collect();
    let other: Vec<f64> = pairs.iter().map(|(_, other)| value(&other.tag)).collect();
    spearman(&one, &other)
}

fn distance(pairs: impl Iterator<Item = (Tag, Tag)>) -> f64 {
    pairs.map(|(one, other)| f64::from((bits(&one) ^ bits(&other)).count_ones())).sum()
}

/// The sum of Hamming distances of true pairs, against the same tags paired at random.
fn permuted_distance(pairs: &[(Placed, Placed)]) -> f64 {
    let mut dice = Dice::new(2_026);
    let mut others: Vec<Tag> = pairs.iter().map(|(_, other)| other.tag).collect();
    let observed = distance(pairs.iter().map(|(one, other)| (one.tag, other.tag)));
    let mut sums = Vec::with_capacity(SHUFFLES);
    for _ in 0..SHUFFLES {
        for place in (1..others.len()).rev() {
            others.swap(place, usize::try_from(dice.below(place as u64 + 1)).unwrap());
        }
        sums.push(distance(pairs.iter().map(|(one, _)| one.tag).zip(others.iter().copied())));
    }
    let mean = sums.iter().sum::<f64>() / SHUFFLES as f64;
    let variance = sums.iter().map(|sum| (sum - mean).powi(2)).sum::<f64>() / (SHUFFLES - 1) as f64;
    (observed - mean) / variance.sqrt()
}

/// Deviation of a chi-square, by the cube root of Wilson and Hilferty (1931).
fn chi_square(sum: f64, freedom: f64) -> f64 {
    let spread = 2.0 / (9.0 * freedom);
    ((sum / freedom).cbrt() - (1.0 - spread)) / spread.sqrt()
}

/// How often each of the 256 bytes stands in the differences.
fn chi_square_of_bytes(pairs: &[(Placed, Placed)]) -> f64 {
    let mut counts = [0_u32; 256];
    for (one, other) in pairs {
        for byte in (bits(&one.tag) ^ bits(&other.tag)).to_be_bytes() {
            counts[usize::from(byte)] += 1;
        }
    }
    let expected = pairs.len() as f64 * 16.0 / 256.0;
    chi_square(counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum(), 255.0)
}

/// Each bit of the one tag against each bit of the other, and all of them together.
fn bit_correlations(pairs: &[(Placed, Placed)]) -> Vec<(String, f64)> {
    // One row of bits for each position, packed, so that a comparison is an exclusive or of rows.
    let rows = |of: &dyn Fn(&(Placed, Placed)) -> u128| -> Vec<Vec<u64>> {
        (0..128)
            .map(|position| {
                let row: Vec<u64> = pairs.iter().map(|pair| (of(pair) >> position & 1) as u64).collect();
                row.chunks(64).map(|chunk| chunk.iter().fold(0, |word, bit| word << 1 | bit)).collect()
            })
            .collect()
    };
    let (one, other) = (rows(&|(one, _)| bits(&one.tag)), rows(&|(_, other)| bits(&other.tag)));
    let (mut largest, mut sum) = (0.0_f64, 0.0);
    for (first, one) in one.iter().enumerate() {
        for (second, other) in other.iter().enumerate() {
            let differing: u32 = one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum();
            let deviation = binomial(differing as usize, pairs.len(), 0.5);
            largest = if deviation.abs() > largest.abs() { deviation } else { largest };
            if first == second {
                sum += deviation.powi(2);
            }
        }
    }
    vec![
        ("any bit with any bit".to_owned(), largest),
        ("each bit with itself, chi-square".to_owned(), chi_square(sum, 128.0)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(dice: &mut Dice) -> Tag {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&dice.roll().to_be_bytes());
        bytes[8..].copy_from_slice(&dice.roll().to_be_bytes());
        Tag::from_bytes(bytes)
    }

    /// Two thousand pairs by chance, each changed.
    fn pairs(change: impl Fn(usize, &mut Placed, &mut Placed)) -> Vec<(Placed, Placed)> {
        let mut dice = Dice::new(77);
        (0..2_000)
            .map(|number| {
                let mut place = || usize::try_from(dice.roll() >> 40).unwrap();
                let places = (place(), place());
                let mut one = Placed { tag: random(&mut dice), place: places.0 };
                let mut other = Placed { tag: random(&mut dice), place: places.1 };
                change(number, &mut one, &mut other);
                (one, other)
            })
            .collect()
    }

    fn changed(tag: &Tag, change: impl FnOnce(&mut [u8; 16])) -> Tag {
        let mut bytes = *tag.as_bytes();
        change(&mut bytes);
        Tag::from_bytes(bytes)
    }

    #[test]
    fn chance_stays_below_the_line_and_every_planted_likeness_is_found() {
        let (what, deviation) = worst(&pairs(|_, _, _| {}));
        assert!(deviation.abs() < CHANCE, "{what}: {deviation}");
        type Change = fn(usize, &mut Placed, &mut Placed);
        let planted: [(&str, Change); 6] = [
            ("one tag of both", |number, one, other| {
                if number == 1_000 {
                    other.tag = one.tag;
                }
            }),
            ("a byte of every twentieth", |number, one, other| {
                if number % 20 == 0 {
                    other.tag = changed(&other.tag, |bytes| bytes[0] = one.tag.as_bytes()[0]);
                }
            }),
            ("one bit of a fifth, somewhere else", |number, one, other| {
                if number % 5 == 0 {
                    let bit = one.tag.as_bytes()[3] & 1;
                    other.tag = changed(&other.tag, |bytes| bytes[9] = bytes[9] & !0x10 | bit << 4);
                }
            }),
            ("a constant difference", |_, one, other| {
                other.tag = changed(&one.tag, |bytes| bytes.iter_mut().for_each(|byte| *byte ^= 0x5a));
            }),
            ("the order of a third", |number, one, other| {
                if number % 3 == 0 {
                    other.place = one.place;
                }
            }),
            ("the order, by the other's value", |_, one, other| {
                one.place = (bits(&other.tag) >> 100) as usize;
            }),
        ];
        for (what, change) in planted {
            let (found, deviation) = worst(&pairs(change));
            assert!(deviation.abs() > CHANCE, "{what}: {found}: {deviation}");
        }
    }
}
