//! The data sets that are known by name; each is an entry of [`KNOWN`].

use striate_base::near;

/// One of the four idx files of a known data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownFile {
    /// The name of the file, without `.gz`.
    pub name: &'static str,
    /// The size of the `.gz` file on the mirrors, in bytes.
    pub gz_bytes: u64,
    /// The SHA-256 of the `.gz` file.
    pub gz_sha256: &'static str,
    /// The SHA-256 of the uncompressed file.
    pub raw_sha256: &'static str,
}

/// A data set that is known by name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// The name of the data set, as it is given on the command line.
    pub name: &'static str,
    /// A description in one line.
    pub about: &'static str,
    /// The copyright holder and the terms of use.
    pub license: &'static str,
    /// The shape `[C, H, W]` of an image.
    pub shape: [usize; 3],
    /// The names of the classes, in the order of the labels.
    pub classes: &'static [&'static str],
    /// The usual mean of each channel, for pixels scaled to 0..1.
    pub mean: &'static [f32],
    /// The usual standard deviation of each channel, for pixels scaled to 0..1.
    pub std: &'static [f32],
    /// The files of training images and labels, and of test images and labels; `None` for an embedded data set.
    pub files: Option<&'static [KnownFile; 4]>,
    /// Addresses that end in a slash, to which `NAME.gz` is appended; they are tried in turn. A download is accepted only if it
    /// has the SHA-256 above.
    pub mirrors: &'static [&'static str],
    /// Folders of other programs that may contain the data set: absolute paths, or paths below `$STRIATE_DATA`.
    pub also_in: &'static [&'static str],
}

const DIGIT_NAMES: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// The names of the four idx files, as MNIST introduced them.
pub const FILE_NAMES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// Every data set that is known by name.
pub const KNOWN: &[Known] = &[
    Known {
        name: "digits",
        about: "10,000 + 2,000 handwritten digits of MNIST, inside this program",
        license: "LeCun, Cortes, Burges; CC BY-SA 3.0 as commonly stated",
        shape: [1, 28, 28],
        classes: DIGIT_NAMES,
        mean: &[0.1307],
        std: &[0.3081],
        files: None,
        mirrors: &[],
        also_in: &[],
    },
    Known {
        name: "mnist",
        about: "60,000 + 10,000 handwritten digits",
        license: "LeCun, Cortes, Burges; CC BY-SA 3.0 as commonly stated",
        shape: [1, 28, 28],
        classes: DIGIT_NAMES,
        mean: &[0.1307],
        std: &[0.3081],
        files: Some(&[
            KnownFile {
                name: FILE_NAMES[0],
                gz_bytes: 9_912_422,
                gz_sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                raw_sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            },
            KnownFile {
                name: FILE_NAMES[1],
                gz_bytes: 28_881,
                gz_sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                raw_sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            },
            KnownFile {
                name: FILE_NAMES[2],
                gz_bytes: 1_648_877,
                gz_sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                raw_sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            },
            KnownFile {
                name: FILE_NAMES[3],
                gz_bytes: 4_542,
                gz_sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                raw_sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            },
        ]),
        mirrors: &[
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ],
        also_in: &["MNIST/raw"],
    },
    Known {
        name: "fashion-mnist",
        about: "60,000 + 10,000 images of clothes, a harder drop-in replacement for MNIST",
        license: "Zalando SE; MIT",
        shape: [1, 28, 28],
        classes: &[
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ],
        mean: &[0.2860],
        std: &[0.3530],
        files: Some(&[
            KnownFile {
                name: FILE_NAMES[0],
                gz_bytes: 26_421_880,
                gz_sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                raw_sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            },
            KnownFile {
                name: FILE_NAMES[1],
                gz_bytes: 29_515,
                gz_sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                raw_sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            },
            KnownFile {
                name: FILE_NAMES[2],
                gz_bytes: 4_422_102,
                gz_sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                raw_sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            },
            KnownFile {
                name: FILE_NAMES[3],
                gz_bytes: 5_148,
                gz_sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                raw_sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            },
        ]),
        mirrors: &[
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        ],
        also_in: &["/usr/share/datasets/fashion-mnist", "FashionMNIST/raw"],
    },
];

impl Known {
    /// Finds the data set with this name.
    pub fn get(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.name == name)
    }

    /// The size of the download in bytes; 0 for an embedded data set.
    pub fn download_bytes(&self) -> u64 {
        self.files.map_or(0, |files| files.iter().map(|file| file.gz_bytes).sum())
    }

    /// Copies the names of the classes.
    pub fn class_names(&self) -> Vec<String> {
        self.classes.iter().map(|name| name.to_string()).collect()
    }
}

/// The names of all known data sets.
pub fn names() -> Vec<&'static str> {
    KNOWN.iter().map(|known| known.name).collect()
}

/// Returns the known name that is most similar to `name`, if one is similar.
pub fn nearest(name: &str) -> Option<&'static str> {
    near::nearest(name, names())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_whole() {
        for known in KNOWN {
            let channels = known.shape[0];
            assert_eq!((known.mean.len(), known.std.len()), (channels, channels), "{}", known.name);
            assert_eq!(known.classes.len(), 10);
            assert_eq!(known.files.is_none(), known.mirrors.is_empty(), "{}", known.name);
            assert!(known.mirrors.iter().all(|mirror| mirror.ends_with('/')));
            for (file, name) in known.files.into_iter().flatten().zip(FILE_NAMES) {
                assert_eq!(file.name, name);
                for hash in [file.gz_sha256, file.raw_sha256] {
                    assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
                }
            }
        }
    }
}
