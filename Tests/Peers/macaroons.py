"""Other people's macaroons, for the tests of ours: pymacaroons (PyPI) and libmacaroons (Debian's libmacaroons0).

Reads a request a line from standard input, writes an answer a line, both JSON:

    {"peer", "do": "mint", "root", "identifier", "location", "caveats": [...], "discharges": [...]}
        -> {"<format>": {"macaroon": text, "discharges": [text...]}, ...} for every format that the peer writes
    {"peer", "do": "verify", "root", "format", "macaroon", "discharges": [text...], "satisfied": [text...]}
        -> {"holds": bool}

A caveat is {"identifier"} or, for a third party, {"identifier", "location", "root"}. A discharge is minted like a
macaroon and bound to it. Formats: v1 and v2 (base64url), json (V2). Identifiers and caveats are text; roots are hex.
"""

import base64
import ctypes
import json
import sys


class PyMacaroons:
    def __init__(self):
        import pymacaroons
        import pymacaroons.serializers as serializers

        self.lib = pymacaroons
        self.formats = {
            "v1": (pymacaroons.MACAROON_V1, serializers.BinarySerializer()),
            "v2": (pymacaroons.MACAROON_V2, serializers.BinarySerializer()),
            "json": (pymacaroons.MACAROON_V2, serializers.JsonSerializer()),
        }

    def mint(self, request):
        return {name: self.mint_as(name, request) for name in self.formats}

    def mint_as(self, name, request):
        version, serializer = self.formats[name]
        macaroon = self.bare(request, version)
        bound = [macaroon.prepare_for_request(self.bare(each, version)) for each in request["discharges"]]
        return {
            "macaroon": macaroon.serialize(serializer),
            "discharges": [each.serialize(serializer) for each in bound],
        }

    def bare(self, request, version):
        macaroon = self.lib.Macaroon(
            location=request["location"],
            identifier=request["identifier"],
            key=bytes.fromhex(request["root"]),
            version=version,
        )
        for caveat in request["caveats"]:
            if "root" in caveat:
                macaroon.add_third_party_caveat(
                    caveat["location"], bytes.fromhex(caveat["root"]), caveat["identifier"]
                )
            else:
                macaroon.add_first_party_caveat(caveat["identifier"])
        return macaroon

    def verify(self, request):
        _, serializer = self.formats[request["format"]]
        read = [
            self.lib.Macaroon.deserialize(text, serializer)
            for text in [request["macaroon"]] + request["discharges"]
        ]
        verifier = self.lib.Verifier()
        for caveat in request["satisfied"]:
            verifier.satisfy_exact(caveat)
        try:
            return verifier.verify(read[0], bytes.fromhex(request["root"]), read[1:])
        except Exception:
            return False


class LibMacaroons:
    """As Debian builds it: V1 alone."""

    def __init__(self):
        lib = ctypes.CDLL("libmacaroons.so.0")
        self.code = ctypes.c_int()
        error = ctypes.POINTER(ctypes.c_int)
        pointer, size, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p

        def function(name, result, *arguments):
            found = getattr(lib, "macaroon_" + name)
            found.restype, found.argtypes = result, arguments
            return found

        slice_ = (text, size)
        self.create = function("create", pointer, *slice_, *slice_, *slice_, error)
        self.first_party = function("add_first_party_caveat", pointer, pointer, *slice_, error)
        self.third_party = function("add_third_party_caveat", pointer, pointer, *slice_, *slice_, *slice_, error)
        self.bind = function("prepare_for_request", pointer, pointer, pointer, error)
        self.size = function("serialize_size_hint", size, pointer)
        self.serialize = function("serialize", ctypes.c_int, pointer, text, size, error)
        self.deserialize = function("deserialize", pointer, text, error)
        self.verifier = function("verifier_create", pointer)
        self.satisfy = function("verifier_satisfy_exact", ctypes.c_int, pointer, *slice_, error)
        self.check = function(
            "verify", ctypes.c_int, pointer, pointer, *slice_, ctypes.POINTER(pointer), size, error
        )

    def sound(self, macaroon):
        if not macaroon:
            raise RuntimeError(f"libmacaroons says {self.code.value}")
        return macaroon

    def mint(self, request):
        macaroon = self.bare(request)
        bound = [
            self.sound(self.bind(macaroon, self.bare(each), self.code)) for each in request["discharges"]
        ]
        return {"v1": {"macaroon": self.write(macaroon), "discharges": [self.write(each) for each in bound]}}

    def bare(self, request):
        location, identifier = request["location"].encode(), request["identifier"].encode()
        root = bytes.fromhex(request["root"])
        macaroon = self.sound(
            self.create(location, len(location), root, len(root), identifier, len(identifier), self.code)
        )
        for caveat in request["caveats"]:
            identifier = caveat["identifier"].encode()
            if "root" in caveat:
                location, root = caveat["location"].encode(), bytes.fromhex(caveat["root"])
                macaroon = self.third_party(
                    macaroon, location, len(location), root, len(root), identifier, len(identifier), self.code
                )
            else:
                macaroon = self.first_party(macaroon, identifier, len(identifier), self.code)
            self.sound(macaroon)
        return macaroon

    def write(self, macaroon):
        size = self.size(macaroon)
        buffer = ctypes.create_string_buffer(size)
        if self.serialize(macaroon, buffer, size, self.code) != 0:
            raise RuntimeError(f"libmacaroons says {self.code.value}")
        return buffer.value.decode()

    def read(self, text):
        return self.sound(self.deserialize(text.encode(), self.code))

    def verify(self, request):
        macaroon = self.read(request["macaroon"])
        discharges = [self.read(text) for text in request["discharges"]]
        verifier = self.verifier()
        for caveat in request["satisfied"]:
            caveat = caveat.encode()
            self.satisfy(verifier, caveat, len(caveat), self.code)
        root = bytes.fromhex(request["root"])
        array = (ctypes.c_void_p * max(1, len(discharges)))(*discharges)
        return self.check(verifier, macaroon, root, len(root), array, len(discharges), self.code) == 0


def main():
    peers = {"pymacaroons": PyMacaroons(), "libmacaroons": LibMacaroons()}
    for line in sys.stdin:
        request = json.loads(line)
        peer = peers[request["peer"]]
        try:
            answer = peer.mint(request) if request["do"] == "mint" else {"holds": peer.verify(request)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
