//! What is said of a clock that is wrong.

use protocol::feed::{ClockComparison, SetBack};

/// Minutes that nodes bear; what is dated further ahead they refuse.
const MAX_SKEW_MINUTES: u64 = 5;

/// What to do about the clock, one sentence each.
pub(super) fn sentences(set_back: &SetBack, compared: &ClockComparison) -> Vec<String> {
    let mut said = Vec::new();
    if set_back.seconds > 0 {
        said.push(format!(
            "this machine's clock stands {} before what this node has published already; it publishes nothing until the \
             clock has passed {}. Check the time synchronisation (NTP) of this machine",
            words(set_back.seconds),
            set_back.published.map(|time| time.to_string()).unwrap_or_default()
        ));
    }
    let minutes = compared.ahead_seconds.unsigned_abs() / 60;
    if minutes >= MAX_SKEW_MINUTES {
        let direction = if compared.ahead_seconds > 0 { "ahead of" } else { "behind" };
        // Of two clocks neither is the one that is right.
        let (members, to_do) = match compared.members {
            1 => (
                "that of the one other member heard, and either may be the one that is wrong".to_owned(),
                "Compare both with a third clock, set the wrong one right with NTP and restart its node",
            ),
            members => {
                (format!("those of {members} other members"), "Set it right with NTP and restart the node")
            }
        };
        said.push(format!(
            "the clock of this machine is {} {direction} {members}; what one publishes the other refuses as dated in the \
             future. {to_do}",
            words(minutes * 60)
        ));
    }
    said
}

/// A length of time for people, in its largest two units.
fn words(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let unit = |count: u64, name: &str| match count {
        0 => None,
        1 => Some(format!("1 {name}")),
        more => Some(format!("{more} {name}s")),
    };
    let all = [unit(days, "day"), unit(hours, "hour"), unit(minutes, "minute"), unit(seconds % 60, "second")];
    let parts: Vec<String> = all.into_iter().flatten().take(2).collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_in_words() {
        let check = |seconds, expected: &str| assert_eq!(words(seconds), expected);
        check(1, "1 second");
        check(301, "5 minutes 1 second");
        check(86_400, "1 day");
        check(90_061, "1 day 1 hour");
        check(7_200, "2 hours");
    }

    #[test]
    fn a_clock_that_is_right_is_not_spoken_of() {
        let right = ClockComparison { members: 3, ahead_seconds: 299 };
        assert!(sentences(&SetBack::default(), &right).is_empty());
        let ahead = ClockComparison { members: 3, ahead_seconds: 430 };
        let said = sentences(&SetBack::default(), &ahead).concat();
        assert!(said.contains("is 7 minutes ahead of those of 3 other members"), "{said}");
        assert!(said.contains("Set it right"), "{said}");
    }

    #[test]
    fn of_two_clocks_either_may_be_wrong() {
        let behind = ClockComparison { members: 1, ahead_seconds: -600 };
        let said = sentences(&SetBack::default(), &behind).concat();
        assert!(said.contains("is 10 minutes behind that of the one other member heard"), "{said}");
        assert!(said.contains("either may be the one that is wrong"), "{said}");
        assert!(!said.contains("Set it right"), "{said}");
    }
}
