//! Sockets that are bound and not served yet, so that their address can be told first.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use thiserror::Error;

/// Why an address cannot be listened at.
#[derive(Debug, Error)]
#[error("{address}: {source}")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// What the operating system says.
    pub source: io::Error,
}

/// Sockets at which connections wait.
#[derive(Debug)]
pub struct Bound {
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
}

impl Bound {
    /// Listens at these addresses and one port; a port of 0 is chosen by the operating system, the
    /// same for all. Without addresses, at the loopback ones: there `localhost` leads, whether a
    /// program takes it for the one of IPv4 or of IPv6.
    ///
    /// # Errors
    ///
    /// [`BindError`] when an address cannot be listened at; a computer without IPv6 is fine as long
    /// as nobody named an address of it.
    pub fn bind(addresses: &[IpAddr], port: u16) -> Result<Self, BindError> {
        let (named, optional) = match addresses {
            [] => (&[IpAddr::V4(Ipv4Addr::LOCALHOST)][..], Some(IpAddr::V6(Ipv6Addr::LOCALHOST))),
            addresses => (addresses, None),
        };
        let mut bound = Self { listeners: Vec::new(), addresses: Vec::new() };
        for address in named {
            bound.add(*address, bound.chosen(port))?;
        }
        if let Some(address) = optional {
            match bound.add(address, bound.chosen(port)) {
                // Somebody else's service would answer there in place of this one.
                Err(error) if error.source.kind() == io::ErrorKind::AddrInUse && port != 0 => {
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(bound)
    }

    fn add(&mut self, address: IpAddr, port: u16) -> Result<(), BindError> {
        let address = SocketAddr::new(address, port);
        let failed = |source| BindError { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        self.addresses.push(listener.local_addr().map_err(failed)?);
        self.listeners.push(listener);
        Ok(())
    }

    fn chosen(&self, port: u16) -> u16 {
        self.addresses.first().map_or(port, SocketAddr::port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.chosen(0)
    }

    /// The addresses.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where programs on this computer reach it.
    pub fn url(&self) -> String {
        let local =
            |address: &SocketAddr| address.ip().is_loopback() || address.ip().is_unspecified();
        match self.addresses.first().filter(|_| !self.addresses.iter().any(local)) {
            Some(address) => format!("http://{address}"),
            None => format!("http://localhost:{}", self.port()),
        }
    }

    /// Whether programs on other computers can reach it.
    pub fn is_exposed(&self) -> bool {
        self.addresses.iter().any(|address| !address.ip().is_loopback())
    }

    /// The sockets themselves.
    pub(super) fn into_listeners(self) -> Vec<TcpListener> {
        self.listeners
    }
}
