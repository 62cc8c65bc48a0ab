//! A disk that is really full, at every page of 4 KiB.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

// By itself: a program that is started inherits the locks of all open folders for a moment, and no other test runs here.

mod life;

use std::{cell::Cell, fs, io::Write as _, path::Path, process::Command};

use store::{StorageSecret, Store, StoreError};

/// Says that a process is the child that a test started in a name space of its own, where it may mount.
const INSIDE: &str = "FULL_DISK_INSIDE";

/// Says that a run without this test is a failure: set where it is known that it can be run.
const REQUIRED: &str = "FULL_DISK_REQUIRED";

/// A file system in memory, let go of at the end.
struct Disk(tempfile::TempDir);

impl Disk {
    /// None where mounting is not permitted.
    fn mounted() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        mount("size=16m", folder.path()).then(|| Self(folder))
    }

    fn resize(&self, pages: usize) {
        assert!(mount(&format!("remount,size={}k", pages * 4), self.0.path()));
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _busy = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// Mounts by the system call alone (`-i`), with everything given, because the table of mounts in `/etc` is not for
/// everybody to read or write.
fn mount(how: &str, path: &Path) -> bool {
    let mounted = Command::new("mount").args(["-i", "-t", "tmpfs", "-o", how, "tmpfs"]).arg(path).output();
    mounted.is_ok_and(|done| done.status.success())
}

/// Runs this test once more in a user and mount name space of its own, where everybody may mount; `None` where such
/// name spaces are not permitted.
fn ran_inside() -> Option<bool> {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]);
        command
    };
    let permitted = unshare().arg("true").output().is_ok_and(|done| done.status.success());
    let mut again = unshare();
    again.arg(std::env::current_exe().unwrap()).args(["--exact", TEST, "--nocapture"]).env(INSIDE, "1");
    (permitted && std::env::var_os(INSIDE).is_none()).then(|| again.status().unwrap().success())
}

const TEST: &str = "a_disk_that_is_full_at_any_point_loses_nothing_and_goes_on_when_there_is_room";

#[test]
fn a_disk_that_is_full_at_any_point_loses_nothing_and_goes_on_when_there_is_room() {
    let Some(disk) = Disk::mounted() else {
        if let Some(succeeded) = ran_inside() {
            assert!(succeeded, "failed in a name space of its own");
            return;
        }
        let skipped = "SKIPPED, a full disk was not tested: neither mounting nor a name space of one's own is permitted";
        assert!(std::env::var_os(INSIDE).is_none() && std::env::var_os(REQUIRED).is_none(), "{skipped}");
        // Not by print, which the test harness keeps to itself when a test passes.
        writeln!(std::io::stderr(), "{skipped}").unwrap();
        return;
    };
    let (mut refused, mut furthest) = (0, 0_usize);
    for pages in 2.. {
        disk.resize(pages);
        let reached = Cell::new(0);
        let result = life::run(disk.path(), &reached);
        disk.resize(4096);
        if result.is_ok() {
            break;
        }
        let error = result.unwrap_err();
        assert!(matches!(error, StoreError::Io { .. } | StoreError::Engine { .. }), "{pages} pages: {error}");
        assert!(error.to_string().contains("check that the disk has space"), "{pages} pages: {error}");
        (refused, furthest) = (refused + 1, furthest.max(reached.get()));
        let there = life::check(disk.path(), reached.get());
        life::finish(disk.path(), there);
        fs::remove_dir_all(disk.path().join("data")).unwrap();
    }
    assert!(refused > 20 && furthest > 2, "refused {refused} times, after at most {furthest} commits");
}
