"""A company's log-in on loopback: OpenID Connect with discovery, the code flow, PKCE and signed ID tokens.

`person` is who sits before the browser; `says` overrules what the ID token claims, `key` signs it.
"""

import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.loopback import Asked, Loopback, Reply

CLIENT, SECRET = "loopwright", "shared-with-the-issuer"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


PUBLISHED = new_key()


class Issuer(Loopback):
    def __init__(self) -> None:
        super().__init__(self._answer)
        self.person: dict[str, Any] = {"email": "ada@example.com", "email_verified": True}
        self.says: dict[str, Any] = {}
        self.key = PUBLISHED
        self.algorithm = "RS256"
        self._codes: dict[str, dict[str, str]] = {}

    def _answer(self, asked: Asked) -> Reply:
        path, query = urlsplit(asked.path).path, urlsplit(asked.path).query
        match path:
            case "/.well-known/openid-configuration":
                return _json(
                    {
                        "issuer": self.url,
                        "authorization_endpoint": f"{self.url}/authorize",
                        "token_endpoint": f"{self.url}/token",
                        "jwks_uri": f"{self.url}/jwks",
                    }
                )
            case "/jwks":
                public = jwt.algorithms.RSAAlgorithm.to_jwk(PUBLISHED.public_key(), as_dict=True)
                return _json({"keys": [{**public, "kid": "one", "use": "sig", "alg": "RS256"}]})
            case "/authorize":
                return self._authorize(_flat(query))
            case "/token":
                return self._token(_flat(asked.body.decode()))
        return Reply(status=404)

    def _authorize(self, wish: dict[str, str]) -> Reply:
        """Whoever sits there is logged in at once, and sent back."""
        if wish.get("client_id") != CLIENT or wish.get("code_challenge_method") != "S256":
            return Reply(status=400)
        code = secrets.token_urlsafe(16)
        self._codes[code] = wish
        back = f"{wish['redirect_uri']}?{urlencode({'code': code, 'state': wish['state']})}"
        return Reply(status=302, headers={"Location": back})

    def _token(self, form: dict[str, str]) -> Reply:
        wish = self._codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            wish is None
            or (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET)
            or form.get("redirect_uri") != wish["redirect_uri"]
            or challenge.rstrip(b"=").decode() != wish["code_challenge"]
        ):
            return _json({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "1",
            "iat": now,
            "exp": now + 300,
            "nonce": wish["nonce"],
        }
        claims |= self.person | self.says
        key = {"RS256": self.key, "HS256": SECRET * 2, "none": None}[self.algorithm]
        token = jwt.encode(claims, key, algorithm=self.algorithm, headers={"kid": "one"})
        return _json({"access_token": "unused", "token_type": "Bearer", "id_token": token})


def _json(said: dict[str, Any], status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(said).encode())


def _flat(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query).items()}
