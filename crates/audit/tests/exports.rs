//! Exports: what was logged verifies, and whatever was changed is found where it stands.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use audit::{
    ActorRole, BLOCK_ENTRIES, Checkpoint, Details, Entry, Event, ExportVerifier, ExportedEntry, LeafHash,
    Origin, Root, Salt, Tree, TreeHash, Verified, Wrong, blocks_of,
};
use domain::{NetworkId, Oin, Timestamp};

#[derive(Clone)]
struct Line {
    place: u64,
    leaf: LeafHash,
    entry: Option<Vec<u8>>,
    details: Option<Vec<u8>>,
}

struct Export {
    checkpoint: Checkpoint,
    blocks: Vec<TreeHash>,
    lines: Vec<Line>,
}

fn line(place: u64) -> Line {
    line_of(place, Event::Question { families: 1, found: 0, complete: true })
}

fn line_of(place: u64, event: Event) -> Line {
    let mut salt = [7; 32];
    salt[..8].copy_from_slice(&place.to_be_bytes());
    let details = Details::new(&Salt::from_bytes(salt), None, Some(format!("G-{place}")), None);
    let entry = Entry {
        place,
        time: Timestamp(1_795_253_400 + place),
        role: ActorRole::Operator,
        event,
        circles: Vec::new(),
        details: details.commitment(),
        basis: None,
    };
    Line { place, leaf: entry.leaf(), entry: Some(entry.to_bytes()), details: Some(details.reveal_bytes()) }
}

fn export(size: u64) -> Export {
    export_of((0..size).map(line).collect())
}

fn export_of(lines: Vec<Line>) -> Export {
    let (mut tree, mut stored, size) = (Tree::default(), Vec::new(), lines.len() as u64);
    for line in &lines {
        stored.push(tree.append(line.leaf).unwrap());
    }
    let blocks =
        blocks_of(size, |place, level| stored.get(usize::try_from(place).unwrap())?.get(level).copied());
    let origin = Origin::main_log(NetworkId::from_bytes([1; 32]), Oin::test_number(1).unwrap());
    Export { checkpoint: Checkpoint { origin, size, root: tree.root() }, blocks: blocks.unwrap(), lines }
}

impl Export {
    fn verify(&self) -> Verified {
        self.feed(ExportVerifier::new(self.checkpoint.clone(), self.blocks.clone(), true))
    }

    fn feed(&self, mut verifier: ExportVerifier) -> Verified {
        for line in &self.lines {
            let (entry, details) = (line.entry.as_deref(), line.details.as_deref());
            verifier.next(ExportedEntry { place: line.place, leaf: line.leaf, entry, details });
        }
        verifier.finish()
    }
}

#[test]
fn what_was_logged_verifies_at_every_size_around_a_block() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 513, 3 * BLOCK_ENTRIES + 100] {
        assert_eq!(export(size).verify(), Verified { entries: size, erased: 0, wrong: None }, "{size}");
    }
}

#[test]
fn what_witnesses_cosigned_is_compared_at_its_size() {
    let export = export(600);
    let other = Root::from_bytes([9; 32]);
    for size in [1, 255, 256, 257, 512, 600] {
        let root = export_of((0..size).map(line).collect()).checkpoint.root;
        let verify = |root| {
            let verifier = ExportVerifier::new(export.checkpoint.clone(), export.blocks.clone(), true);
            export.feed(verifier.cosigned(size, root)).wrong
        };
        assert_eq!(verify(root), None, "{size}");
        assert_eq!(verify(other), Some(Wrong::Cosigned(size)), "{size}");
    }
    // Cosigned beyond the end: the export was cut off, and signed anew.
    let verifier = ExportVerifier::new(export.checkpoint.clone(), export.blocks.clone(), true);
    assert_eq!(export.feed(verifier.cosigned(601, other)).wrong, Some(Wrong::Cosigned(601)));
}

#[test]
fn what_was_erased_leaves_a_tree_that_verifies() {
    let erasure = |month: &str| Event::erasure(month.parse().unwrap());
    let mut lines: Vec<Line> = (0..299).map(line).collect();
    lines.push(line_of(299, erasure("2031-11")));
    let mut export = export_of(lines);
    for line in &mut export.lines[..290] {
        (line.entry, line.details) = (None, None);
    }
    assert_eq!(export.verify(), Verified { entries: 300, erased: 290, wrong: None });
    export.lines[7].details = line(7).details;
    assert_eq!(export.verify().wrong, Some(Wrong::DetailsAlone(7)));
}

#[test]
fn nobody_makes_an_entry_disappear_by_calling_it_erased_or_by_leaving_out_whom_it_is_about() {
    // Made in November 2026, an entry is kept until December at least.
    for (month, hidden) in [("2026-11", Some(Wrong::NotErased(5))), ("2026-12", None)] {
        let mut lines: Vec<Line> = (0..9).map(line).collect();
        lines.push(line_of(9, Event::erasure(month.parse().unwrap())));
        let mut export = export_of(lines);
        (export.lines[5].entry, export.lines[5].details) = (None, None);
        assert_eq!(export.verify().wrong, hidden, "{month}");
    }
    let mut without = export(10);
    without.lines[3].details = None;
    assert_eq!(without.verify().wrong, Some(Wrong::Details(3)));
    without.lines[2].entry = None;
    without.lines[2].details = None;
    assert_eq!(without.verify().wrong, Some(Wrong::NotErased(2)), "no erasure at all");
}

#[test]
fn the_first_wrong_entry_is_named() {
    // Another entry under the old hash.
    let mut changed = export(600);
    let other = Entry {
        time: Timestamp(5),
        ..Entry::from_bytes(changed.lines[300].entry.as_ref().unwrap()).unwrap()
    };
    changed.lines[300].entry = Some(other.to_bytes());
    changed.lines[400].entry = Some(b"rubbish".to_vec());
    assert_eq!(changed.verify().wrong, Some(Wrong::Entry(300)));
    // With its hash: then the checkpoint proves the block, and the block disproves the hash.
    changed.lines[300].leaf = other.leaf();
    assert_eq!(
        changed.verify().wrong,
        Some(Wrong::Entry(400)),
        "an entry that is named before the block it stands in"
    );
    changed.lines[400] = line(400);
    assert_eq!(changed.verify().wrong, Some(Wrong::Block { first: 256, last: 511 }));
    // With the block: then nothing fits the checkpoint.
    let mut tree = Tree::default();
    let stored: Vec<_> = changed.lines[256..512].iter().map(|line| tree.append(line.leaf).unwrap()).collect();
    changed.blocks[1] = *stored.last().unwrap().last().unwrap();
    assert_eq!(changed.verify().wrong, Some(Wrong::Tree));
    // Somebody else's details.
    let mut mixed = export(10);
    mixed.lines[3].details = line(4).details;
    assert_eq!(mixed.verify().wrong, Some(Wrong::Details(3)));
}

#[test]
fn nothing_can_be_left_out_added_or_moved() {
    let mut without = export(300);
    without.lines.remove(20);
    assert_eq!(without.verify().wrong, Some(Wrong::Order { expected: 20, found: 21 }));
    let mut cut = export(300);
    cut.lines.pop();
    assert_eq!(cut.verify().wrong, Some(Wrong::Size { expected: 300, found: 299 }));
    let mut longer = export(300);
    longer.lines.push(line(300));
    assert_eq!(longer.verify().wrong, Some(Wrong::Size { expected: 300, found: 301 }));
    let mut swapped = export(300);
    swapped.lines.swap(1, 2);
    assert_eq!(swapped.verify().wrong, Some(Wrong::Order { expected: 1, found: 2 }));
    let mut fewer_blocks = export(600);
    fewer_blocks.blocks.pop();
    assert_eq!(fewer_blocks.verify().wrong, Some(Wrong::Tree));
}

#[test]
fn an_entry_has_one_spelling_and_known_values_only() {
    let bytes = line(7).entry.unwrap();
    assert_eq!(Entry::from_bytes(&bytes).unwrap().place, 7);
    assert!(Entry::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
    let entry = Entry::from_bytes(&bytes).unwrap();
    let oin = Oin::test_number(2).unwrap();
    for event in [Event::MatchSeen { organisation: oin, certainty: 4 }, Event::Erasure { month: u32::MAX }] {
        assert!(Entry::from_bytes(&Entry { event, ..entry.clone() }.to_bytes()).is_err());
    }
}
