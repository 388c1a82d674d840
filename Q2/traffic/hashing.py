"""What the hash tables here share: how numbers are mixed, and how their functions are compiled."""

import secrets

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

# Drawn anew by each process, so that no keys can be made up that all have one hash
SEED = secrets.randbits(63) | 1
FACTOR = -0x61C8864680B583EB  # 2**64 divided by the golden ratio, odd


def compiled(signature):
    """Compile a function to machine code for one signature, kept for later runs if possible."""

    def compile_it(function):
        try:
            return njit(signature, nogil=True, cache=True)(function)
        except RuntimeError:  # no folder to write a cache to
            return njit(signature, nogil=True)(function)

    return compile_it


@intrinsic
def mixed(typing_context, number, factor):
    """The upper and the lower half of the product of two numbers of 64 bits, one xor the other."""

    def multiply(context, builder, signature, arguments):
        wide = ir.IntType(128)
        first, second = (builder.zext(value, wide) for value in arguments)
        product = builder.mul(first, second)
        upper = builder.lshr(product, wide(64))
        return builder.trunc(builder.xor(product, upper), ir.IntType(64))

    return types.int64(types.int64, types.int64), multiply
