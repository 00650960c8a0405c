//! What a power loss takes from a disk: all that was written since it was last flushed, or some of it.
//!
//! `tests/faults/disk.c` wrote down what stood there before. Blocks of 4 KiB are lost one by one; so is a file's length,
//! until the file is flushed; so are names that were made, taken away or changed, the last of a folder first, until the
//! folder is flushed; a new file's name is there once the file is flushed, as with ext4, xfs and btrfs, since the engine
//! relies on it for the files of large values. A flush covers what was written before it began. What a flush that failed was to bring to disk is
//! lost, whatever flush comes after it, unless it was written again.
//!
//! Not modelled: tearing within a block, a rename that replaces a file through rustix (the engine's `current`; it makes
//! that system call itself), and folders that are removed, which stay removed.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    ops::Range,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

/// Where the length of a file stands among its blocks.
const LENGTH: u64 = u64::MAX;
const BLOCK: usize = 4096;

/// How much of what was not flushed is lost.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Loss {
    All,
    /// Some of it, by a seed.
    Some(u64),
}

/// How much was lost.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Lost {
    pub(crate) blocks: usize,
    pub(crate) names: usize,
}

/// A row of numbers that look like chance, the same for the same seed.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// The next number, less than this.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// What stood somewhere before: a stretch of the journal, or a length.
#[derive(Clone)]
enum Before {
    Content(Range<usize>),
    Length(u64),
}

/// A block, or a length.
#[derive(Default)]
struct Place {
    /// What stood there before each write that is not flushed, and the write's number.
    unflushed: Vec<(u64, Before)>,
    /// What the disk holds where a flush failed.
    stuck: Option<Before>,
}

/// A change of names that is not flushed.
enum Change {
    Made { path: PathBuf, inode: u64, folder: bool },
    Unlinked { path: PathBuf },
    Renamed { from: PathBuf, to: PathBuf, inode: u64 },
}

impl Change {
    fn made_file(&self, of: u64) -> bool {
        matches!(self, Self::Made { inode, folder: false, .. } if *inode == of)
    }
}

#[derive(Default)]
struct Unflushed {
    files: HashMap<u64, BTreeMap<u64, Place>>,
    folders: BTreeMap<u64, Vec<(u64, Change)>>,
}

/// Takes back what a power loss takes, and forgets what was written down.
pub(crate) fn lose(journal: &Path, loss: Loss) -> Lost {
    let content = fs::read(journal).unwrap();
    let trash = PathBuf::from(format!("{}.trash", journal.display()));
    let mut unflushed = read(&content);
    let mut chance = match loss {
        Loss::All => None,
        Loss::Some(seed) => Some(Chance(seed)),
    };
    // In this order: blocks are found by their file's name.
    let names = lose_names(std::mem::take(&mut unflushed.folders), &trash, &mut chance);
    let root = journal.parent().unwrap().with_file_name("disk");
    let mut files = HashMap::new();
    find(&root, &mut files);
    let mut blocks = 0;
    let mut inodes: Vec<_> = unflushed.files.into_iter().collect();
    inodes.sort_by_key(|(inode, _)| *inode);
    for (inode, places) in inodes {
        if let Some(path) = files.get(&inode) {
            blocks += lose_blocks(path, &places, &content, &mut chance);
        }
    }
    fs::remove_file(journal).unwrap();
    fs::remove_dir_all(trash).unwrap();
    Lost { blocks, names }
}

/// Follows the journal to its end. A record that a kill cut off is of a change that was not made.
fn read(content: &[u8]) -> Unflushed {
    let mut unflushed = Unflushed::default();
    let mut at = 0;
    while let Some(head) = content.get(at..at + 40) {
        let field = |number: usize| u64::from_ne_bytes(head[number * 8..][..8].try_into().unwrap());
        let (kind, number, inode, place) = (field(0), field(1), field(2), field(3));
        let bytes = at + 40..at + 40 + usize::try_from(field(4)).unwrap();
        at = bytes.end;
        let Some(text) = content.get(bytes.clone()) else { break };
        let path = |text: &[u8]| PathBuf::from(String::from_utf8(text.to_vec()).unwrap());
        let file = unflushed.files.entry(inode).or_default();
        let changes = unflushed.folders.entry(inode).or_default();
        match kind {
            1 => file.entry(place).or_default().unflushed.push((number, Before::Content(bytes))),
            2 => file.entry(LENGTH).or_default().unflushed.push((number, Before::Length(place))),
            3 => {
                file.values_mut().for_each(|place| place.flush(number));
                file.retain(|_, place| !place.unflushed.is_empty() || place.stuck.is_some());
                changes.retain(|(change, _)| *change > number);
                for changes in unflushed.folders.values_mut() {
                    changes.retain(|(_, change)| !change.made_file(inode));
                }
            }
            4 => file.values_mut().for_each(|place| place.fail(number)),
            5 | 6 => changes.push((number, Change::Made { path: path(text), inode: place, folder: kind == 6 })),
            7 => changes.push((number, Change::Unlinked { path: path(text) })),
            8 => {
                let middle = text.iter().position(|byte| *byte == 0).unwrap();
                let (from, to) = (path(&text[..middle]), path(&text[middle + 1..]));
                changes.push((number, Change::Renamed { from, to, inode: place }));
            }
            other => panic!("the journal has a record of kind {other} before byte {at}"),
        }
    }
    unflushed
}

impl Place {
    fn flush(&mut self, covered: u64) {
        let before = self.unflushed.len();
        self.unflushed.retain(|(number, _)| *number > covered);
        if self.unflushed.len() < before {
            self.stuck = None;
        }
    }

    fn fail(&mut self, covered: u64) {
        if let Some((_, before)) = self.unflushed.first().filter(|(number, _)| *number <= covered) {
            self.stuck.get_or_insert_with(|| before.clone());
        }
        self.unflushed.retain(|(number, _)| *number > covered);
    }
}

fn lose_blocks(path: &Path, places: &BTreeMap<u64, Place>, journal: &[u8], chance: &mut Option<Chance>) -> usize {
    let file = File::options().write(true).open(path).unwrap();
    let end = file.metadata().unwrap().len();
    let mut lost = 0;
    // The length comes last, so that what is put back does not make the file longer.
    for (at, place) in places {
        let Some(before) = place.stuck.as_ref().or(place.unflushed.first().map(|(_, before)| before)) else { continue };
        let is_lost = place.stuck.is_some() || chance.as_mut().is_none_or(|chance| chance.below(2) == 0);
        match before {
            _ if !is_lost => {}
            Before::Content(range) if *at < end => {
                let mut block = journal[range.clone()].to_vec();
                block.resize(BLOCK.min(usize::try_from(end - at).unwrap()), 0);
                file.write_all_at(&block, *at).unwrap();
                lost += 1;
            }
            Before::Content(_) => {}
            Before::Length(length) => file.set_len(*length).unwrap(),
        }
    }
    lost
}

fn lose_names(folders: BTreeMap<u64, Vec<(u64, Change)>>, trash: &Path, chance: &mut Option<Chance>) -> usize {
    let mut lost: Vec<(u64, Change)> = Vec::new();
    for mut changes in folders.into_values() {
        let kept = chance.as_mut().map_or(0, |chance| chance.below(changes.len() as u64 + 1));
        lost.extend(changes.split_off(usize::try_from(kept).unwrap()));
    }
    lost.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let inode = |path: &Path| fs::symlink_metadata(path).map_or(0, |about| about.ino());
    for (number, change) in &lost {
        let kept = trash.join(number.to_string());
        match change {
            Change::Made { path, inode: of, folder: true } if inode(path) == *of => fs::remove_dir_all(path).unwrap(),
            Change::Made { path, inode: of, folder: false } if inode(path) == *of => fs::remove_file(path).unwrap(),
            Change::Unlinked { path } if inode(path) == 0 && path.parent().unwrap().exists() => {
                fs::hard_link(kept, path).unwrap();
            }
            Change::Renamed { from, to, inode: of } if inode(to) == *of => {
                fs::rename(to, from).unwrap();
                if kept.exists() {
                    fs::hard_link(kept, to).unwrap();
                }
            }
            _ => {}
        }
    }
    lost.len()
}

/// All files below a folder by their inodes.
fn find(folder: &Path, files: &mut HashMap<u64, PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let about = fs::symlink_metadata(&path).unwrap();
        if about.is_dir() {
            find(&path, files);
        } else if about.is_file() {
            // The daemon's socket may have the inode of a file that is gone.
            files.insert(about.ino(), path);
        }
    }
}
