//! An authority of a test's own, and certificates that it gives servers.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// Whoever trusts it trusts the certificates that it gives.
pub struct Authority {
    /// Its own certificate, in PEM.
    pub certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes an authority that nobody knows yet, whoever else has its name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut own = CertificateParams::new(Vec::new()).unwrap();
        own.distinguished_name.push(DnType::CommonName, name);
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        own.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        Self { certificate: own.self_signed(&key).unwrap().pem(), issuer: Issuer::new(own, key) }
    }

    /// A certificate for a host, and its key, in PEM.
    #[must_use]
    pub fn certify(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &self.issuer);
        (certificate.unwrap().pem(), key.serialize_pem())
    }
}
