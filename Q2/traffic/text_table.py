"""Totals by text: a hash table in memory that keeps each text once.

Two texts are one only if all their bytes are equal; the hash only says where to look.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core.cgutils import get_or_insert_function
from numba.extending import intrinsic

from logs.kernel.memory import byte, eight_bytes
from traffic.hashing import FACTOR, SEED, compiled, mixed
from traffic.text_kernel import READ, READ_NUMBERS
from traffic.text_part import TextPart

SLOTS = 1 << 12  # at first; at most half of them are taken
# The fields of a text's record, which are in one line of the cache; its sums are from SUMS on
HASH, PLACE, SUMS = range(3)
LENGTH_BITS = 24  # of a place: where the text begins, and its length
LENGTH_MASK = (1 << LENGTH_BITS) - 1
AHEAD = 32  # rows that are looked at before their turn


class TextTable:
    """Totals by text in memory, for no more than so many texts and bytes of them."""

    def __init__(self, most_texts: int, most_bytes: int, sums: int):
        # Memory that is not touched takes no space.
        self.text = np.empty(most_bytes, np.uint8)
        self.records = np.empty((most_texts, SUMS + sums), np.int64)
        self.slots, self.count = np.full(SLOTS, -1, np.int32), 0

    def add(self, text: np.ndarray, starts: np.ndarray, ends: np.ndarray, sums: np.ndarray) -> int:
        """Add texts, given where they are, and their sums; return how many found space."""
        done = 0
        while done < len(starts):
            rows = (column[done:] for column in (starts, ends, sums))
            table = (self.text, self.records, self.slots, self.count)
            added, self.count = add_rows(text, *rows, *table, SEED)
            done += added
            if self.count * 2 < len(self.slots):
                break
            self.slots = slots_of(self.records[: self.count], 2 * len(self.slots))
        return done

    def ends(self) -> np.ndarray:
        """Where the texts end, in the order in which they came."""
        places = self.records[: self.count, PLACE]
        return (places >> LENGTH_BITS) + (places & LENGTH_MASK)

    def part(self) -> TextPart:
        """Return a copy of what is in the table."""
        ends = self.ends()
        text = self.text[: ends[-1] if self.count else 0].copy()
        return TextPart(text, ends, self.records[: self.count, SUMS:].copy())

    def clear(self) -> None:
        """Forget all texts."""
        self.count = 0
        self.slots.fill(-1)


@intrinsic
def fetch(typing_context, address):
    """Bring what is at an address from memory, without waiting for it."""

    def prefetch(context, builder, signature, arguments):
        number, place = ir.IntType(32), builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        function = get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [place, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(types.int64), prefetch


@njit(forceinline=True)
def hash_of(at, length, seed):
    """The hash of the `length` bytes at an address."""
    number = mixed(length ^ seed, FACTOR)
    place = at
    while place + 8 <= at + length:
        number = mixed(eight_bytes(place) ^ number, FACTOR ^ seed)
        place += 8
    rest = 0
    while place < at + length:
        rest = rest << 8 | byte(place)
        place += 1
    return mixed(rest ^ number, FACTOR ^ seed)


@njit(forceinline=True)
def same_text(first, second, length):
    """Whether `length` bytes at two addresses are equal."""
    place = 0
    while place + 8 <= length:
        if eight_bytes(first + place) != eight_bytes(second + place):
            return False
        place += 8
    while place < length:
        if byte(first + place) != byte(second + place):
            return False
        place += 1
    return True


READ_RECORDS = types.Array(types.int64, 2, "C", readonly=True)
TEXT, RECORDS, SLOT_NUMBERS = types.uint8[::1], types.int64[:, ::1], types.int32[::1]


@compiled(
    types.UniTuple(types.int64, 2)(
        *(READ, READ_NUMBERS, READ_NUMBERS, READ_RECORDS),
        *(TEXT, RECORDS, SLOT_NUMBERS, types.int64, types.int64),
    )
)
def add_rows(text, starts, ends, sums, known, records, slots, count, seed):
    """Add rows to a table until it, or half of its slots, is full.

    Returns the number of rows added, and that of the texts in the table. What a row will look at is
    fetched from memory while rows before it are added.
    """
    source, target = np.int64(text.ctypes.data), np.int64(known.ctypes.data)
    first_slot, first_record = np.int64(slots.ctypes.data), np.int64(records.ctypes.data)
    used = 0
    if count:
        last = records[count - 1, PLACE]
        used = (last >> LENGTH_BITS) + (last & LENGTH_MASK)
    mask = len(slots) - 1
    keys = np.empty(AHEAD, np.int64)
    for row in range(min(AHEAD, len(starts))):
        keys[row] = hash_of(source + starts[row], ends[row] - starts[row], seed)
    row = 0
    while row < len(starts):
        start, length = source + starts[row], ends[row] - starts[row]
        key = keys[row % AHEAD]
        if row + AHEAD < len(starts):
            then = row + AHEAD
            keys[row % AHEAD] = hash_of(source + starts[then], ends[then] - starts[then], seed)
            fetch(first_slot + 4 * (keys[row % AHEAD] & mask))
        place = slots[keys[(row + AHEAD // 2) % AHEAD] & mask]
        if place >= 0:
            fetch(first_record + 8 * records.shape[1] * place)
        place = slots[keys[(row + AHEAD // 4) % AHEAD] & mask]
        if place >= 0:
            fetch(target + (records[place, PLACE] >> LENGTH_BITS))
        slot = key & mask
        place = slots[slot]
        while place >= 0:
            if records[place, HASH] == key:
                known_at = records[place, PLACE]
                if known_at & LENGTH_MASK == length and same_text(
                    target + (known_at >> LENGTH_BITS), start, length
                ):
                    break
            slot = (slot + 1) & mask
            place = slots[slot]
        if place < 0:
            if count == len(records) or used + length > len(known) or 2 * count >= len(slots):
                break
            place, slots[slot] = count, count
            known[used : used + length] = text[starts[row] : ends[row]]
            records[count, HASH], records[count, PLACE] = key, used << LENGTH_BITS | length
            records[count, SUMS:] = 0
            used += length
            count += 1
        for number in range(sums.shape[1]):
            records[place, SUMS + number] += sums[row, number]
        row += 1
    # numba frees an array after the last line that names it, and their addresses do not count.
    known[:0] = text[:0]
    return row, count


@compiled(SLOT_NUMBERS(READ_RECORDS, types.int64))
def slots_of(records, size):
    """Return `size` slots, a power of two, in which these records have their places."""
    slots = np.full(size, -1, np.int32)
    for place in range(len(records)):
        slot = records[place, HASH] & (size - 1)
        while slots[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        slots[slot] = place
    return slots


def sum_of_texts(parts: list[TextPart]) -> TextPart:
    """Return the totals of several parts in one."""
    texts, size = sum(len(it.ends) for it in parts), sum(len(it.text) for it in parts)
    table = TextTable(texts, size, parts[0].sums.shape[1])
    for part in parts:
        table.add(part.text, part.starts(), part.ends, part.sums)
    return table.part()
