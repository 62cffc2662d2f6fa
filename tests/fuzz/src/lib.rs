//! Edits of bytes, for fuzz targets that start from something real: what is random from its first byte on is refused at the
//! first byte, and finds nothing behind it.

use bolero::TypeGenerator;

/// One small change. Places count modulo the length, words and seeds modulo their number: every edit fits every text.
#[derive(Debug, Clone, PartialEq, Eq, TypeGenerator)]
pub enum Edit {
    /// Flips one bit.
    Flip {
        /// The byte.
        at: u16,
        /// The bit, modulo 8.
        bit: u8,
    },
    /// Puts another byte in a byte's place.
    Set {
        /// The byte.
        at: u16,
        /// What it becomes.
        byte: u8,
    },
    /// Inserts a word that means something to the reader.
    Word {
        /// Before which byte.
        at: u16,
        /// Which one.
        word: u8,
    },
    /// Leaves bytes out.
    Cut {
        /// The first one.
        at: u16,
        /// How many.
        length: u8,
    },
    /// Says bytes again, right behind themselves.
    Repeat {
        /// The first one.
        at: u16,
        /// How many.
        length: u8,
        /// How often more, modulo 64.
        times: u8,
    },
    /// Moves bytes elsewhere.
    Move {
        /// The first one.
        from: u16,
        /// How many.
        length: u8,
        /// Before which of the bytes that are left.
        to: u16,
    },
    /// Ends early.
    End {
        /// The first byte that is not there any more.
        at: u16,
    },
}

/// Up to six edits: more leave little of what was real.
#[derive(Debug, Clone, PartialEq, Eq, TypeGenerator)]
pub struct Edits {
    /// Which of the seeds, modulo their number.
    pub seed: u8,
    /// One after the other.
    #[generator(bolero::generator::produce::<Vec<Edit>>().with().len(0_usize..=6))]
    pub edits: Vec<Edit>,
}

impl Edits {
    /// The chosen seed, edited; words are taken from `words`, of which there must be one.
    #[must_use]
    pub fn of<S: AsRef<[u8]>>(&self, seeds: &[S], words: &[&str]) -> Vec<u8> {
        let seed = seeds.iter().cycle().nth(usize::from(self.seed) % seeds.len().max(1));
        let bytes = seed.map(|seed| seed.as_ref().to_vec()).unwrap_or_default();
        self.edits.iter().fold(bytes, |bytes, edit| edit.applied(bytes, words))
    }
}

impl Edit {
    /// The bytes after this edit.
    #[must_use]
    pub fn applied(&self, mut bytes: Vec<u8>, words: &[&str]) -> Vec<u8> {
        let length = bytes.len();
        let place = |at: u16| usize::from(at) % (length + 1);
        let span = |at: u16, many: u8| place(at)..(place(at) + usize::from(many)).min(length);
        match *self {
            Self::Flip { at, bit } => {
                if let Some(byte) = bytes.get_mut(place(at)) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Self::Set { at, byte } => {
                if let Some(there) = bytes.get_mut(place(at)) {
                    *there = byte;
                }
            }
            Self::Word { at, word } => {
                let word = words.iter().cycle().nth(usize::from(word) % words.len().max(1)).copied().unwrap_or_default();
                bytes.splice(place(at)..place(at), word.bytes());
            }
            Self::Cut { at, length } => drop(bytes.drain(span(at, length))),
            Self::Repeat { at, length, times } => {
                let said = bytes.get(span(at, length)).unwrap_or_default().repeat(usize::from(times % 64));
                let behind = span(at, length).end;
                bytes.splice(behind..behind, said);
            }
            Self::Move { from, length, to } => {
                let moved: Vec<u8> = bytes.drain(span(from, length)).collect();
                let to = usize::from(to) % (bytes.len() + 1);
                bytes.splice(to..to, moved);
            }
            Self::End { at } => bytes.truncate(place(at)),
        }
        bytes
    }
}

/// The files of a folder, by name, so that a run does not depend on the disk's order.
///
/// # Errors
/// When one can't be read.
pub fn corpus(folder: &str) -> std::io::Result<Vec<Vec<u8>>> {
    let mut paths = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    paths.iter().filter(|path| path.is_file()).map(std::fs::read).collect()
}
