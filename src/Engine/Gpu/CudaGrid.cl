// Where a work-item stands, on CUDA: goes before every program that is lowered to PTX, see CudaGrid.cs.
//
// A grid of CUDA has 2^31 - 1 groups along x and 65,535 along y. Dimension 1 counts rows and connections, which may be more, wherever a
// group has several of them; such grids lie on their side: dimension 1 along x, dimension 0 along y. Groups of one row stand upright.

inline uint cuda_is_on_its_side()
{
    return (uint)__nvvm_read_ptx_sreg_ntid_y() > 1;
}

inline size_t cuda_group_id(uint dimension)
{
    return (uint)((dimension == 1) == cuda_is_on_its_side() ? __nvvm_read_ptx_sreg_ctaid_x() : __nvvm_read_ptx_sreg_ctaid_y());
}

inline size_t cuda_num_groups(uint dimension)
{
    return (uint)((dimension == 1) == cuda_is_on_its_side() ? __nvvm_read_ptx_sreg_nctaid_x() : __nvvm_read_ptx_sreg_nctaid_y());
}

#define get_group_id(dimension) cuda_group_id(dimension)
#define get_num_groups(dimension) cuda_num_groups(dimension)
#define get_global_id(dimension) (cuda_group_id(dimension) * get_local_size(dimension) + get_local_id(dimension))
#define get_global_size(dimension) (cuda_num_groups(dimension) * get_local_size(dimension))
