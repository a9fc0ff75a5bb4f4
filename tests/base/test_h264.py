"""Slices of H.264 that end too early. No encoder is at hand: pictures of one block, its pixels as they are."""

import pytest

from tasks.base.whole_files import h264


class Bits:
    """Numbers in bits, and CABAC's encoder (ITU-T H.264, 9.3.4.2) as far as a block of raw pixels needs it."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.begin()

    def begin(self) -> None:
        self.low, self.range, self.held, self.is_first = 0, 510, 0, True

    def number(self, value: int) -> None:
        """Exp-Golomb."""
        code = f"{value + 1:b}"
        self.text += "0" * (len(code) - 1) + code

    def align(self, bit: str) -> None:
        self.text += bit * (-len(self.text) % 8)

    def rare(self, width: int) -> None:
        """The less probable of two values, which takes so much of the range."""
        self.range -= width
        self.low += self.range
        self.range = width
        self.renew()

    def end(self) -> None:
        self.rare(2)
        self.put(self.low >> 9 & 1)
        self.text += f"{self.low >> 7 & 3 | 1:02b}"

    def renew(self) -> None:
        while self.range < 256:
            if 256 <= self.low < 512:
                self.low -= 256
                self.held += 1
            else:
                self.put(int(self.low >= 512))
                self.low -= 512 * (self.low >= 512)
            self.low, self.range = 2 * self.low, 2 * self.range

    def put(self, bit: int) -> None:
        if not self.is_first:
            self.text += str(bit)
        self.is_first = False
        self.text += str(1 - bit) * self.held
        self.held = 0

    def unit(self, kind: int) -> bytes:
        return bytes([kind]) + int(self.text, 2).to_bytes(len(self.text) // 8)


def units(shade: int, *, arithmetic: bool = True) -> list[bytes]:
    """A grey picture of 16 x 16: how it is coded, and its slice."""
    sets = Bits(f"{77:08b}{0:08b}{30:08b}")
    for value in (0, 0, 2, 1):
        sets.number(value)
    sets.text += "0" + "11" + "1100" + "1"  # one block by one; whole frames
    sets.align("0")
    how = Bits("11" + str(int(arithmetic)) + "0" + "111" + "000" + "111" + "100" + "1")
    how.align("0")
    slice_ = Bits()
    for value in (0, 7, 0):
        slice_.number(value)
    slice_.text += "0000" + "1" + "00" + "1"
    slice_.number(1)
    slice_.align("1")
    slice_.rare(22)  # "not of the usual kind", where nothing is to the left and above
    slice_.end()
    slice_.align("0")
    slice_.text += "".join(f"{shade + index % 7:08b}" for index in range(384))
    slice_.begin()
    slice_.end()
    slice_.align("0")
    return [sets.unit(0x67), how.unit(0x68), slice_.unit(0x65)]


def test_slices_that_end_where_they_should_are_whole() -> None:
    assert not h264.damaged([units(shade) for shade in (40, 90, 150)])
    assert not h264.damaged([]) and not h264.damaged([[b""], [b"\0"]])


@pytest.mark.parametrize("place", [0, 2])
def test_a_slice_that_ends_too_early_is_seen(place: int, capfd: pytest.CaptureFixture[str]) -> None:
    """Its decoder says nothing: the bytes behind its end are left over."""
    packets = [units(shade) for shade in (40, 90, 150, 200)]
    packets[place][2] += bytes(range(60, 100))
    assert h264.damaged(packets)
    assert capfd.readouterr() == ("", "")


def test_other_codes_and_a_silent_decoder_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not h264.damaged([units(40, arithmetic=False)])
    bad = [units(shade) for shade in (40, 90)]
    bad[1][2] += bytes(range(60, 100))
    monkeypatch.setattr(h264, "COMPLAINT", b"nothing that it says")
    assert not h264.damaged(bad)
