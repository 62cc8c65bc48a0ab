//! The basis of a match in few words: whose facts agreed, and which.

use index::Involvement;
use linkage::{Basis, BasisRole, KeyKind};

use super::text::{width, wrap};

/// Kinds of key named for one role; the others are counted. Two tell a reader what happened, five tell nothing more.
const KINDS_NAMED: usize = 2;

/// `ouder: bsn +3` and `gezin: huishouden`, a piece for each role. A BSN settles it, so that whatever agrees beside
/// it is only counted; `full` names everything.
fn pieces(involvement: &Involvement, full: bool) -> Vec<String> {
    let mut roles: Vec<BasisRole> = Vec::new();
    for basis in &involvement.basis {
        if !roles.contains(&basis.role) {
            roles.push(basis.role);
        }
    }
    roles.into_iter().map(|role| of_role(role, &involvement.basis, full)).collect()
}

/// The reasons on lines of at most `columns`. A role starts a new line rather than being broken.
pub(super) fn reasons(involvement: &Involvement, full: bool, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces(involvement, full) {
        match lines.last_mut() {
            Some(line) if width(line) + 2 + width(&piece) <= columns => {
                line.push_str("; ");
                line.push_str(&piece);
            }
            Some(_) | None => lines.extend(wrap(&piece, columns)),
        }
    }
    lines
}

fn of_role(role: BasisRole, basis: &[Basis], full: bool) -> String {
    let kinds: Vec<KeyKind> = basis.iter().filter(|one| one.role == role).map(|one| one.key).collect();
    let named = match kinds.contains(&KeyKind::Bsn) {
        _ if full => kinds.len(),
        true => 1,
        false => KINDS_NAMED,
    };
    let words: Vec<&str> = kinds.iter().take(named).map(|kind| kind.dutch()).collect();
    let others = kinds.len() - words.len();
    let more = if others > 0 { format!(" +{others}") } else { String::new() };
    format!("{role}: {}{more}", words.join(", "))
}

/// Whether a fact about a child is among the reasons.
pub(super) fn rests_on_a_child(involvement: &Involvement) -> bool {
    involvement.basis.iter().any(|basis| basis.role == BasisRole::Person(domain::Role::Child))
}

#[cfg(test)]
mod tests {
    use domain::{Certainty, Oin, Role};
    use linkage::Explanation;

    use super::*;

    fn check(basis: &[(BasisRole, KeyKind)], short: &str, full: &str) {
        let involvement = Involvement {
            organisation: Oin::test_number(1).unwrap(),
            certainty: Certainty::Certain,
            basis: basis.iter().map(|(role, key)| Basis { role: *role, key: *key }).collect(),
            explanation: Explanation::default(),
        };
        assert_eq!(reasons(&involvement, false, 200), [short]);
        assert_eq!(reasons(&involvement, true, 200), [full]);
        for columns in [20, 34] {
            let lines = reasons(&involvement, true, columns);
            assert!(lines.iter().all(|line| width(line) <= columns), "{lines:?}");
            assert_eq!(lines.join(" ").replace(';', ""), full.replace(';', ""));
        }
    }

    #[test]
    fn roles_and_kinds_in_few_words() {
        let (child, parent) = (BasisRole::Person(Role::Child), BasisRole::Person(Role::Parent));
        check(&[(parent, KeyKind::Bsn)], "ouder: bsn", "ouder: bsn");
        check(
            &[(child, KeyKind::Bsn), (child, KeyKind::NameBirth), (BasisRole::Family, KeyKind::Household)],
            "kind: bsn +1; gezin: huishouden",
            "kind: bsn, naam-geboorte; gezin: huishouden",
        );
        check(
            &[(parent, KeyKind::NameBirth), (parent, KeyKind::NameAddress), (parent, KeyKind::BirthAddress)],
            "ouder: naam-geboorte, naam-adres +1",
            "ouder: naam-geboorte, naam-adres, geboorte-adres",
        );
    }
}
