// Runs a network of the Sparse DNN Graph Challenge with SuiteSparse:GraphBLAS: the program that ours is measured against.
//   gcc -O2 graphblas_challenge.c -lgraphblas -o graphblas_challenge
//   graphblas_challenge FOLDER NEURONS LAYERS INPUTS BIAS THREADS lagraph|apply
// FOLDER holds the challenge's TSV files. Two ways, both of masks and semirings alone, float32 throughout:
//   lagraph  the sequence of LAGraph_dnn: product, bias by a diagonal matrix with the semiring plus-plus, select > 0, cap by a mask
//   apply    product, bias by apply, select > 0, cap by apply of min
// Prints a line "run SECONDS survivor survivor …", inputs counted from 1; the seconds are of the layers alone.
#include <GraphBLAS.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRY(call)                                                                                                                          \
    do {                                                                                                                                   \
        GrB_Info info = (call);                                                                                                            \
        if (info != GrB_SUCCESS) {                                                                                                         \
            fprintf(stderr, "%s gave %d\n", #call, (int)info);                                                                             \
            exit(1);                                                                                                                       \
        }                                                                                                                                  \
    } while (0)

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + 1e-9 * time.tv_nsec;
}

// Lines "row column value", counted from 1.
static GrB_Matrix readMatrix(const char *path, GrB_Index rows, GrB_Index columns) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    long bytes = ftell(file);
    rewind(file);
    char *text = malloc(bytes + 1);
    if (fread(text, 1, bytes, file) != (size_t)bytes) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    text[bytes] = 0;
    fclose(file);
    GrB_Index count = 0, lines = 0;
    for (long i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    GrB_Index *i = malloc(lines * sizeof *i), *j = malloc(lines * sizeof *j);
    float *values = malloc(lines * sizeof *values);
    for (char *at = text; count < lines; count++) {
        i[count] = strtoul(at, &at, 10) - 1;
        j[count] = strtoul(at, &at, 10) - 1;
        values[count] = strtof(at, &at);
        at += strcspn(at, "\n") + 1;
    }
    GrB_Matrix matrix;
    TRY(GrB_Matrix_new(&matrix, GrB_FP32, rows, columns));
    TRY(GrB_Matrix_build_FP32(matrix, i, j, values, count, GrB_PLUS_FP32));
    free(i), free(j), free(values), free(text);
    return matrix;
}

static void layerOfLagraph(GrB_Matrix y, GrB_Matrix w, GrB_Matrix bias, GrB_Matrix capped, GrB_Scalar zero, GrB_Scalar cap) {
    TRY(GrB_mxm(y, NULL, NULL, GrB_PLUS_TIMES_SEMIRING_FP32, y, w, NULL));
    TRY(GrB_mxm(y, NULL, NULL, GxB_PLUS_PLUS_FP32, y, bias, NULL));
    TRY(GrB_select(y, NULL, NULL, GrB_VALUEGT_FP32, y, zero, NULL));
    TRY(GrB_select(capped, NULL, NULL, GrB_VALUEGT_FP32, y, cap, NULL));
    GrB_Index above;
    TRY(GrB_Matrix_nvals(&above, capped));
    if (above > 0)
        TRY(GrB_Matrix_assign_FP32(y, capped, NULL, 32, GrB_ALL, 0, GrB_ALL, 0, GrB_DESC_S));
}

static void layerByApply(GrB_Matrix y, GrB_Matrix w, float bias, GrB_Scalar zero) {
    TRY(GrB_mxm(y, NULL, NULL, GrB_PLUS_TIMES_SEMIRING_FP32, y, w, NULL));
    TRY(GrB_Matrix_apply_BinaryOp2nd_FP32(y, NULL, NULL, GrB_PLUS_FP32, y, bias, NULL));
    TRY(GrB_select(y, NULL, NULL, GrB_VALUEGT_FP32, y, zero, NULL));
    TRY(GrB_Matrix_apply_BinaryOp2nd_FP32(y, NULL, NULL, GrB_MIN_FP32, y, 32, NULL));
}

int main(int argc, char **argv) {
    if (argc != 8) {
        fprintf(stderr, "usage: graphblas_challenge FOLDER NEURONS LAYERS INPUTS BIAS THREADS lagraph|apply\n");
        return 1;
    }
    int neurons = atoi(argv[2]), layers = atoi(argv[3]), inputs = atoi(argv[4]), isLagraph = strcmp(argv[7], "lagraph") == 0;
    float biasValue = strtof(argv[5], NULL);
    char path[4096];
    TRY(GrB_init(GrB_NONBLOCKING));
    TRY(GxB_set(GxB_NTHREADS, atoi(argv[6])));
    snprintf(path, sizeof path, "%s/sparse-images-%d.tsv", argv[1], neurons);
    GrB_Matrix y = readMatrix(path, inputs, neurons);
    GrB_Matrix *w = malloc(layers * sizeof *w);
    for (int layer = 0; layer < layers; layer++) {
        snprintf(path, sizeof path, "%s/neuron%d/n%d-l%d.tsv", argv[1], neurons, neurons, layer + 1);
        w[layer] = readMatrix(path, neurons, neurons);
    }
    GrB_Matrix bias, capped;
    TRY(GrB_Matrix_new(&bias, GrB_FP32, neurons, neurons));
    TRY(GrB_Matrix_new(&capped, GrB_FP32, inputs, neurons));
    for (int neuron = 0; neuron < neurons; neuron++)
        TRY(GrB_Matrix_setElement_FP32(bias, biasValue, neuron, neuron));
    TRY(GrB_Matrix_wait(bias, GrB_MATERIALIZE));
    GrB_Scalar zero, cap;
    TRY(GrB_Scalar_new(&zero, GrB_FP32));
    TRY(GrB_Scalar_setElement_FP32(zero, 0));
    TRY(GrB_Scalar_new(&cap, GrB_FP32));
    TRY(GrB_Scalar_setElement_FP32(cap, 32));

    double started = now();
    for (int layer = 0; layer < layers; layer++) {
        if (isLagraph)
            layerOfLagraph(y, w[layer], bias, capped, zero, cap);
        else
            layerByApply(y, w[layer], biasValue, zero);
    }
    TRY(GrB_Matrix_wait(y, GrB_MATERIALIZE));
    double seconds = now() - started;

    GrB_Vector sums;
    TRY(GrB_Vector_new(&sums, GrB_FP32, inputs));
    TRY(GrB_Matrix_reduce_Monoid(sums, NULL, NULL, GrB_PLUS_MONOID_FP32, y, NULL));
    GrB_Index count;
    TRY(GrB_Vector_nvals(&count, sums));
    GrB_Index *survivors = malloc(count * sizeof *survivors);
    float *values = malloc(count * sizeof *values);
    TRY(GrB_Vector_extractTuples_FP32(survivors, values, &count, sums));
    printf("run %.6f", seconds);
    for (GrB_Index index = 0; index < count; index++)
        printf(" %llu", (unsigned long long)survivors[index] + 1);
    printf("\n");
    return 0;
}
