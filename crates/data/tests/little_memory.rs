//! Files that are fine, on a machine that has no memory for them: an error that says how much is needed, and no abort. Alone
//! in its program, since the allocator is.

use std::io::Write;

use striate_base::memory::OutOfMemory;
use striate_data::idx::{IMAGES_MAGIC, open_images, read_images};
use striate_data::{DataError, IdxError, Image, ImageError, InputError};
use striate_testkit::{Memory, memory, with_room};

#[global_allocator]
static MEMORY: Memory = memory();

#[test]
fn what_there_is_no_memory_for_is_an_error() {
    let image = image::DynamicImage::new_rgb8(1000, 2000);
    for format in [image::ImageFormat::Png, image::ImageFormat::Bmp, image::ImageFormat::WebP] {
        let mut file = std::io::Cursor::new(Vec::new());
        image.write_to(&mut file, format).unwrap();
        needs(18_000_000, &image_of(file.get_ref(), 16 << 20), format);
        assert!(image_of(file.get_ref(), 64 << 20).is_ok(), "{format:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let sizes = [1000, 28, 28].map(u32::to_be_bytes).concat();
    let file = [&IMAGES_MAGIC.to_be_bytes()[..], &sizes, &[7; 784_000]].concat();
    let path = folder.path().join("images");
    std::fs::write(&path, &file).unwrap();
    let Err(DataError::Idx { problem, .. }) = with_room(&MEMORY, 400_000, || open_images(&path)) else {
        panic!("read without memory");
    };
    assert_eq!(problem, IdxError::Memory(OutOfMemory { bytes: 784_000 }));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&file).unwrap();
    let packed = gzip.finish().unwrap();
    for room in [200_000, 400_000, 700_000] {
        let result = with_room(&MEMORY, room, || read_images(&packed));
        assert_eq!(result, Err(IdxError::Memory(OutOfMemory { bytes: 784_000 })), "{room}");
    }
    assert!(with_room(&MEMORY, 4 << 20, || read_images(&packed)).is_ok());
}

fn image_of(file: &[u8], room_bytes: usize) -> Result<Image, InputError> {
    with_room(&MEMORY, room_bytes, || Image::decode("image", file))
}

fn needs(bytes: u64, result: &Result<Image, InputError>, format: image::ImageFormat) {
    let problem = match result {
        Err(InputError::Image { problem, .. }) => problem,
        other => panic!("{format:?}: {:?}", other.as_ref().map(|image| image.pixels.len())),
    };
    assert_eq!(*problem, ImageError::Memory(OutOfMemory { bytes }), "{format:?}");
}
