"""Bytes at an address, one, eight or 64 at once, as numba compiles them to single instructions."""

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from logs.job import WINDOW, Job, Plan, Row

# Helpers take addresses because numba counts the references to every array that a call hands over,
# which made this loop five times as slow; they are inlined because registers full of constants
# would have to be saved around each call.

inlined = njit(forceinline=True, error_model="numpy")
called = njit(error_model="numpy")  # for what most rows do not need, which is compiled once


def pointer(builder, address, kind):
    """The address as LLVM's pointer to a value of this kind."""
    return builder.inttoptr(address, kind.as_pointer())


@intrinsic
def byte(typing_context, address):
    """The byte at an address."""

    def load(context, builder, signature, arguments):
        place = pointer(builder, *arguments, ir.IntType(8))
        return builder.zext(builder.load(place), ir.IntType(64))

    return types.int64(types.int64), load


@intrinsic
def eight_bytes(typing_context, address):
    """The eight bytes at an address."""

    def load(context, builder, signature, arguments):
        return builder.load(pointer(builder, *arguments, ir.IntType(64)), align=1)

    return types.int64(types.int64), load


def putting(bits):
    """A function that stores an integer of so many bits at an address."""

    @intrinsic
    def put(typing_context, address, value):
        def store(context, builder, signature, arguments):
            kind = ir.IntType(bits)
            value = arguments[1] if bits == 64 else builder.trunc(arguments[1], kind)
            builder.store(value, pointer(builder, arguments[0], kind))
            return context.get_dummy_value()

        return types.void(types.int64, types.int64), store

    return put


put, put_32, put_16, put_8 = putting(64), putting(32), putting(16), putting(8)


def taking(kind):
    """A function that takes a named tuple of int64 from an address."""

    @intrinsic
    def take(typing_context, address):
        values = types.NamedUniTuple(types.int64, len(kind._fields), kind)

        def load(context, builder, signature, arguments):
            place = pointer(builder, *arguments, ir.IntType(64))
            numbers = map(ir.IntType(32), range(len(kind._fields)))
            loaded = [builder.load(builder.gep(place, [number])) for number in numbers]
            return context.make_tuple(builder, values, loaded)

        return values(types.int64), load

    return take


take_job, take_plan, take_row = taking(Job), taking(Plan), taking(Row)


def comparing(sign):
    """A function that compares 64 bytes at an address with one: a bit for each, lowest first."""

    @intrinsic
    def compared(typing_context, address, value):
        def compare(context, builder, signature, arguments):
            kind = ir.VectorType(ir.IntType(8), WINDOW)
            window = builder.load(pointer(builder, arguments[0], kind), align=1)
            once = builder.trunc(arguments[1], ir.IntType(8))
            nothing = ir.Constant(kind, ir.Undefined)
            first = builder.insert_element(nothing, once, ir.IntType(32)(0))
            everywhere = ir.Constant(ir.VectorType(ir.IntType(32), WINDOW), [0] * WINDOW)
            value = builder.shuffle_vector(first, nothing, everywhere)
            return builder.bitcast(builder.icmp_unsigned(sign, window, value), ir.IntType(64))

        return types.int64(types.int64, types.int64), compare

    return compared


found, below = comparing("=="), comparing("<")  # which bytes are the wanted one, or less than it


@intrinsic
def first_bit(typing_context, bits):
    """The position of the lowest bit that is set; 64 if none is."""

    def count(context, builder, signature, arguments):
        return builder.cttz(*arguments, ir.IntType(1)(0))

    return types.int64(types.int64), count


@intrinsic
def last_bit(typing_context, bits):
    """The position of the highest bit that is set; -1 if none is."""

    def count(context, builder, signature, arguments):
        zeros = builder.ctlz(*arguments, ir.IntType(1)(0))
        return builder.sub(ir.IntType(64)(WINDOW - 1), zeros)

    return types.int64(types.int64), count


@intrinsic
def bits_set(typing_context, bits):
    """How many bits are set."""

    def count(context, builder, signature, arguments):
        return builder.ctpop(*arguments)

    return types.int64(types.int64), count
