"""Certificates of control planes, signed by the cluster's CA, and those that the sandbox's CA issues."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox import layout

BACKDATE = datetime.timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes

    def write(self, stem: Path) -> None:
        """Write `stem`.crt and, for its owner only, `stem`.key."""
        stem.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        stem.with_suffix(".crt").write_bytes(self.certificate)
        stem.with_suffix(".key").touch(mode=0o600)
        stem.with_suffix(".key").write_bytes(self.key)


def kubeconfig(url: str, user: str, folder: Path) -> dict[str, Any]:
    """How `user` is a client of the API server at `url`; `folder` has the keys that `Pair.write` wrote."""
    authority = {"server": url, "certificate-authority": str(folder / "ca.crt")}
    keys = {
        "client-certificate": str(folder / f"{user}.crt"),
        "client-key": str(folder / f"{user}.key"),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": authority}],
        "users": [{"name": user, "user": keys}],
        "contexts": [{"name": user, "context": {"cluster": "cluster", "user": user}}],
        "current-context": user,
    }


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def key_pair() -> tuple[bytes, bytes]:
    """A new EC key: its private and its public part, PEM (service account tokens are signed with it)."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return _pem(key), public


def _name(common_name: str, organization: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _alternative_names(hosts: Sequence[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_host(host) for host in hosts])


def new_ca(common_name: str, *, days: int = 3650) -> Pair:
    """A self-signed CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(_name(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate=certificate.public_bytes(serialization.Encoding.PEM), key=_pem(key))


def _sign(
    ca: Pair, subject: x509.Name, public_key: CertificatePublicKeyTypes, hosts: Sequence[str], days: int
) -> bytes:
    ca_certificate = x509.load_pem_x509_certificate(ca.certificate)
    ca_key = serialization.load_pem_private_key(ca.key, None)
    if not isinstance(ca_key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise TypeError(f"a CA cannot sign with a {type(ca_key).__name__}")
    now = datetime.datetime.now(datetime.UTC)
    usage = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca_certificate.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )
    if hosts:
        builder = builder.add_extension(_alternative_names(hosts), critical=False)
    return builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def issue(
    ca: Pair,
    common_name: str,
    *,
    organization: str | None = None,
    hosts: Sequence[str] = (),
    days: int = 3650,
) -> Pair:
    """A certificate of `ca` with a new EC key: for a server of these `hosts`, or, with none, for a client."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _sign(ca, _name(common_name, organization), key.public_key(), hosts, days)
    return Pair(certificate=certificate, key=_pem(key))


def signing_request(hosts: Sequence[str]) -> tuple[bytes, bytes]:
    """A new EC key and a request for a certificate of these `hosts`, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = builder.add_extension(_alternative_names(hosts), critical=False).sign(key, hashes.SHA256())
    return _pem(key), request.public_bytes(serialization.Encoding.PEM)


def sign_request(ca: Pair, request: bytes, *, days: int) -> bytes:
    """The certificate (PEM) that `ca` gives for the names in `request` (PEM)."""
    asked = x509.load_pem_x509_csr(request)
    return _sign(ca, asked.subject, asked.public_key(), names_of(asked), days)


def names_in_request(request: bytes) -> list[str]:
    """The DNS names that a request (PEM) asks for."""
    return names_of(x509.load_pem_x509_csr(request))


def names_of(holder: x509.CertificateSigningRequest | x509.Certificate) -> list[str]:
    """The DNS names that a certificate, or a request for one, is for."""
    names = holder.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return list(names.get_values_for_type(x509.DNSName))


def sandbox_ca() -> Pair:
    """The CA that stands for the world's authorities here: RUN/ca.pem, made when first asked for."""
    certificate, key = layout.RUN / "ca.pem", layout.RUN / "ca-key.pem"
    with layout.locked(certificate):
        if not (certificate.exists() and key.exists()):
            made = new_ca("Sandbox CA, trusted by nobody")
            key.touch(mode=0o600)
            key.write_bytes(made.key)
            certificate.write_bytes(made.certificate)
    return Pair(certificate=certificate.read_bytes(), key=key.read_bytes())
