"""Tokens, passwords and the service account of one sandbox: made at its first start, kept in `keys.json`."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Keys:
    salesforce_username: str
    salesforce_password: str
    salesforce_consumer_key: str
    salesforce_consumer_secret: str
    private_key: str
    """RSA, PEM: signs Salesforce's and Google's JWT grants."""
    google_client_email: str
    google_key_id: str
    meta_token: str
    meta_app_id: str
    meta_app_secret: str
    hubspot_token: str
    mailchimp_key: str
    brevo_key: str
    marketing_cloud_client_id: str
    marketing_cloud_client_secret: str

    def public_key(self) -> str:
        """The PEM that verifies what `private_key` signed."""
        from cryptography.hazmat.primitives import serialization

        private = serialization.load_pem_private_key(self.private_key.encode(), password=None)
        return (
            private.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode()
        )


def keys(folder: Path) -> Keys:
    """The sandbox's keys; made when the folder has none, or lacks those of a platform that came later."""
    path = folder / "keys.json"
    if path.exists():
        held = json.loads(path.read_text())
        if held.keys() == Keys.__dataclass_fields__.keys():
            return Keys(**held)
        made = Keys(**asdict(_make()) | held)
    else:
        made = _make()
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(asdict(made), indent=1))
    unfinished.rename(path)
    return made


def _make() -> Keys:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return Keys(
        salesforce_username="integration@sandbox.example.com",
        salesforce_password=secrets.token_urlsafe(12),
        salesforce_consumer_key="3MVG9" + secrets.token_urlsafe(40),
        salesforce_consumer_secret=secrets.token_hex(32).upper(),
        private_key=pem,
        google_client_email="reader@cohorte-sandbox.iam.gserviceaccount.com",
        google_key_id=secrets.token_hex(20),
        meta_token="EAAB" + secrets.token_hex(40),
        meta_app_id=str(10**14 + secrets.randbelow(10**14)),
        meta_app_secret=secrets.token_hex(16),
        hubspot_token="pat-na1-" + secrets.token_hex(16),
        mailchimp_key=secrets.token_hex(16) + "-us1",
        brevo_key="xkeysib-" + secrets.token_hex(32),
        marketing_cloud_client_id=secrets.token_hex(12),
        marketing_cloud_client_secret=secrets.token_urlsafe(18),
    )
