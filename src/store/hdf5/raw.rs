//! The calls that the high-level crate lacks: raw chunks, and texts that are terminated by zero.
#![expect(unsafe_code, reason = "foreign functions")]

use std::ffi::CString;

use hdf5::{Dataset, Location, Result};
use hdf5_sys::h5::{herr_t, hsize_t};
use hdf5_sys::h5a::{H5Aclose, H5Acreate2, H5Awrite};
use hdf5_sys::h5d::{H5Dread_chunk1, H5Dwrite_chunk};
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5p::H5P_DEFAULT;
use hdf5_sys::h5s::{H5S_class_t, H5Sclose, H5Screate};
use hdf5_sys::h5t::{H5T_C_S1, H5Tclose, H5Tcopy, H5Tset_size};

unsafe extern "C" {
    // Part of HDF5 since 1.8, but not of the bindings.
    fn H5Dget_chunk_storage_size(dataset: hid_t, offset: *const hsize_t, bytes: *mut hsize_t) -> herr_t;
}

/// Stores a chunk that is encoded already. `offset` is that of its first element, `[row, column]`.
pub(super) fn write_chunk(dataset: &Dataset, offset: [u64; 2], encoded: &[u8]) -> Result<()> {
    let _lock = hdf5_sys::LOCK.lock();
    // SAFETY: the dataset is open for as long as it is borrowed and has two dimensions, as `offset` has; HDF5
    // reads `encoded.len()` bytes of `encoded`.
    let status = unsafe {
        let (bytes, data) = (encoded.len(), encoded.as_ptr().cast());
        H5Dwrite_chunk(dataset.id(), H5P_DEFAULT, 0, offset.as_ptr(), bytes, data)
    };
    hdf5::h5check(status).map(drop)
}

/// Reads a chunk as it is stored.
pub(super) fn read_chunk(dataset: &Dataset, offset: [u64; 2]) -> Result<Vec<u8>> {
    let _lock = hdf5_sys::LOCK.lock();
    let mut bytes = 0;
    // SAFETY: the dataset is open for as long as it is borrowed and has two dimensions; `bytes` takes the
    // answer.
    let status = unsafe { H5Dget_chunk_storage_size(dataset.id(), offset.as_ptr(), &raw mut bytes) };
    hdf5::h5check(status)?;
    let (mut encoded, mut filters) = (vec![0_u8; bytes as usize], 0);
    if bytes == 0 {
        return Ok(encoded);
    }
    // SAFETY: as above; HDF5 writes the stored size, which `encoded` has, and nothing can change in between
    // because the lock is held.
    let status = unsafe {
        let data = encoded.as_mut_ptr().cast();
        H5Dread_chunk1(dataset.id(), H5P_DEFAULT, offset.as_ptr(), &raw mut filters, data)
    };
    hdf5::h5check(status).map(|_| encoded)
}

/// Attaches a text of fixed length that ends with a zero byte: the only form in which readers accept the
/// attributes of dimension scales.
pub(super) fn write_terminated_text(location: &Location, name: &str, text: &str) -> Result<()> {
    let (name, text) = (c_string(name), c_string(text));
    let _lock = hdf5_sys::LOCK.lock();
    // SAFETY: `location` is open for as long as it is borrowed, both texts are zero-terminated, and the type
    // is given the length of the text with its zero. Every identifier is closed again; HDF5 reports a bad
    // one.
    unsafe {
        let text_type = H5Tcopy(*H5T_C_S1);
        H5Tset_size(text_type, text.as_bytes_with_nul().len());
        let space = H5Screate(H5S_class_t::H5S_SCALAR);
        let attribute = H5Acreate2(location.id(), name.as_ptr(), text_type, space, H5P_DEFAULT, H5P_DEFAULT);
        let written = H5Awrite(attribute, text_type, text.as_ptr().cast());
        let closed = [H5Aclose(attribute), H5Sclose(space), H5Tclose(text_type)];
        hdf5::h5check(written)?;
        closed.into_iter().try_for_each(|status| hdf5::h5check(status).map(drop))
    }
}

fn c_string(text: &str) -> CString {
    CString::new(text).expect("names in this program have no zero byte")
}
