//! Names are looked up by the C library. A program that has it built in (`+crt-static`) keeps to `/etc/hosts` and DNS.
//!
//! What else `/etc/nsswitch.conf` names are shared objects of the machine's own C library. The one built in would load
//! them, and two libraries of different versions in one process crash.

/// Sees to it before the first name is looked up.
pub(super) fn without_modules() {
    #[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
    built_in::files_and_dns();
}

#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
#[expect(unsafe_code, reason = "no crate wraps the one function")]
mod built_in {
    use std::ffi::{c_char, c_int};
    use std::sync::Once;

    unsafe extern "C" {
        /// Of `nss.h`: what this database is made of, in place of the line in `/etc/nsswitch.conf`.
        fn __nss_configure_lookup(database: *const c_char, line: *const c_char) -> c_int;
    }

    pub(super) fn files_and_dns() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: both texts end with NUL and live on; the library takes its own lock. It fails without memory
            // only, and then leaves things as they were.
            unsafe {
                __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr());
            }
        });
    }
}
