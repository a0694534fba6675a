//! The `.proto` files that every client and registry knows without registration.
