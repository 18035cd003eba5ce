//! A publication taken in, a bounded piece at a time, so that reads go on meanwhile.
//!
//! Answers and marks are taken into memory. The correction index, by far the largest file, stays where it is: only
//! corrections of batched events look anything up in it, and each reads one group.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use workloads::files::DiskRead;
use workloads::{Millis, Version};

use super::names::Names;
use super::numbers::Numbers;
use super::ordered::Ordered;
use super::segments::Segments;
use super::table::{Bytes, Table};
use super::{Files, Manifest, Note, Shelf, file_path};
use crate::error::LambdaError;

/// Bytes taken in at once.
const PIECE: usize = 1 << 20;

/// Files that stay where they are: the correction index.
pub(crate) const IN_PLACE: &[&str] = &["placed", "trades"];

/// A publication on its way in.
pub(crate) struct Loading {
    shelf: Shelf,
    manifest: Manifest,
    /// Whether files that stay where they are are checked too. Once after a start will do: what is published while
    /// this process lives is as it was written.
    check: bool,
    taken: usize,
    taking: Option<Taking>,
    files: Named,
}

/// Files by their names, those of earlier publications first; with what is noted of each, if it lies on a shelf.
type Named = BTreeMap<String, Vec<(Option<Note>, Held)>>;

/// A file on its way in.
struct Taking {
    file: Box<dyn DiskRead>,
    checksum: crc32fast::Hasher,
    position: u64,
    bytes: Vec<u8>,
}

/// A file that was taken in.
enum Held {
    Memory(Vec<u8>),
    Disk(Box<dyn DiskRead>),
}

/// A whole publication.
pub(crate) struct Loaded {
    /// What it is.
    pub(crate) manifest: Manifest,
    files: Named,
    dir: PathBuf,
    /// Counts how often its tables are read, if somebody wants to know.
    reads: Option<Arc<AtomicU64>>,
}

/// Bytes of which every read is counted.
struct Watched {
    bytes: Box<dyn Bytes>,
    reads: Arc<AtomicU64>,
}

impl Loading {
    /// Begins with the publication of that number.
    pub(crate) fn begin(shelf: &Shelf, number: u64, check: bool) -> Result<Self, LambdaError> {
        let manifest = shelf.manifest(number)?;
        Ok(Loading { shelf: shelf.clone(), manifest, check, taken: 0, taking: None, files: BTreeMap::new() })
    }

    /// Which one it is.
    pub(crate) fn number(&self) -> u64 {
        self.manifest.number
    }

    /// Takes in as many bytes as one piece has, of a large file or of several small ones; true when there is no more.
    pub(crate) fn step(&mut self) -> Result<bool, LambdaError> {
        let mut left = PIECE as u64;
        while left > 0 {
            let Some(note) = self.manifest.files.get(self.taken) else { return Ok(true) };
            left = left.saturating_sub(note.bytes.max(1));
            self.piece()?;
        }
        Ok(self.taken == self.manifest.files.len())
    }

    /// Takes in a piece of the next file.
    fn piece(&mut self) -> Result<(), LambdaError> {
        let Some(note) = self.manifest.files.get(self.taken) else { return Ok(()) };
        let at = note.at.unwrap_or(self.manifest.number);
        let path = self.shelf.path(at, &note.name);
        let io = |error| LambdaError::io("reading", &path, error);
        let mut taking = match self.taking.take() {
            Some(taking) => taking,
            None => Taking::begin(self.shelf.disk.open_read(&path).map_err(io)?),
        };
        let in_place = IN_PLACE.contains(&note.name.as_str());
        let unread = in_place && !self.check;
        if !unread && taking.piece(in_place).map_err(io)? {
            self.taking = Some(taking);
            return Ok(());
        }
        if !taking.agrees(note, unread).map_err(io)? {
            let reason = "it is not what the manifest says: its length or its checksum is another";
            return Err(LambdaError::broken(&path, reason));
        }
        let held = if in_place { Held::Disk(taking.file) } else { Held::Memory(taking.bytes) };
        let known = Some(Note { at: Some(at), ..note.clone() });
        self.files.entry(note.name.clone()).or_default().push((known, held));
        self.taken += 1;
        Ok(())
    }

    /// All of it, once a step has said that there is no more.
    pub(crate) fn finish(self) -> Loaded {
        Loaded { manifest: self.manifest, files: self.files, dir: self.shelf.dir, reads: None }
    }
}

impl Taking {
    fn begin(file: Box<dyn DiskRead>) -> Self {
        Taking { file, checksum: crc32fast::Hasher::new(), position: 0, bytes: Vec::new() }
    }

    /// Takes in one piece, or with `check_only` goes over it; false at the file's end.
    fn piece(&mut self, check_only: bool) -> io::Result<bool> {
        let from = if check_only { 0 } else { self.bytes.len() };
        self.bytes.resize(from + PIECE, 0);
        let read = (*self.file).read_at(self.position, &mut self.bytes[from..])?;
        self.checksum.update(&self.bytes[from..from + read]);
        self.bytes.truncate(from + read);
        self.position += read as u64;
        Ok(read > 0)
    }

    /// Whether the file is what was noted; of one that was not read only the length is known.
    fn agrees(&self, note: &Note, unread: bool) -> io::Result<bool> {
        if unread {
            return Ok(self.file.length()? == note.bytes);
        }
        Ok(self.position == note.bytes && self.checksum.clone().finalize() == note.checksum)
    }
}

impl Loaded {
    /// A publication that nobody has written: it is nowhere but here.
    pub(crate) fn in_memory(files: Files) -> Self {
        let manifest = Manifest::of(0, "", &Version::default(), Vec::new());
        let files = files
            .into_iter()
            .map(|(name, part)| (name.to_owned(), vec![(None, Held::Memory(part.into_bytes()))]));
        Loaded { manifest, files: files.collect(), dir: PathBuf::new(), reads: None }
    }

    /// The same, with every read of its tables counted.
    pub(crate) fn watched(self, reads: &Arc<AtomicU64>) -> Self {
        Loaded { reads: Some(Arc::clone(reads)), ..self }
    }

    /// The bytes of one file.
    pub(crate) fn take(&mut self, name: &str) -> Result<Vec<u8>, LambdaError> {
        match self.held(name)? {
            Held::Memory(bytes) => Ok(bytes),
            Held::Disk(_) => {
                Err(LambdaError::broken(&self.path(name), "it is not one to be taken into memory"))
            }
        }
    }

    /// The event time up to which the batch has read, where the hand-over goes by it.
    pub(crate) fn until(&mut self) -> Result<Millis, LambdaError> {
        let bytes = self.take("until")?;
        let time = bytes.try_into().map(Millis::from_le_bytes);
        time.map_err(|_| LambdaError::broken(&self.path("until"), "it does not hold a time"))
    }

    /// One file as a table.
    pub(crate) fn table(&mut self, name: &str) -> Result<Table, LambdaError> {
        let held = self.held(name)?;
        self.opened(name, held)
    }

    /// All files of that name as one table.
    pub(crate) fn segments(&mut self, name: &str) -> Result<Segments, LambdaError> {
        let mut parts = Vec::new();
        for (note, held) in self.files.remove(name).ok_or_else(|| self.missing(name))? {
            parts.push((note, self.opened(name, held)?));
        }
        Ok(Segments::new(parts))
    }

    fn opened(&self, name: &str, held: Held) -> Result<Table, LambdaError> {
        let bytes: Box<dyn Bytes> = match held {
            Held::Memory(bytes) => Box::new(bytes),
            Held::Disk(file) => Box::new(file),
        };
        let bytes = match &self.reads {
            Some(reads) => Box::new(Watched { bytes, reads: Arc::clone(reads) }),
            None => bytes,
        };
        Table::open(bytes).map_err(|e| LambdaError::broken(&self.path(name), e.to_string()))
    }

    /// One file as rows in their order.
    pub(crate) fn ordered<const W: usize>(&mut self, name: &str) -> Result<Ordered<W>, LambdaError> {
        let bytes = self.take(name)?;
        Ordered::open(bytes).ok_or_else(|| LambdaError::broken(&self.path(name), "it ends within a row"))
    }

    /// The file of numbers, one for each name.
    pub(crate) fn numbers(&mut self, names: &Names) -> Result<Numbers, LambdaError> {
        let numbers = Numbers::open(&self.take("numbers")?, names.len());
        let reason = "it does not hold a number for each name";
        numbers.ok_or_else(|| LambdaError::broken(&self.path("numbers"), reason))
    }

    /// The file of names.
    pub(crate) fn names(&mut self) -> Result<Names, LambdaError> {
        let bytes = self.take("names")?;
        Names::open(bytes).ok_or_else(|| LambdaError::broken(&self.path("names"), "it does not hold names"))
    }

    fn held(&mut self, name: &str) -> Result<Held, LambdaError> {
        let held = self.files.remove(name).and_then(|mut held| held.pop());
        held.map(|(_, held)| held).ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &str) -> LambdaError {
        LambdaError::broken(&self.path(name), "the manifest does not list it")
    }

    fn path(&self, name: &str) -> PathBuf {
        file_path(&self.dir, self.manifest.number, name)
    }
}

impl Bytes for Watched {
    fn read_at(&self, position: u64, out: &mut [u8]) -> io::Result<()> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.bytes.read_at(position, out)
    }
}

/// On the disk.
impl Bytes for Box<dyn DiskRead> {
    fn read_at(&self, position: u64, out: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < out.len() {
            match (**self).read_at(position + filled as u64, &mut out[filled..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => filled += read,
            }
        }
        Ok(())
    }
}
