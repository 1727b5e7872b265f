// What every kernel is made with: a register of WIDTH samples side by side, and the wide type for sums that are reported.
//
// WIDTH is 1, 4 or 16. Products and sums are rounded one by one, as the C# operations do, except where fma() is written.
#pragma OPENCL FP_CONTRACT OFF

#ifdef WIDE_IS_DOUBLE
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double wide;
#else
typedef float wide;
#endif

#ifndef WIDTH
#define WIDTH 1
#endif

#if WIDTH == 16
typedef float16 lanes;
typedef uint16 bits;
#define LOAD(from) vload16(0, from)
#define STORE(value, to) vstore16(value, 0, to)
#define AS_LANES(value) as_float16(value)
#define AS_BITS(value) as_uint16(value)
#define RAMP ((uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#elif WIDTH == 4
typedef float4 lanes;
typedef uint4 bits;
#define LOAD(from) vload4(0, from)
#define STORE(value, to) vstore4(value, 0, to)
#define AS_LANES(value) as_float4(value)
#define AS_BITS(value) as_uint4(value)
#define RAMP ((uint4)(0, 1, 2, 3))
#else
typedef float lanes;
typedef uint bits;
#define LOAD(from) (*(from))
#define STORE(value, to) (*(to) = (value))
#define AS_LANES(value) as_float(value)
#define AS_BITS(value) as_uint(value)
#define RAMP 0u
#endif

// Where a < b (never with NaN) then, elsewhere otherwise. A vector's comparison sets all bits of a lane, which is what select() looks at.
#if WIDTH == 1
#define IF_LESS(a, b, then, otherwise) ((a) < (b) ? (then) : (otherwise))
#else
#define IF_LESS(a, b, then, otherwise) select((lanes)(otherwise), (lanes)(then), (a) < (b))
#endif

// Sum over the lanes, by halves.
inline float sum_of(lanes a)
{
#if WIDTH == 16
    float8 b = a.lo + a.hi;
    float4 c = b.lo + b.hi;
    return (c.s0 + c.s2) + (c.s1 + c.s3);
#elif WIDTH == 4
    return (a.s0 + a.s2) + (a.s1 + a.s3);
#else
    return a;
#endif
}
