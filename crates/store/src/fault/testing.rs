//! What a test sees of the steps, and a model of what is durable: the content of a file as it was when it was last
//! synced, under the names that its folder had when that was last synced. Everything else is lost with the power.
//! (A real disk loses less. What the engine syncs itself, its snapshots, counts as synced.)

use std::{
    cell::RefCell,
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File},
    io,
    os::{fd::AsRawFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// A folder to try things in: in memory where there is such a place, since here nothing depends on a real disk and
/// thousands of syncs take their time on one.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// How a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is not done.
    NotDone,
    /// Half of what it writes is written; a step that writes nothing is not done.
    Torn,
    /// It is done, and yet reported as failed.
    Done,
}

/// What a crash leaves at one moment.
pub(crate) struct Crash {
    /// The name of the step.
    pub(crate) what: &'static str,
    /// All that was handed to the operating system, as after a kill.
    pub(crate) killed: TempDir,
    /// What of that was durable.
    pub(crate) durable: Durable,
    /// Only what was durable, as after a loss of power.
    pub(crate) unpowered: TempDir,
}

/// Content of files and names in folders, as far as they would survive a loss of power. Folders are paths below the
/// root; files are told apart by their inodes.
#[derive(Clone, Default)]
pub(crate) struct Durable {
    root: PathBuf,
    folders: BTreeMap<PathBuf, BTreeMap<OsString, Name>>,
    contents: BTreeMap<u64, Vec<u8>>,
}

#[derive(Clone, Copy)]
enum Name {
    Folder,
    File(u64),
}

impl Durable {
    /// Everything below `root`, as it is now.
    pub(crate) fn all(root: &Path) -> Self {
        let mut durable = Self { root: root.to_owned(), ..Self::default() };
        durable.take_all(root).unwrap();
        durable
    }

    fn take_all(&mut self, folder: &Path) -> io::Result<()> {
        self.folder(folder)?;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.take_all(&path)?;
            } else {
                self.file(fs::metadata(&path)?.ino(), &path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, inode: u64, readable: &Path) -> io::Result<()> {
        self.contents.insert(inode, fs::read(readable)?);
        Ok(())
    }

    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        let Ok(below) = folder.strip_prefix(&self.root) else { return Ok(()) };
        let below = below.to_owned();
        let mut names = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            let name = entry.file_name();
            let known = if metadata.is_dir() { Name::Folder } else { Name::File(metadata.ino()) };
            if name.to_string_lossy().starts_with("snap.") {
                self.file(metadata.ino(), &entry.path())?;
            }
            names.insert(name, known);
        }
        self.folders.insert(below, names);
        Ok(())
    }

    /// Makes a folder of what is durable.
    fn materialise(&self, below: &Path, to: &Path) -> io::Result<()> {
        fs::create_dir_all(to)?;
        for (name, known) in self.folders.get(below).into_iter().flatten() {
            match known {
                Name::Folder => self.materialise(&below.join(name), &to.join(name))?,
                Name::File(inode) => {
                    fs::write(to.join(name), self.contents.get(inode).map_or(&[][..], Vec::as_slice))?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn materialised(&self) -> TempDir {
        let folder = folder();
        self.materialise(Path::new(""), folder.path()).unwrap();
        folder
    }

    /// Copies the folder as it is; what is durable of the original is durable of the copy.
    fn copied(&self) -> (TempDir, Self) {
        let copy = folder();
        let mut inodes = BTreeMap::new();
        copy_tree(&self.root, copy.path(), &mut inodes).unwrap();
        // Files that have no name any more get numbers that no file system uses.
        let mut unused = u64::MAX;
        let mut renumbered = |inode: &u64| {
            *inodes.entry(*inode).or_insert_with(|| {
                unused -= 1;
                unused
            })
        };
        let mut durable = Self { root: copy.path().to_owned(), ..Self::default() };
        durable.contents =
            self.contents.iter().map(|(inode, content)| (renumbered(inode), content.clone())).collect();
        for (folder, names) in &self.folders {
            let names = names.iter().map(|(name, known)| {
                let known = match known {
                    Name::Folder => Name::Folder,
                    Name::File(inode) => Name::File(renumbered(inode)),
                };
                (name.clone(), known)
            });
            durable.folders.insert(folder.clone(), names.collect());
        }
        (copy, durable)
    }
}

fn copy_tree(from: &Path, to: &Path, inodes: &mut BTreeMap<u64, u64>) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &to, inodes)?;
        } else {
            fs::copy(entry.path(), &to)?;
            inodes.insert(entry.metadata()?.ino(), fs::metadata(&to)?.ino());
        }
    }
    Ok(())
}

struct Watch {
    done: Vec<&'static str>,
    fails: Option<(usize, Mode)>,
    durable: Durable,
    crash: Option<Crash>,
}

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// What was seen while something was done.
pub(crate) struct Seen<T> {
    /// What came of it.
    pub(crate) result: T,
    /// The names of the steps that were begun.
    pub(crate) steps: Vec<&'static str>,
    /// What the step that failed left.
    pub(crate) crash: Option<Crash>,
    /// What was durable in the end.
    pub(crate) durable: Durable,
}

/// Does `work` while the steps of this thread are counted, and the one of number `fails` fails.
pub(crate) fn watched<T>(
    durable: Durable,
    fails: Option<(usize, Mode)>,
    work: impl FnOnce() -> T,
) -> Seen<T> {
    let watch = Watch { done: Vec::new(), fails, durable, crash: None };
    WATCH.with_borrow_mut(|held| assert!(held.replace(watch).is_none(), "watches are not nested"));
    let result = work();
    let watch = WATCH.take().expect("put there above");
    Seen { result, steps: watch.done, crash: watch.crash, durable: watch.durable }
}

fn with<T>(look: impl FnOnce(&mut Watch) -> T) -> Option<T> {
    WATCH.with_borrow_mut(|watch| watch.as_mut().map(look))
}

fn refused(what: &'static str) -> io::Error {
    with(|watch| {
        let (killed, durable) = watch.durable.copied();
        let unpowered = watch.durable.materialised();
        watch.crash = Some(Crash { what, killed, durable, unpowered });
    });
    io::Error::other("a fault that a test made")
}

/// A step, by what it does.
pub(crate) fn step<T, E: From<io::Error>>(
    what: &'static str,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let mode = with(|watch| {
        let number = watch.done.len();
        watch.done.push(what);
        watch.fails.filter(|(at, _)| *at == number).map(|(_, mode)| mode)
    });
    match mode.flatten() {
        None => work(),
        Some(Mode::NotDone | Mode::Torn) => Err(refused(what).into()),
        Some(Mode::Done) => {
            let done = work()?;
            let refused = refused(what);
            drop(done);
            Err(refused.into())
        }
    }
}

/// Whether the step that comes next is to be done by half.
pub(super) fn is_torn() -> bool {
    with(|watch| watch.fails == Some((watch.done.len(), Mode::Torn))).unwrap_or(false)
}

pub(super) fn file_synced(file: &File) -> io::Result<()> {
    // Through the descriptor: the file may have no name any more, or not be open for reading.
    let readable = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let inode = file.metadata()?.ino();
    with(|watch| if file.metadata()?.is_dir() { Ok(()) } else { watch.durable.file(inode, &readable) })
        .unwrap_or(Ok(()))
}

pub(crate) fn folder_synced(folder: &Path) -> io::Result<()> {
    with(|watch| watch.durable.folder(folder)).unwrap_or(Ok(()))
}
