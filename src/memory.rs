//! The program's allocator: the system's, but refused memory ends the job with a message and a code.
//!
//! Rust aborts instead, which batch systems show as a crash. So no allocation fails in this program:
//! **`Vec::try_reserve` and its like never give an error**, they succeed or do not return. Code that must
//! live with little memory asks for a budget beforehand (`run.root_memory_mib`). Tests and benches of the
//! library have Rust's allocator, not this one.
#![expect(unsafe_code, reason = "an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;

use mandel_mpi::error::Status;

unsafe extern "C" {
    // Without the handlers of `exit`: MPI's would wait for the other ranks, which the launcher ends.
    safe fn _exit(code: i32) -> !;
}

/// The system's allocator. It never answers that memory is out, not even to `try_reserve`: the process ends
/// first.
pub(crate) struct Memory;

fn or_end(memory: *mut u8, bytes: usize) -> *mut u8 {
    if memory.is_null() {
        end(bytes);
    }
    memory
}

#[cold]
fn end(bytes: usize) -> ! {
    // On the stack, and written at once: nothing here may allocate.
    let mut text = [0; 160];
    let mut rest = &mut text[..];
    let advice = "use more nodes or fewer ranks on each, or a smaller run.root_memory_mib";
    let told = writeln!(rest, "mandel-mpi: error: out of memory: {bytes} more bytes were refused: {advice}");
    let length = 160 - if told.is_ok() { rest.len() } else { 0 };
    // Nothing can be done about a message that cannot be written.
    let _ = std::io::stderr().write_all(&text[..length]);
    _exit(Status::OutOfMemory.code().into())
}

// SAFETY: every call is passed on to the system's allocator as it is, and what that gives is given back,
// unless it is null: then the process ends.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        or_end(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        or_end(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        or_end(unsafe { System.realloc(memory, layout, bytes) }, bytes)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(memory, layout) }
    }
}
