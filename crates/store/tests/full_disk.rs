//! A disk that is really full, at every page of 4 KiB.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

// By itself: a program that is started inherits the locks of all open folders for a moment, and no other test runs here.

mod life;

use std::{cell::Cell, fs, io::Write as _, path::Path, process::Command};

use store::{StorageSecret, Store, StoreError};

/// A file system in memory, let go of at the end.
struct Disk(tempfile::TempDir);

impl Disk {
    /// None where mounting is not permitted.
    fn mounted() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let how = ["-t", "tmpfs", "-o", "size=16m", "tmpfs"];
        let mounted = Command::new("mount").args(how).arg(folder.path()).output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Self(folder))
    }

    fn resize(&self, pages: usize) {
        let how = format!("remount,size={}k", pages * 4);
        assert!(Command::new("mount").args(["-o", &how]).arg(self.0.path()).status().unwrap().success());
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

#[test]
fn a_disk_that_is_full_at_any_point_loses_nothing_and_goes_on_when_there_is_room() {
    let Some(disk) = Disk::mounted() else {
        // Not by print, which the test harness keeps to itself when a test passes.
        writeln!(
            std::io::stderr(),
            "SKIPPED, a full disk was not tested: mounting one is not permitted here"
        )
        .unwrap();
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
