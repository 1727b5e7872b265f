/* Inner loops of sparse inference that SparseService does not use, beside the one that it does: is another one worth building?
 *
 *   cc -O3 -march=native benchmarks/peers/fused_layer.c -o fused_layer && ./fused_layer 1024 && ./fused_layer 4096
 *
 * A layer: y[row] = min(32, max(0, bias + sum of 32 weights times x[column])), activations [neuron][sample], random columns, 16 layers in turn.
 * Prints billions of executed connections a second (connections times samples), the best of seven rounds, on one thread. Needs AVX-512.
 */
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FAN_IN = 32, LAYERS = 16, LANES = 16, ROUNDS = 7 };

static int neurons;
static uint16_t *columns;
static float *weights;

typedef void layer_fn(const uint16_t *column, const float *weight, const void *x, void *y);

static __m512 clip(__m512 sum) { return _mm512_min_ps(_mm512_max_ps(sum, _mm512_setzero_ps()), _mm512_set1_ps(32)); }

/* float32, R registers of 16 samples: what is built. */
#define FLOAT32(R)                                                                                  \
    static void float32_##R(const uint16_t *column, const float *weight, const void *x, void *y)    \
    {                                                                                               \
        for (int row = 0; row < neurons; row++, column += FAN_IN, weight += FAN_IN) {               \
            __m512 sum[R];                                                                          \
            for (int i = 0; i < R; i++) sum[i] = _mm512_set1_ps(-0.3f);                             \
            for (int k = 0; k < FAN_IN; k++) {                                                      \
                const float *from = (const float *)x + (size_t)column[k] * LANES * R;               \
                __m512 w = _mm512_set1_ps(weight[k]);                                               \
                for (int i = 0; i < R; i++) sum[i] = _mm512_fmadd_ps(w, _mm512_load_ps(from + LANES * i), sum[i]); \
            }                                                                                       \
            for (int i = 0; i < R; i++) _mm512_store_ps((float *)y + ((size_t)row * R + i) * LANES, clip(sum[i])); \
        }                                                                                           \
    }
FLOAT32(1)
FLOAT32(2)
FLOAT32(4)

/* The upper half of a float32, rounded to nearest even. */
static __m512i upper_half(__m512 number)
{
    __m512i bits = _mm512_castps_si512(number);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    return _mm512_srli_epi32(_mm512_add_epi32(bits, _mm512_add_epi32(_mm512_set1_epi32(0x7fff), odd)), 16);
}

/* bfloat16, two samples to a word, R registers of 32 samples. The one in the upper half is used as it stands: what lies below it is less than it is rounded by. */
#define BFLOAT16(R)                                                                                 \
    static void bfloat16_##R(const uint16_t *column, const float *weight, const void *x, void *y)   \
    {                                                                                               \
        for (int row = 0; row < neurons; row++, column += FAN_IN, weight += FAN_IN) {               \
            __m512 low[R], high[R];                                                                 \
            for (int i = 0; i < R; i++) low[i] = high[i] = _mm512_set1_ps(-0.3f);                   \
            for (int k = 0; k < FAN_IN; k++) {                                                      \
                const uint32_t *from = (const uint32_t *)x + (size_t)column[k] * LANES * R;         \
                __m512 w = _mm512_set1_ps(weight[k]);                                               \
                for (int i = 0; i < R; i++) {                                                       \
                    __m512i words = _mm512_load_si512(from + LANES * i);                            \
                    low[i] = _mm512_fmadd_ps(w, _mm512_castsi512_ps(_mm512_slli_epi32(words, 16)), low[i]); \
                    high[i] = _mm512_fmadd_ps(w, _mm512_castsi512_ps(words), high[i]);              \
                }                                                                                   \
            }                                                                                       \
            for (int i = 0; i < R; i++)                                                             \
                _mm512_store_si512((uint32_t *)y + ((size_t)row * R + i) * LANES,                   \
                    _mm512_or_si512(upper_half(clip(low[i])), _mm512_slli_epi32(upper_half(clip(high[i])), 16))); \
        }                                                                                           \
    }
BFLOAT16(1)
BFLOAT16(2)
BFLOAT16(4)

/* Two rows a pass, 64 samples. SHARED: both read the first one's columns, as equal neurons do; else each its own. */
#define TWO_ROWS(NAME, SHARED)                                                                      \
    static void NAME(const uint16_t *column, const float *weight, const void *x, void *y)           \
    {                                                                                               \
        for (int row = 0; row < neurons; row += 2, column += 2 * FAN_IN, weight += 2 * FAN_IN) {    \
            __m512 one[4], two[4];                                                                  \
            for (int i = 0; i < 4; i++) one[i] = two[i] = _mm512_set1_ps(-0.3f);                    \
            for (int k = 0; k < FAN_IN; k++) {                                                      \
                const float *from = (const float *)x + (size_t)column[k] * LANES * 4;               \
                const float *other = (const float *)x + (size_t)column[SHARED ? k : FAN_IN + k] * LANES * 4; \
                __m512 w = _mm512_set1_ps(weight[k]), v = _mm512_set1_ps(weight[FAN_IN + k]);       \
                for (int i = 0; i < 4; i++) {                                                       \
                    one[i] = _mm512_fmadd_ps(w, _mm512_load_ps(from + LANES * i), one[i]);          \
                    two[i] = _mm512_fmadd_ps(v, _mm512_load_ps(other + LANES * i), two[i]);         \
                }                                                                                   \
            }                                                                                       \
            for (int i = 0; i < 4; i++) {                                                           \
                _mm512_store_ps((float *)y + ((size_t)row * 4 + i) * LANES, clip(one[i]));          \
                _mm512_store_ps((float *)y + ((size_t)(row + 1) * 4 + i) * LANES, clip(two[i]));    \
            }                                                                                       \
        }                                                                                           \
    }
TWO_ROWS(two_rows_shared, 1)
TWO_ROWS(two_rows_apart, 0)

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + 1e-9 * time.tv_nsec;
}

static void *buffer(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    return memory ? memset(memory, 0, bytes) : (perror("aligned_alloc"), exit(1), NULL);
}

static void measure(const char *name, layer_fn *layer, int samples, void *x, void *y)
{
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        int runs = 400 * 1024 / neurons;
        double started = now();
        for (int run = 0; run < runs; run++) {
            size_t first = (size_t)(run % LAYERS) * neurons * FAN_IN;
            layer(columns + first, weights + first, run % 2 ? y : x, run % 2 ? x : y);
        }
        double seconds = (now() - started) / runs;
        best = seconds < best ? seconds : best;
    }
    printf("%5d neurons  %-28s %3d samples  %6.1f\n", neurons, name, samples, 1e-9 * neurons * FAN_IN * samples / best);
}

int main(int count, char **arguments)
{
    neurons = count > 1 ? atoi(arguments[1]) : 1024;
    if (neurons < 64 || neurons > 65536 || neurons % 2) {
        fprintf(stderr, "neurons is %s; allowed: even numbers from 64 to 65536\n", arguments[1]);
        return 2;
    }
    size_t connections = (size_t)LAYERS * neurons * FAN_IN;
    columns = buffer(connections * sizeof *columns);
    weights = buffer(connections * sizeof *weights);
    for (size_t k = 0; k < connections; k++) {
        columns[k] = rand() % neurons;
        weights[k] = 1 / 16.f;
    }
    void *x = buffer((size_t)neurons * 64 * sizeof(float)), *y = buffer((size_t)neurons * 64 * sizeof(float));
    measure("float32", float32_1, 16, x, y);
    measure("float32", float32_2, 32, x, y);
    measure("float32", float32_4, 64, x, y);
    measure("bfloat16", bfloat16_1, 32, x, y);
    measure("bfloat16", bfloat16_2, 64, x, y);
    measure("bfloat16", bfloat16_4, 128, x, y);
    measure("two rows, shared inputs", two_rows_shared, 64, x, y);
    measure("two rows, inputs apart", two_rows_apart, 64, x, y);
    return 0;
}
