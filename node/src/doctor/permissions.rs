//! Who may read and write what a node keeps.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::Patient;
use super::finding::Findings;

/// Everybody but the owner.
const OTHERS: u32 = 0o077;

/// Those who may write besides the owner.
const OTHER_WRITERS: u32 = 0o022;

/// The superuser, who may own what a node only reads.
const ROOT: u32 = 0;

/// The user that this process acts as.
pub(super) fn own_uid() -> u32 {
    // The kernel gives the folder of a process to its effective user.
    fs::metadata("/proc/self").map_or(u32::MAX, |held| held.uid())
}

/// Looks at folders and files. Returns whether there is a data folder of this user, so that looking into it leaves
/// nothing of another user's there.
pub(super) fn look(patient: &Patient<'_>, findings: &mut Findings) -> bool {
    let before = findings.0.len();
    let folder = &patient.config.data_folder;
    let Ok(held) = fs::metadata(folder) else {
        findings.wrong(
            "permissions",
            format!("there is no data folder {}, or this user may not see it", folder.display()),
            format!(
                "make it with `samenhang init --config {}`; where there was a node before, with `samenhang restore --from` \
                 instead",
                patient.file.display()
            ),
        );
        return false;
    };
    let own = held.uid() == patient.uid;
    if !own {
        findings.wrong(
            "permissions",
            format!("{} belongs to user {}, and this command runs as user {}", folder.display(), held.uid(), patient.uid),
            "run this command as the user that the node runs as, for instance with `sudo -u samenhang`; if the folder \
             was copied by another user, give it back with `chown -R`",
        );
    }
    let keys = folder.join("keys");
    let mut private = vec![(folder.clone(), "700"), (keys.clone(), "700")];
    private.extend(files(&keys).into_iter().map(|file| (file, "600")));
    if let Some(file) = &patient.config.passphrase_file {
        private.push((file.clone(), "600"));
    }
    for (path, mode) in private {
        is_private(&path, mode, patient.uid, findings);
    }
    configuration(patient, findings);
    if findings.0.len() == before {
        findings.ok("permissions", format!("{} and the passphrase are this user's alone", folder.display()));
    }
    own
}

/// What is not there is told by whoever needs it.
fn is_private(path: &Path, mode: &str, uid: u32, findings: &mut Findings) {
    let Ok(held) = fs::metadata(path) else { return };
    let found = held.permissions().mode() & 0o7777;
    if found & OTHERS != 0 {
        findings.wrong(
            "permissions",
            format!("other users can reach {}: its mode is {found:o}", path.display()),
            format!("chmod {mode} {}", path.display()),
        );
    } else if held.uid() != uid && held.uid() != ROOT && path.is_file() {
        findings.wrong(
            "permissions",
            format!("{} belongs to another user ({})", path.display(), held.uid()),
            format!("chown it to the user that the node runs as: {}", path.display()),
        );
    }
}

/// The configuration holds no secret, but whoever writes it decides where the node's secrets go.
fn configuration(patient: &Patient<'_>, findings: &mut Findings) {
    let Ok(held) = fs::metadata(patient.file) else { return };
    let mode = held.permissions().mode() & 0o7777;
    if mode & OTHER_WRITERS != 0 {
        findings.wrong(
            "permissions",
            format!(
                "other users can change the configuration {}: its mode is {mode:o}",
                patient.file.display()
            ),
            format!("chmod 640 {}", patient.file.display()),
        );
    } else if held.uid() != patient.uid && held.uid() != ROOT {
        findings.attention(
            "permissions",
            format!("the configuration {} belongs to another user ({})", patient.file.display(), held.uid()),
            "give it to the user that the node runs as, or to root",
        );
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}
