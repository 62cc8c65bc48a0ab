//! Whether what a document names is a test: that is there, and that runs.

/// Whether a text defines a test of this name that runs with the others: the function, with an attribute in the lines
/// right above it that makes it a test, and none that has it ignored. One that is run by a command may be ignored.
pub(crate) fn is_test(text: &str, name: &str, is_by_command: bool) -> bool {
    let head = format!("fn {name}(");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(number, line)| {
        let above: Vec<&str> =
            lines.iter().take(number).rev().take_while(|line| line.starts_with("#[")).copied().collect();
        let is_marked = above.iter().any(|line| *line == "#[test]" || line.starts_with("#[tokio::test"));
        let is_ignored = above.iter().any(|line| line.starts_with("#[ignore"));
        (line.starts_with(&head) || line.starts_with(&format!("async {head}")))
            && is_marked
            && (is_by_command || !is_ignored)
    })
}
