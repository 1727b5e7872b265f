// LaneMath.cs in OpenCL C, constant by constant: the device's own exp and tanh differ from maker to maker.

inline lanes exp_of(lanes a)
{
    a = IF_LESS(a, (lanes)(-88.0f), (lanes)(-88.0f), a);
    a = IF_LESS((lanes)(88.0f), a, (lanes)(88.0f), a);
    lanes shifted = fma(a, (lanes)(1.44269504f), (lanes)(12582912.0f));
    lanes n = shifted - (lanes)(12582912.0f);
    lanes r = fma(n, (lanes)(-0.693359375f), a);
    r = fma(n, (lanes)(2.12194440e-4f), r);

    lanes p = (lanes)(1.9875691500e-4f);
    p = fma(p, r, (lanes)(1.3981999507e-3f));
    p = fma(p, r, (lanes)(8.3334519073e-3f));
    p = fma(p, r, (lanes)(4.1665795894e-2f));
    p = fma(p, r, (lanes)(1.6666665459e-1f));
    p = fma(p, r, (lanes)(5.0000001201e-1f));
    p = fma(p, r * r, r) + (lanes)(1.0f);
    return p * AS_LANES((AS_BITS(shifted) + (bits)(127u)) << (bits)(23u));
}

inline lanes sigmoid_of(lanes a)
{
    return (lanes)(1.0f) / ((lanes)(1.0f) + exp_of((lanes)(0.0f) - a));
}

inline lanes tanh_of(lanes a)
{
    bits sign = AS_BITS(a) & (bits)(0x80000000u);
    lanes size = AS_LANES(AS_BITS(a) & (bits)(0x7FFFFFFFu));
    lanes large = (lanes)(1.0f) - ((lanes)(2.0f) / (exp_of(size + size) + (lanes)(1.0f)));

    lanes square = a * a;
    lanes p = (lanes)(-5.70498872745e-3f);
    p = fma(p, square, (lanes)(2.06390887954e-2f));
    p = fma(p, square, (lanes)(-5.37397155531e-2f));
    p = fma(p, square, (lanes)(1.33314422036e-1f));
    p = fma(p, square, (lanes)(-3.33332819422e-1f));
    lanes small = fma(p * square, a, a);
    return IF_LESS(size, (lanes)(0.625f), small, AS_LANES(AS_BITS(large) | sign));
}
