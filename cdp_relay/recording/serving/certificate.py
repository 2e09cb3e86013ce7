"""A throw-away certificate for all hosts that are served, and the pin by which a browser accepts only it."""

from __future__ import annotations

import base64
import hashlib
import ssl

import attrs
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = ["SiteCertificate", "issue_certificate"]


@attrs.frozen(kw_only=True)
class SiteCertificate:
    """A server context and the pin of its key."""

    context: ssl.SSLContext
    pin: str
    """Base64 of the SHA-256 of the public key's SubjectPublicKeyInfo."""


def issue_certificate(*hosts: str) -> SiteCertificate:
    """Issue a certificate; its key lives in this process alone and was never anybody's.

    Args:
      hosts: names to put on it. A browser that was told the pin takes it for every host.
    """
    leaf = trustme.CA().issue_cert(*(hosts or ("localhost",)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    parsed = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    key = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SiteCertificate(
        context=context, pin=base64.b64encode(hashlib.sha256(key).digest()).decode("ascii")
    )
