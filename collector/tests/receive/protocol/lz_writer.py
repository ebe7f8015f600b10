"""lz-string's `compressToBase64`, written: for tests only. `receive/protocol/lz_string.py` describes the format."""

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def compress(text: str) -> bytes:
    """The base64 that lz-string makes of a text."""
    units = text.encode("utf-16-le", "surrogatepass")
    characters = [chr(int.from_bytes(units[i : i + 2], "little")) for i in range(0, len(units), 2)]
    writer = _Writer()
    word = ""
    for character in characters:
        if character not in writer.codes:
            writer.codes[character] = len(writer.codes) + 3
            writer.fresh.add(character)
        if word + character in writer.codes:
            word += character
            continue
        writer.put(word)
        writer.codes[word + character] = len(writer.codes) + 3
        word = character
    if word:
        writer.put(word)
    writer.bits(2, writer.width)
    return writer.base64()


class _Writer:
    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self.fresh: set[str] = set()
        self.width, self.room = 2, 2
        self.out: list[str] = []

    def bits(self, number: int, width: int) -> None:
        self.out.append(f"{number:0{width}b}"[::-1])

    def put(self, word: str) -> None:
        if word in self.fresh:
            wide = ord(word) >= 256
            self.bits(int(wide), self.width)
            self.bits(ord(word), 16 if wide else 8)
            self.taken()
            self.fresh.discard(word)
        else:
            self.bits(self.codes[word], self.width)
        self.taken()

    def taken(self) -> None:
        self.room -= 1
        if self.room == 0:
            self.room = 1 << self.width
            self.width += 1

    def base64(self) -> bytes:
        bits = "".join(self.out)
        bits += "0" * (-len(bits) % 6)
        return bytes(_ALPHABET[int(bits[i : i + 6], 2)] for i in range(0, len(bits), 6))
