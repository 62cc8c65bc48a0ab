//! Dutch surnames: the head as it is, and a tail composed by rank.
//!
//! Counts of the head after the Nederlandse Familienamenbank (CBG and Meertens Instituut, GBA of 2007, 16.4 million
//! persons), rounded. Behind it frequencies fall off as one divided by the rank: the hundredth name is borne by some 12,000
//! persons, the thousandth by 1,500, and 160,000 names by hardly anybody each. A name of the tail is a function of its
//! rank; no list of them exists.

use super::chance::Chance;
use crate::Dice;

/// Prefix and stem, then bearers.
const HEAD: &[(&str, &str, u64)] = &[
    ("de", "Jong", 83_900),
    ("", "Jansen", 73_500),
    ("de", "Vries", 71_100),
    ("van den", "Berg", 58_600),
    ("van", "Dijk", 56_400),
    ("", "Bakker", 55_300),
    ("", "Janssen", 54_000),
    ("", "Visser", 49_500),
    ("", "Smit", 42_300),
    ("", "Meijer", 40_000),
    ("de", "Boer", 38_300),
    ("", "Mulder", 36_200),
    ("de", "Groot", 36_200),
    ("", "Bos", 35_400),
    ("", "Vos", 30_300),
    ("", "Peters", 30_100),
    ("", "Hendriks", 29_500),
    ("van", "Leeuwen", 28_600),
    ("", "Dekker", 27_900),
    ("", "Brouwer", 25_400),
    ("de", "Wit", 24_900),
    ("", "Dijkstra", 24_200),
    ("", "Smits", 23_800),
    ("de", "Graaf", 21_500),
    ("van der", "Meer", 21_400),
    ("van der", "Linden", 21_000),
    ("", "Kok", 20_900),
    ("", "Jacobs", 20_800),
    ("de", "Haan", 20_700),
    ("", "Vermeulen", 20_700),
    ("van den", "Heuvel", 20_500),
    ("van der", "Veen", 20_200),
    ("van den", "Broek", 20_000),
    ("de", "Bruijn", 17_500),
    ("de", "Bruin", 17_200),
    ("van der", "Heijden", 19_800),
    ("", "Schouten", 19_600),
    ("van", "Beek", 19_400),
    ("", "Willems", 19_000),
    ("van", "Vliet", 19_000),
    ("van de", "Ven", 15_000),
    ("", "Hoekstra", 18_900),
    ("", "Maas", 18_800),
    ("", "Verhoeven", 18_600),
    ("", "Koster", 18_600),
    ("van", "Dam", 18_400),
    ("van der", "Wal", 16_500),
    ("", "Prins", 17_900),
    ("", "Blom", 17_800),
    ("", "Huisman", 17_700),
    ("", "Peeters", 17_000),
    ("de", "Jonge", 14_300),
    ("", "Kuipers", 16_900),
    ("van", "Veen", 13_900),
    ("", "Post", 16_200),
    ("", "Postma", 15_900),
    ("", "Kuiper", 16_500),
    ("", "Kramer", 16_400),
    ("", "Gerritsen", 15_500),
    ("van", "Wijk", 16_300),
    ("van den", "Brink", 15_000),
    ("", "Groen", 15_300),
    ("", "Timmermans", 15_200),
    ("", "Verbeek", 14_000),
    ("", "Bosman", 13_800),
    ("van", "Loon", 13_600),
    ("van der", "Laan", 14_200),
    ("", "Scholten", 14_900),
    ("", "Bosch", 14_500),
    ("", "Hermans", 14_700),
    ("", "Driessen", 13_900),
    ("", "Martens", 13_300),
    ("", "Evers", 13_300),
    ("", "Sanders", 14_000),
    ("", "Kroon", 11_500),
    ("van", "Es", 11_400),
    ("", "Schipper", 12_500),
    ("van", "Doorn", 12_900),
    ("", "Koning", 13_000),
    ("de", "Lange", 13_100),
    ("", "Wolters", 12_200),
    ("", "Molenaar", 13_500),
    ("van de", "Velde", 11_300),
    ("", "Veenstra", 12_600),
    ("", "Peerdeman", 600),
    ("", "Schmidt", 9_800),
    ("", "Cornelissen", 10_900),
    ("van der", "Horst", 12_600),
    ("", "Kuijpers", 11_800),
    ("", "Hofman", 11_500),
    ("", "Meyer", 8_600),
    ("", "Meier", 3_900),
    ("", "Claassen", 6_500),
    ("", "Klaassen", 9_200),
    ("", "Willemsen", 12_900),
    ("", "Sikkema", 3_000),
    ("den", "Hartog", 4_900),
    ("in 't", "Veld", 4_300),
    ("ter", "Haar", 2_500),
    ("'t", "Hart", 4_700),
    ("van 't", "Hof", 3_900),
    ("op den", "Camp", 1_400),
    ("ten", "Brinke", 2_900),
    ("van", "Rooij", 8_300),
];

/// Names of the tail begin at the rank where the head ends, and reach to 100 × (2^11 − 1).
const TAIL_OFFSET: usize = 100;
const TAIL_OCTAVES: u64 = 11;
/// Of Dutch families without a name of the region, those that bear one of the head, in thousandths: 2.1 of the 14.3 million
/// persons with a Dutch name, in the seven eighths that are left.
const HEAD_PER_MILLE: u64 = 165;

const PREFIXES: &[&str] = &["van", "van der", "van de", "van den", "de", "ter", "van 't", "ten", "den", "te"];
const PLACES: &str = "Ooster Wester Noorder Zuider Nieuw Oud Hooge Laag Groene Zand Water Berg Bosch Broek Heide Molen Kerk Dijk Eik Elze Beuk Linde Wilge Riet Veen Klei Steen Rood Zwart Wit Lange Korte Brede Kromme Duin Zee Meer Rijn Maas Waal IJssel Lek Hollander Bree Goud Zilver Konings Graven Bisschops Monniken Ruijter Boeren Schaap Koe Paarden Vogel Zwanen Valken Haver Koren Appel Peer Rozen";
const ENDS: &str = "veld kamp berg burg huis hof laar loo donk wijk dam voort horst bosch broek meer zand brink beek steeg steen hoven kerk poort water dijk oord heuvel weide schoot rade tuin mans boom bergen stein haven molen hoek brugge";
const ONSETS: &str = "B Bl Br D Dr F Fl G Gr H J K Kl Kn Kr L M N P Pl Pr R S Sch Schr Sl Sm Sn Sp St Str T Th Tr V Vl W Wr Z Zw C Vr";
const LONG_VOWELS: &str = "aa ee ie oo oe ou ui ij eu uy ei";
const SINGLE_CODAS: &str = "k l m n p r s t d g v z f";
const SHORT_VOWELS: &str = "a e i o u";
const DOUBLE_CODAS: &str = "kk ll mm nn pp rr ss tt bb gg ck lk lm ls lt mp nd nk ng nt rd rk rm rt";
const ENDS_BY_VOWEL: &str =
    "er ers en ens ema inga ink ing aar aert elaar enaar eman elmans emans ijk ard elink";
const ENDS_BY_CONSONANT: &str = "s stra sma ma man mans sen kamp huis hof veld je ker tjes";
/// Families of a thousand that bear a name of the region itself, and how these names fall off: rare names are found where
/// they arose (Familienamenbank, maps by municipality).
const LOCAL_PER_MILLE: u64 = 120;
const LOCAL_OFFSET: usize = 20;
const LOCAL_OCTAVES: u64 = 2;

/// A surname in its two columns.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Surname {
    pub(super) prefix: &'static str,
    pub(super) stem: String,
}

impl Surname {
    pub(super) fn plain(stem: impl Into<String>) -> Self {
        Self { prefix: "", stem: stem.into() }
    }
}

/// The parts of names, split once.
pub(super) struct Surnames {
    head_weight: u64,
    places: Vec<&'static str>,
    ends: Vec<&'static str>,
    onsets: Vec<&'static str>,
    long_vowels: Vec<&'static str>,
    single_codas: Vec<&'static str>,
    short_vowels: Vec<&'static str>,
    double_codas: Vec<&'static str>,
    ends_by_vowel: Vec<&'static str>,
    ends_by_consonant: Vec<&'static str>,
    /// Ranks of the names that are at home in the region.
    local: Vec<usize>,
}

impl Surnames {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let split = |list: &'static str| list.split_whitespace().collect();
        Self {
            head_weight: HEAD.iter().map(|(.., bearers)| bearers).sum(),
            places: split(PLACES),
            ends: split(ENDS),
            onsets: split(ONSETS),
            long_vowels: split(LONG_VOWELS),
            single_codas: split(SINGLE_CODAS),
            short_vowels: split(SHORT_VOWELS),
            double_codas: split(DOUBLE_CODAS),
            ends_by_vowel: split(ENDS_BY_VOWEL),
            ends_by_consonant: split(ENDS_BY_CONSONANT),
            local: (0..LOCAL_OFFSET * 3).map(|_| dice.rank(TAIL_OFFSET, TAIL_OCTAVES)).collect(),
        }
    }

    /// The surname of one family.
    pub(super) fn draw(&self, dice: &mut Dice) -> Surname {
        if dice.per_mille(LOCAL_PER_MILLE) {
            let place = dice.rank(LOCAL_OFFSET, LOCAL_OCTAVES);
            return self.tail(self.local.get(place).copied().unwrap_or_default());
        }
        if !dice.per_mille(HEAD_PER_MILLE) {
            return self.tail(dice.rank(TAIL_OFFSET, TAIL_OCTAVES));
        }
        let mut left = dice.below(self.head_weight);
        for (prefix, stem, bearers) in HEAD {
            if left < *bearers {
                return Surname { prefix, stem: (*stem).to_owned() };
            }
            left -= bearers;
        }
        Surname::plain("Jansen")
    }

    /// The surname of a rank: one in three named after a place, the others by sound.
    fn tail(&self, rank: usize) -> Surname {
        let mut dice = Dice::new(rank as u64 ^ 0x5a_17_00);
        let part =
            |list: &[&'static str], place: usize| list.get(place % list.len()).copied().unwrap_or_default();
        let scattered = rank.wrapping_mul(7_919);
        if rank.is_multiple_of(3) {
            let (place, end) =
                (part(&self.places, scattered), part(&self.ends, scattered / self.places.len()));
            let prefix = if dice.percent(60) { part(PREFIXES, dice.rank(2, 2)) } else { "" };
            return Surname { prefix, stem: format!("{place}{end}") };
        }
        let long = self.long_vowels.len() * self.single_codas.len();
        let ends = self.ends_by_vowel.len() + self.ends_by_consonant.len();
        let (with_long, with_short) =
            (long * ends, self.short_vowels.len() * self.double_codas.len() * self.ends_by_vowel.len());
        let onset = part(&self.onsets, scattered);
        let rest = scattered / self.onsets.len() % (with_long + with_short);
        // After two consonants an ending begins with a vowel.
        let (vowels, codas, rest) = if rest < with_long {
            (&self.long_vowels, &self.single_codas, rest)
        } else {
            (&self.short_vowels, &self.double_codas, rest - with_long)
        };
        let (vowel, rest) = (part(vowels, rest), rest / vowels.len());
        let (coda, rest) = (part(codas, rest), rest / codas.len());
        let by_consonant = rest.checked_sub(self.ends_by_vowel.len());
        let end = by_consonant
            .map_or_else(|| part(&self.ends_by_vowel, rest), |rest| part(&self.ends_by_consonant, rest));
        let prefix = if dice.percent(8) { part(PREFIXES, dice.rank(2, 2)) } else { "" };
        Surname { prefix, stem: format!("{onset}{vowel}{coda}{end}") }
    }
}
