// Cuts one hypergraph with Zoltan's PHG, on one process: the partitioner that ours is measured against.
//   mpicxx -O2 -I/usr/include/trilinos zoltan_cut.cpp -ltrilinos_zoltan -o zoltan_cut
//   zoltan_cut FILE
// FILE: "vertices nets parts imbalance seed", then for each vertex "weight fixedPart" (-1: free), then for each net "count pin pin ...".
// Prints a line "cut SECONDS part part ...", with the part of each vertex; Zoltan's warnings may stand around it.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mpi.h>
#include <string>
#include <vector>
#include <zoltan.h>

struct Graph {
    int vertices = 0, nets = 0, parts = 0, seed = 0;
    double imbalance = 0;
    std::vector<float> weights;
    std::vector<int> fixed, starts, pins;
};

static Graph read(const char *path) {
    FILE *file = std::fopen(path, "r");
    Graph graph;
    if (!file || std::fscanf(file, "%d %d %d %lf %d", &graph.vertices, &graph.nets, &graph.parts, &graph.imbalance, &graph.seed) != 5) {
        std::fprintf(stderr, "%s is no hypergraph\n", path);
        std::exit(1);
    }
    graph.weights.resize(graph.vertices);
    graph.fixed.resize(graph.vertices);
    for (int v = 0; v < graph.vertices; v++)
        if (std::fscanf(file, "%f %d", &graph.weights[v], &graph.fixed[v]) != 2) std::exit(1);
    graph.starts.push_back(0);
    for (int n = 0, count, pin; n < graph.nets; n++) {
        if (std::fscanf(file, "%d", &count) != 1) std::exit(1);
        for (int p = 0; p < count; p++) {
            if (std::fscanf(file, "%d", &pin) != 1) std::exit(1);
            graph.pins.push_back(pin);
        }
        graph.starts.push_back((int)graph.pins.size());
    }
    std::fclose(file);
    return graph;
}

static const Graph &of(void *data) { return *static_cast<Graph *>(data); }

static int countVertices(void *data, int *error) { *error = ZOLTAN_OK; return of(data).vertices; }

static void listVertices(void *data, int, int, ZOLTAN_ID_PTR ids, ZOLTAN_ID_PTR, int, float *weights, int *error) {
    for (int v = 0; v < of(data).vertices; v++) { ids[v] = v; weights[v] = of(data).weights[v]; }
    *error = ZOLTAN_OK;
}

static void sizeOfNets(void *data, int *lists, int *pins, int *format, int *error) {
    *lists = of(data).nets; *pins = (int)of(data).pins.size(); *format = ZOLTAN_COMPRESSED_EDGE; *error = ZOLTAN_OK;
}

static void listNets(void *data, int, int nets, int pins, int, ZOLTAN_ID_PTR ids, int *starts, ZOLTAN_ID_PTR of_nets, int *error) {
    for (int n = 0; n < nets; n++) { ids[n] = n; starts[n] = of(data).starts[n]; }
    for (int p = 0; p < pins; p++) of_nets[p] = of(data).pins[p];
    *error = ZOLTAN_OK;
}

static int countFixed(void *data, int *error) {
    int count = 0;
    for (int part : of(data).fixed) count += part >= 0;
    *error = ZOLTAN_OK;
    return count;
}

static void listFixed(void *data, int, int, ZOLTAN_ID_PTR ids, int *parts, int *error) {
    for (int v = 0, k = 0; v < of(data).vertices; v++)
        if (of(data).fixed[v] >= 0) { ids[k] = v; parts[k++] = of(data).fixed[v]; }
    *error = ZOLTAN_OK;
}

static void set(Zoltan_Struct *zoltan, const char *name, const std::string &value) { Zoltan_Set_Param(zoltan, name, value.c_str()); }

int main(int count, char **arguments) {
    MPI_Init(&count, &arguments);
    float version;
    Zoltan_Initialize(count, arguments, &version);
    Graph graph = read(count > 1 ? arguments[1] : "");
    Zoltan_Struct *zoltan = Zoltan_Create(MPI_COMM_WORLD);
    set(zoltan, "DEBUG_LEVEL", "0");
    set(zoltan, "LB_METHOD", "HYPERGRAPH");
    set(zoltan, "HYPERGRAPH_PACKAGE", "PHG");
    set(zoltan, "LB_APPROACH", "PARTITION");
    set(zoltan, "PHG_CUT_OBJECTIVE", "CONNECTIVITY");
    set(zoltan, "NUM_GLOBAL_PARTS", std::to_string(graph.parts));
    set(zoltan, "NUM_GID_ENTRIES", "1");
    set(zoltan, "NUM_LID_ENTRIES", "0");
    set(zoltan, "OBJ_WEIGHT_DIM", "1");
    set(zoltan, "EDGE_WEIGHT_DIM", "0");
    set(zoltan, "RETURN_LISTS", "PARTS");
    set(zoltan, "IMBALANCE_TOL", std::to_string(1 + graph.imbalance));
    set(zoltan, "PHG_EDGE_SIZE_THRESHOLD", "1.0"); // by default it looks past nets of more than a quarter of the vertices
    set(zoltan, "SEED", std::to_string(graph.seed));
    Zoltan_Set_Num_Obj_Fn(zoltan, countVertices, &graph);
    Zoltan_Set_Obj_List_Fn(zoltan, listVertices, &graph);
    Zoltan_Set_HG_Size_CS_Fn(zoltan, sizeOfNets, &graph);
    Zoltan_Set_HG_CS_Fn(zoltan, listNets, &graph);
    Zoltan_Set_Num_Fixed_Obj_Fn(zoltan, countFixed, &graph);
    Zoltan_Set_Fixed_Obj_List_Fn(zoltan, listFixed, &graph);

    int changed, globalEntries, localEntries, imports, exports;
    ZOLTAN_ID_PTR importIds, importLocals, exportIds, exportLocals;
    int *importRanks, *importParts, *exportRanks, *exportParts;
    auto begin = std::chrono::steady_clock::now();
    int result = Zoltan_LB_Partition(
        zoltan, &changed, &globalEntries, &localEntries, &imports, &importIds, &importLocals, &importRanks, &importParts,
        &exports, &exportIds, &exportLocals, &exportRanks, &exportParts);
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (result != ZOLTAN_OK && result != ZOLTAN_WARN) {
        std::fprintf(stderr, "Zoltan failed with %d\n", result);
        return 1;
    }

    std::vector<int> parts(graph.vertices, 0);
    for (int e = 0; e < exports; e++) parts[exportIds[e]] = exportParts[e];
    std::printf("\ncut %.6f", seconds);
    for (int part : parts) std::printf(" %d", part);
    std::printf("\n");
    Zoltan_Destroy(&zoltan);
    MPI_Finalize();
    return 0;
}
